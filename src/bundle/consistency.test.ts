// Bundles whose digests fit, and whose manifest or tables do not fit each other.

import { describe, expect, test } from "vitest";
import {
  ADDRESS_TABLE,
  BLOCKS4_TABLE,
  CONFIG,
  DIMENSION_COUNT,
  DIMENSION_SOURCE,
  EXACT6_TABLE,
  PAYLOAD_TEST,
  RULE,
  type SectionName,
} from "./abi.ts";
import {
  addressBundle,
  flowsBundle,
  hostBundle,
  manyPartBundle,
  manyRuleBundle,
  payloadBundle,
  smallBundle,
} from "./bundle-fixture.ts";
import type { Manifest } from "./manifest.generated.ts";
import { readBundle } from "./read-bundle.ts";
import { altered, refusal, relaid } from "./second-writer-fixture.ts";

const small = smallBundle();
const large = addressBundle();

/** The message begins with the part at fault, and then says what is wrong: another check's refusal will not do. */
function expectRefusal(bytes: Uint8Array, code: string, message: string) {
  const part = message.slice(0, message.indexOf(": "));
  expect(refusal(bytes)).toMatchObject({ code, part, message: expect.stringContaining(message) });
}

describe("a manifest whose digest fits", () => {
  const withRule = (m: Manifest, at: number, changed: Partial<Manifest["rules"][number]>) => ({
    ...m,
    rules: m.rules.map((rule, i) => (i === at ? { ...rule, ...changed } : rule)),
  });
  const withStep = (m: Manifest, changed: Partial<Manifest["witnesses"][number]["steps"][number]>) => ({
    ...m,
    witnesses: m.witnesses.map((w) => ({ ...w, steps: w.steps.map((step) => ({ ...step, ...changed })) })),
  });
  const cases: [string, (manifest: Manifest) => unknown, string, string][] = [
    [
      "an unknown key",
      (m) => ({ ...m, extra: 1 }),
      "bad-manifest",
      "manifest: / must NOT have additional properties",
    ],
    [
      "a missing key",
      (m) => ({ ...m, rules: undefined }),
      "bad-manifest",
      "manifest: / must have required property 'rules'",
    ],
    [
      "an unknown section",
      (m) => ({ ...m, sections: [...m.sections, { ...m.sections[0]!, name: "extra" }] }),
      "bad-manifest",
      "manifest: /sections/4/name must be equal to one of the allowed values",
    ],
    [
      "a section twice, and the memory of both",
      (m) => {
        const last = m.sections.at(-1)!;
        return {
          ...m,
          memoryBytes: m.memoryBytes + 2 * 4096,
          sections: [...m.sections, { ...last, offset: last.offset + 4096 }],
        };
      },
      "inconsistent",
      "section vectors: it is there twice",
    ],
    [
      "a rule at another index than its place",
      (m) => withRule(m, 1, { index: 2 }),
      "inconsistent",
      "manifest: rule dns/not-udp stands at 1 and says index 2",
    ],
    [
      "a rule's name twice",
      (m) => withRule(m, 2, { id: "dns/not-udp" }),
      "inconsistent",
      "manifest: rule dns/not-udp is there twice",
    ],
    [
      "a rule's stable id twice",
      (m) => withRule(m, 2, { stableId: m.rules[1]!.stableId }),
      "inconsistent",
      "manifest: rule dns/queries is there twice",
    ],
    [
      "a limit of a drop",
      (m) => withRule(m, 1, { limit: m.rules[2]!.limit }),
      "inconsistent",
      "manifest: rule dns/not-udp is a drop and its limit is given",
    ],
    [
      "a limit without its numbers",
      (m) => withRule(m, 2, { limit: null }),
      "inconsistent",
      "manifest: rule dns/queries is a limit and its limit is missing",
    ],
    [
      "a rule of an unknown backend",
      (m) => withRule(m, 2, { backend: "web" }),
      "inconsistent",
      "manifest: rule dns/queries names an unknown backend web",
    ],
    [
      "a witness whose packet an unknown rule decides",
      (m) => withStep(m, { rule: "dns/nothing" }),
      "inconsistent",
      "manifest: witness dns/not-udp names an unknown rule dns/nothing",
    ],
    [
      "a witness whose packet is no base64",
      (m) => withStep(m, { packet: "A".repeat(81) }),
      "inconsistent",
      "manifest: witness dns/not-udp: a packet is not base64",
    ],
    [
      "a witness after the end of time",
      (m) => withStep(m, { atNs: String(2n ** 64n) }),
      "inconsistent",
      "manifest: witness dns/not-udp: 18446744073709551616 ns is no u64",
    ],
    [
      "a section twice",
      (m) => {
        const last = m.sections.at(-1)!;
        return { ...m, sections: [...m.sections, { ...last, offset: last.offset + 4096 }] };
      },
      "inconsistent",
      "manifest: memoryBytes is 32768; the sections take 40960",
    ],
    [
      "sections out of order",
      (m) => {
        const [config, rules, ...rest] = m.sections;
        const swapped = { ...rules!, offset: config!.offset };
        return { ...m, sections: [swapped, { ...config!, offset: rules!.offset }, ...rest] };
      },
      "inconsistent",
      "section config: it stands out of order",
    ],
    [
      "a section off its page",
      (m) => ({ ...m, sections: m.sections.map((s, i) => (i === 1 ? { ...s, offset: s.offset + 64 } : s)) }),
      "inconsistent",
      "section rules: it begins at byte 8256; the page after what stands before it is 8192",
    ],
    [
      "a gap before a section",
      (m) => ({ ...m, sections: m.sections.map((s, i) => (i >= 1 ? { ...s, offset: s.offset + 4096 } : s)) }),
      "inconsistent",
      "section rules: it begins at byte 12288; the page after what stands before it is 8192",
    ],
    [
      "another entry size",
      (m) => ({
        ...m,
        sections: m.sections.map((s) => (s.name === "rules" ? { ...s, entryBytes: 32, entries: 6 } : s)),
      }),
      "inconsistent",
      "section rules: an entry has 32 bytes; the program's has 64",
    ],
    [
      "entries that are not its length",
      (m) => ({ ...m, sections: m.sections.map((s) => (s.name === "rules" ? { ...s, entries: 2 } : s)) }),
      "inconsistent",
      "section rules: 2 entries of 64 bytes are not 192 bytes",
    ],
    [
      "one rule less",
      (m) => ({ ...m, witnesses: [], rules: m.rules.slice(0, 2) }),
      "inconsistent",
      "section config: ruleCount is 3; it must be 2",
    ],
    [
      "other memory",
      (m) => ({ ...m, memoryBytes: 1 }),
      "inconsistent",
      "manifest: memoryBytes is 1; the sections take 32768",
    ],
    [
      "another ABI version",
      (m) => ({ ...m, abiVersion: 1 }),
      "inconsistent",
      "manifest: abiVersion is 1; the header says 2",
    ],
    [
      "a witness of an unknown rule",
      (m) => ({ ...m, witnesses: m.witnesses.map((w) => ({ ...w, rule: "dns/nothing" })) }),
      "inconsistent",
      "manifest: witness dns/not-udp names an unknown rule dns/nothing",
    ],
    [
      "a witness of 13 bytes",
      (m) => ({
        ...m,
        witnesses: m.witnesses.map((w) => ({
          ...w,
          steps: w.steps.map((s) => ({ ...s, packet: Buffer.alloc(13).toString("base64") })),
        })),
      }),
      "inconsistent",
      "manifest: witness dns/not-udp: a packet has less than 14 bytes, which no test-run takes",
    ],
  ];
  test.each(cases)("and which has %s is refused", (_, change, code, message) => {
    const bytes = altered(small, (manifest) => change(manifest) as Manifest);
    expectRefusal(bytes, code, message);
  });

  test("and which has a witness at the end of time, of 14 bytes, is taken", () => {
    const packet = Buffer.alloc(14).toString("base64");
    const last = String(2n ** 64n - 1n);
    const bytes = altered(small, (m) => withStep(m, { atNs: last, packet }));
    expect(readBundle(bytes).manifest.witnesses[0]!.steps[0]).toMatchObject({ atNs: last, packet });
  });

  test("and which has 65 management flows is refused, and one with 64 is taken", () => {
    expect(readBundle(flowsBundle(64)).manifest.rules).toHaveLength(64);
    expect(() => flowsBundle(65)).toThrow("manifest: 65 management flows; 64 at most"); // the writer asks the reader
  });
});

describe("tables whose digests fit", () => {
  type Change = (image: (name: SectionName) => DataView) => void;
  const changed = (bytes: Uint8Array, change: Change) =>
    altered(bytes, (_manifest, image) => {
      change(image);
      return undefined;
    });
  const set32 =
    (name: SectionName, offset: number, value: number): Change =>
    (image) =>
      image(name).setUint32(offset, value, true);
  const set16 =
    (name: SectionName, offset: number, value: number): Change =>
    (image) =>
      image(name).setUint16(offset, value, true);
  const set8 =
    (name: SectionName, offset: number, value: number): Change =>
    (image) =>
      image(name).setUint8(offset, value);
  const chunk = 0xc633; // 198.51.0.0/16
  const ADDRESS6 = CONFIG.address + ADDRESS_TABLE.bytes;
  const NETS6 = ADDRESS6 + ADDRESS_TABLE.nets;
  const BLOCKS = CONFIG.address + ADDRESS_TABLE.hosts;
  const cases: [string, Change, string][] = [
    [
      "config of another ABI",
      set32("config", CONFIG.abiVersion, 1),
      "section config: abiVersion is 1; it must be 2",
    ],
    [
      "one rule more than lines",
      set32("config", CONFIG.ruleCount, 5),
      "section config: ruleCount is 5; it must be 4",
    ],
    ["another stride", set32("config", CONFIG.rowStride, 2), "section config: rowStride is 2; it must be 1"],
    ["a reserved number", set32("config", CONFIG.reserved, 1), "section config: reserved is 1; it must be 0"],
    [
      "a default verdict that is neither",
      set32("config", CONFIG.defaultVerdict, 2),
      "section config: defaultVerdict is 2; it must be 1",
    ],
    [
      "the other default verdict",
      set32("config", CONFIG.defaultVerdict, 0),
      "section config: defaultVerdict is 0; it must be 1",
    ],
    [
      "an unknown dimension",
      set32("config", CONFIG.dimensionMask, 1 << DIMENSION_COUNT),
      "section config: dimensionMask is 65536; it must be 0",
    ],
    [
      "a dimension without its table",
      set32("config", CONFIG.dimensionMask, (1 << DIMENSION_SOURCE) | 3),
      "section fields: field 1 ends at entry 65537 of 288",
    ],
    [
      "a reason that is no parse class",
      set32("config", CONFIG.passReasons, 1),
      "section config: passReasons is 1; it must be 0",
    ],
    [
      "another management mask",
      set32("config", CONFIG.managementMask, 3),
      "section config: managementMask is 3; it must be 1",
    ],
    [
      "a payload test that nothing asks for",
      set32("config", CONFIG.payloadTestCount, 1),
      "section config: payload test 0 asks for 0 bytes at 0",
    ],
    [
      "a payload test and no such dimension",
      (image) => {
        image("config").setUint32(CONFIG.payloadTestCount, 1, true);
        image("config").setBigUint64(CONFIG.payloadTests + PAYLOAD_TEST.mask, 0xffn << 56n, true);
        image("config").setUint32(CONFIG.payloadTests + PAYLOAD_TEST.bytesCount, 1, true);
      },
      "section config: 1 payload tests, and a mask that says otherwise",
    ],
    [
      "a place for a field that is not looked up",
      set32("config", CONFIG.fieldBase + 4 * 5, 32),
      "section config: dimension 5 is not in the mask and has a table",
    ],
    [
      "rows of a field that is not looked up",
      set32("config", CONFIG.rowBase + 4 * 5, 1),
      "section config: dimension 5 is not in the mask and has a table",
    ],
    [
      "a class of addresses that are not looked up",
      set32("config", CONFIG.address + 3 * ADDRESS_TABLE.bytes + ADDRESS_TABLE.uniformClass, 1),
      "section config: dimension 15 is not in the mask and has a table",
    ],
    [
      "a payload test that is not counted",
      set8("config", CONFIG.payloadTests, 1),
      "section config: payload test 0 is not counted",
    ],
    ["no limits", set32("config", CONFIG.limitCount, 0), "section config: limitCount is 0; it must be 1"],
    [
      "a field that begins inside a line",
      set32("config", CONFIG.fieldBase, 1),
      "section config: field_base[0] is 1, not a multiple of 32",
    ],
    [
      "a field beyond its section",
      set32("config", CONFIG.fieldBase, 320),
      "section fields: field 0 ends at entry 577 of 288",
    ],
    [
      "rows beyond their section",
      set32("config", CONFIG.rowBase + 4 * DIMENSION_SOURCE, 63),
      "section vectors: dimension 14 has 2 classes and too few rows",
    ],
    [
      "rows of which the last is beyond their section",
      set32("config", CONFIG.rowBase + 4 * DIMENSION_SOURCE, 7),
      "section vectors: dimension 14 has 2 classes and too few rows",
    ],
    [
      "a class without a row",
      (image) => image("fields").setUint16(0, 60, true),
      "section vectors: dimension 0 has 61 classes and too few rows",
    ],
    [
      "a row that names a fifth rule",
      set8("vectors", 0, 0x10),
      "section vectors: dimension 0, class 0 names a rule beyond the last",
    ],
    [
      "a row that names a 33rd rule",
      set8("vectors", 4, 1),
      "section vectors: dimension 0, class 0 names a rule beyond the last",
    ],
    [
      "a rule with another id",
      set8("rules", RULE.id, 0),
      "section rules: line 0 (management/ssh): its id is not the manifest's",
    ],
    [
      "an unknown action",
      set8("rules", RULE.action, 3),
      "section rules: line 0 (management/ssh): action is 3, not 0",
    ],
    [
      "a drop that the manifest calls a pass",
      set8("rules", RULE.action, 1),
      "section rules: line 0 (management/ssh): action is 1, not 0",
    ],
    [
      "an unknown key",
      set8("rules", 3 * 64 + RULE.limitKey, 5),
      "section rules: line 3 (dns/queries): limit_key is 5, not 1",
    ],
    [
      "a prefix of 33 bits",
      set8("rules", 3 * 64 + RULE.limitPrefix4, 33),
      "section rules: line 3 (dns/queries): limit_prefix4 is 33, not 32",
    ],
    [
      "a backend that is not there",
      set8("rules", RULE.backend, 2),
      "section rules: line 0 (management/ssh): backend is 2, not 0",
    ],
    [
      "a limit without a rate",
      (image) => image("rules").setBigUint64(3 * 64 + 16, 0n, true),
      "section rules: line 3 (dns/queries): a limit without id or rate",
    ],
    [
      "a limit without an id",
      (image) => image("rules").setBigUint64(3 * 64 + RULE.limitId, 0n, true),
      "section rules: line 3 (dns/queries): a limit without id or rate",
    ],
    [
      "a block that the manifest does not have",
      set8("rules", RULE.blockNs, 1),
      "section rules: line 0 (management/ssh): its block is not the manifest's",
    ],
    [
      "reserved bytes",
      set8("rules", RULE.reserved + 15, 1),
      "section rules: line 0 (management/ssh): reserved bytes are not zero",
    ],
    [
      "a table that is said to be one class",
      set32("config", CONFIG.address, 0),
      "section source4_root: nothing uses it",
    ],
    [
      "a table, and one class",
      set32("config", CONFIG.address + ADDRESS_TABLE.uniformClass, 1),
      "section config: address[source][4] is neither a table nor one class",
    ],
    [
      "blocks that are not there",
      set32("config", BLOCKS + BLOCKS4_TABLE.regions, 1024),
      "section source4_blocks: it is missing",
    ],
    [
      "blocks in too few regions",
      set32("config", BLOCKS + BLOCKS4_TABLE.regions, 1023),
      "section config: source4_blocks: 1023 regions do not tell addresses apart",
    ],
    [
      "blocks in too many regions",
      set32("config", BLOCKS + BLOCKS4_TABLE.regions, 2 ** 21 + 1),
      "section config: source4_blocks: 2097153 regions do not tell addresses apart",
    ],
    [
      "a size of no blocks",
      set32("config", BLOCKS + BLOCKS4_TABLE.small, 1),
      "section config: source4_blocks: there is no table, and something is said of it",
    ],
    [
      "classes in labels of no blocks",
      set32("config", BLOCKS + BLOCKS4_TABLE.classMask, 1),
      "section config: source4_blocks: there is no table, and something is said of it",
    ],
    [
      "nets of IPv4",
      set32("config", CONFIG.address + ADDRESS_TABLE.nets, 1),
      "section config: address[source][4] has reserved bytes that are not zero",
    ],
    [
      "a class of no blocks",
      set32("config", BLOCKS + BLOCKS4_TABLE.classIndex, 1),
      "section config: source4_blocks: there is no table, and something is said of it",
    ],
    [
      "a chunk beyond the ranges",
      set32("source4_root", 4 * chunk, (1 << 12) | 1),
      "section source4_ranges: chunk 50739 ends beyond line 1",
    ],
    [
      "a chunk of more lines than there are",
      set32("source4_root", 4 * chunk, 17),
      "section source4_ranges: chunk 50739 ends beyond line 1",
    ],
    [
      "a chunk of an unknown kind",
      set32("source4_root", 4 * chunk, 9),
      "section source4_root: chunk 50739 has no ranges of kind 9",
    ],
    [
      "a chunk that begins in the middle",
      set32("source4_root", 4 * chunk, 2),
      "section source4_ranges: chunk 50739 is not in order from its first address",
    ],
    [
      "a chunk of a class without a row",
      set32("source4_root", 4, 99 << 12),
      "section vectors: dimension 14 has 100 classes and too few rows",
    ],
    [
      "a chunk of a class of 17 bits",
      set32("source4_root", 4, 1 << 28),
      "section source4_root: chunk 1 has class 65536",
    ],
    [
      "a chunk of more lines than it has addresses for",
      set32("source4_root", 4 * chunk, 16 + 2080),
      "section source4_root: chunk 50739 has no ranges of kind 2096",
    ],
    [
      "a direct chunk beyond the ranges",
      set32("source4_root", 4 * chunk, (1 << 12) | (4080 + 15)),
      "section source4_ranges: chunk 50739 ends beyond line 1",
    ],
    [
      "an IPv4 range whose first address is not the chunk's",
      set16("source4_ranges", 0, 0xffff),
      "section source4_ranges: chunk 49152 is not in order from its first address",
    ],
    [
      "two IPv4 ranges from one address on",
      (image) => image("source4_ranges").setUint16(4, image("source4_ranges").getUint16(2, true), true),
      "section source4_ranges: chunk 49152 is not in order from its first address",
    ],
    [
      "a second IPv4 range of a class without a row",
      set16("source4_ranges", 34, 99),
      "section vectors: dimension 14 has 100 classes and too few rows",
    ],
    [
      "IPv4 ranges out of order",
      set32("source4_ranges", 4, 0xfdff),
      "section source4_ranges: chunk 49152 is not in order from its first address",
    ],
    [
      "an IPv4 range of a class without a row",
      set32("source4_ranges", 32, 99),
      "section vectors: dimension 14 has 100 classes and too few rows",
    ],
    [
      "one class, and IPv6 nets",
      (image) => {
        image("config").setUint32(ADDRESS6 + ADDRESS_TABLE.present, 0, true);
        image("config").setUint32(NETS6 + EXACT6_TABLE.buckets, 256, true);
      },
      "section config: address[source][6] is one class and has tables",
    ],
    [
      "reserved bytes of an IPv6 range",
      set32("source6_ranges", 32 + 28, 1),
      "section source6_ranges: range 1: reserved bytes are not zero",
    ],
    [
      "an IPv6 range of a class of 17 bits",
      set32("source6_ranges", 32 + 16, 1 << 16),
      "section source6_ranges: range 1 has class 65536",
    ],
    [
      "a chunk of another class",
      set32("source6_root", 4 * 0x2002, 1 << 5),
      "section source6_root: chunk 8194 is not all of class 1",
    ],
    [
      "a chunk of an IPv6 class of 17 bits",
      set32("source6_root", 4, 1 << 21),
      "section source6_root: chunk 1 has class 65536",
    ],
    [
      "an IPv6 chunk of more ranges than there are",
      set32("source6_root", 4 * 0x2001, (3 << 5) | 2),
      "section source6_ranges: chunk 8193 has more ranges than there are, or than the program looks through",
    ],
    [
      "an IPv6 chunk of too many halvings",
      set32("source6_root", 4 * 0x2001, 21),
      "section source6_ranges: chunk 8193 has more ranges than there are, or than the program looks through",
    ],
    [
      "an IPv6 chunk without its first range",
      set32("source6_root", 4 * 0x2001, (1 << 5) | 2),
      "section source6_root: chunk 8193 has ranges 1 to 4, not 0 to 2",
    ],
    [
      "an IPv6 chunk without its last range",
      set32("source6_root", 4 * 0x2001, 1),
      "section source6_root: chunk 8193 has ranges 0 to 1, not 0 to 2",
    ],
    [
      "IPv6 ranges that no chunk has",
      set32("source6_root", 4 * 0x2001, 0),
      "section source6_ranges: nothing uses it",
    ],
    [
      "IPv6 nets that have a key and no buckets",
      set32("config", NETS6 + EXACT6_TABLE.keyShift, 31),
      "section config: source6_nets: there is no table, and it has pilots",
    ],
    [
      "no root, and no exact table",
      set32("config", ADDRESS6 + ADDRESS_TABLE.present, 3),
      "section config: address[source][6] is neither a table nor one class",
    ],
    [
      "IPv6 ranges out of order",
      set32("source6_ranges", 64 + 4, 0x20010000),
      "section source6_ranges: range 2 is not in order",
    ],
    [
      "IPv6 ranges that begin late",
      set32("source6_ranges", 8, 1),
      "section source6_ranges: range 0 does not begin at the first address",
    ],
    [
      "an IPv6 range of another chunk",
      set32("source6_ranges", 32 + 4, 0x20000db8),
      "section source6_root: chunk 8192 is not all of class 0",
    ],
    [
      "an IPv6 range with a class without a row",
      set32("source6_ranges", 32 + 16, 99),
      "section vectors: dimension 14 has 100 classes and too few rows",
    ],
  ];
  test.each(cases)("and which have %s are refused", (_, change, message) => {
    expectRefusal(changed(large, change), "inconsistent", message);
  });

  test.each([
    ["drops", { action: "drop" as const }, RULE.action, 1],
    ["is in shadow", { shadow: true }, RULE.shadow, 1],
  ])(
    "and which have a management flow that %s, as the manifest says, are refused",
    (_, changed, at, byte) => {
      const bytes = altered(large, (manifest, image) => {
        set8("rules", at, byte)(image);
        return { ...manifest, rules: manifest.rules.with(0, { ...manifest.rules[0]!, ...changed }) };
      });
      const message = "section rules: line 0 (management/ssh): a management flow that does not pass";
      expectRefusal(bytes, "inconsistent", message);
    },
  );

  test("and which have a rule of id 0, as the manifest says, are refused", () => {
    const bytes = altered(large, (manifest, image) => {
      image("rules").setBigUint64(64 + RULE.id, 0n, true);
      const stableId = "0".repeat(16);
      return { ...manifest, rules: manifest.rules.with(1, { ...manifest.rules[1]!, stableId }) };
    });
    const message = "section rules: line 1 (edge/bogons): its id is not the manifest's";
    expectRefusal(bytes, "inconsistent", message);
  });

  test.each([
    ["one class of a family", hostBundle, ADDRESS6],
    ["one class of what no slot has", () => manyPartBundle("edge", 20_000), CONFIG.address],
  ])("and which have %s without a row are refused", (_, bundle, table) => {
    const bytes = changed(bundle(), (image) => {
      expect(image("config").getUint32(table + ADDRESS_TABLE.present, true)).not.toBe(1);
      set32("config", table + ADDRESS_TABLE.uniformClass, 99)(image);
    });
    expectRefusal(bytes, "inconsistent", "section vectors: dimension 14 has 100 classes and too few rows");
  });

  const payload = payloadBundle();
  const WRONG_MASK = "has a mask or value that can not be";
  const TEST = CONFIG.payloadTests;
  const payloadCases: [string, Change, string][] = [
    ["no bytes", set32("config", TEST + PAYLOAD_TEST.bytesCount, 0), "asks for 0 bytes at 4"],
    ["nine bytes", set32("config", TEST + PAYLOAD_TEST.bytesCount, 9), "asks for 9 bytes at 4"],
    ["an offset of 2,041", set32("config", TEST + PAYLOAD_TEST.offset, 2041), "asks for 2 bytes at 2041"],
    [
      "an empty mask",
      (image) => {
        image("config").setBigUint64(TEST + PAYLOAD_TEST.mask, 0n, true);
        image("config").setBigUint64(TEST + PAYLOAD_TEST.value, 0n, true);
      },
      WRONG_MASK,
    ],
    ["a mask beyond its bytes", set8("config", TEST + PAYLOAD_TEST.mask + 5, 1), WRONG_MASK],
    ["a value beyond its mask", set8("config", TEST + PAYLOAD_TEST.value + 6, 0x11), WRONG_MASK],
  ];
  test.each(payloadCases)("and which have a payload test of %s are refused", (_, change, what) => {
    expectRefusal(changed(payload, change), "inconsistent", `section config: payload test 0 ${what}`);
  });

  test("and which have more payload tests than there may be are refused", () => {
    const bytes = changed(payload, set32("config", CONFIG.payloadTestCount, 17));
    expectRefusal(bytes, "inconsistent", "section config: payloadTestCount is 17; it must be 16");
  });

  test("and which have a payload test at its last offset are taken", () => {
    const bytes = changed(payload, set32("config", TEST + PAYLOAD_TEST.offset, 2040));
    expect(() => readBundle(bytes)).not.toThrow();
  });

  test("and which have a payload dimension without tests are refused", () => {
    const bytes = changed(payload, (image) => {
      set32("config", CONFIG.payloadTestCount, 0)(image);
      for (let at = 0; at < PAYLOAD_TEST.bytes; at++) image("config").setUint8(TEST + at, 0);
    });
    const message = "section config: 0 payload tests, and a mask that says otherwise";
    expectRefusal(bytes, "inconsistent", message);
  });

  test.each([
    ["low", 0],
    ["high", 4],
  ])("and which have a row whose summary differs from its words in its %s half are refused", (_, at) => {
    const bytes = changed(manyRuleBundle(), (image) => {
      const vectors = image("vectors");
      vectors.setUint8(at, vectors.getUint8(at) ^ 1);
    });
    const message = "section vectors: dimension 0, class 0: its summary does not fit its words";
    expectRefusal(bytes, "inconsistent", message);
  });
});

describe("sections of which one", () => {
  const cut = (name: SectionName, bytes: number) => (images: Map<SectionName, Uint8Array>) =>
    images.set(name, images.get(name)!.subarray(0, bytes));
  const cases: [string, (images: Map<SectionName, Uint8Array>) => unknown, string][] = [
    ...(["config", "fields", "vectors", "source4_root", "source6_root", "source6_ranges"] as const).map(
      (name): (typeof cases)[number] => [
        `is not there (${name})`,
        (images) => images.delete(name),
        `section ${name}: it is missing`,
      ],
    ),
    ["is not there (rules)", (images) => images.delete("rules"), "section rules: 0 lines for 4 rules"],
    [
      "is not there (source4_ranges)",
      (images) => images.delete("source4_ranges"),
      "section source4_ranges: chunk 49152 ends beyond line 0",
    ],
    [
      "is twice as long (config)",
      (images) => images.set("config", new Uint8Array(2 * CONFIG.bytes)),
      `section config: ${2 * CONFIG.bytes} bytes; it has ${CONFIG.bytes}`,
    ],
    ["is a line shorter (rules)", cut("rules", 3 * 64), "section rules: 3 lines for 4 rules"],
    [
      "is a line shorter (source4_root)",
      cut("source4_root", 65_520 * 4),
      "section source4_root: 262080 bytes; a root has 262144",
    ],
    [
      "is a line shorter (source6_root)",
      cut("source6_root", 65_520 * 4),
      "section source6_root: 65520 words; a root has 65536",
    ],
  ];
  test.each(cases)("%s are refused", (_, change, message) => {
    const bytes = relaid(large, (images) => void change(images));
    expectRefusal(bytes, "inconsistent", message);
  });
});
