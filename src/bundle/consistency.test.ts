// Bundles whose digests fit, and whose manifest or tables do not fit each other.

import { describe, expect, test } from "vitest";
import {
  ADDRESS_TABLE,
  BLOCKS4_TABLE,
  CONFIG,
  DIMENSION_COUNT,
  DIMENSION_SOURCE,
  EXACT6_TABLE,
  RULE,
  type SectionName,
} from "./abi.ts";
import { addressBundle, smallBundle } from "./bundle-fixture.ts";
import type { Manifest } from "./manifest.generated.ts";
import { altered, refusal } from "./second-writer-fixture.ts";

const small = smallBundle();
const large = addressBundle();

describe("a manifest whose digest fits", () => {
  const cases: [string, (manifest: Manifest) => unknown, string, string][] = [
    ["an unknown key", (m) => ({ ...m, extra: 1 }), "bad-manifest", "manifest"],
    ["a missing key", (m) => ({ ...m, rules: undefined }), "bad-manifest", "manifest"],
    [
      "an unknown section",
      (m) => ({ ...m, sections: [...m.sections, { ...m.sections[0]!, name: "extra" }] }),
      "bad-manifest",
      "manifest",
    ],
    [
      "a section twice",
      (m) => {
        const last = m.sections.at(-1)!;
        return { ...m, sections: [...m.sections, { ...last, offset: last.offset + 4096 }] };
      },
      "inconsistent",
      "manifest", // its memory no longer fits
    ],
    [
      "sections out of order",
      (m) => {
        const [config, rules, ...rest] = m.sections;
        const swapped = { ...rules!, offset: config!.offset };
        return { ...m, sections: [swapped, { ...config!, offset: rules!.offset }, ...rest] };
      },
      "inconsistent",
      "section config",
    ],
    [
      "a section off its page",
      (m) => ({ ...m, sections: m.sections.map((s, i) => (i === 1 ? { ...s, offset: s.offset + 64 } : s)) }),
      "inconsistent",
      "section rules",
    ],
    [
      "a gap before a section",
      (m) => ({ ...m, sections: m.sections.map((s, i) => (i >= 1 ? { ...s, offset: s.offset + 4096 } : s)) }),
      "inconsistent",
      "section rules",
    ],
    [
      "another entry size",
      (m) => ({
        ...m,
        sections: m.sections.map((s) => (s.name === "rules" ? { ...s, entryBytes: 32, entries: 6 } : s)),
      }),
      "inconsistent",
      "section rules",
    ],
    [
      "entries that are not its length",
      (m) => ({ ...m, sections: m.sections.map((s) => (s.name === "rules" ? { ...s, entries: 2 } : s)) }),
      "inconsistent",
      "section rules",
    ],
    [
      "one rule less",
      (m) => ({ ...m, witnesses: [], rules: m.rules.slice(0, 2) }),
      "inconsistent",
      "section config",
    ],
    ["other memory", (m) => ({ ...m, memoryBytes: 1 }), "inconsistent", "manifest"],
    ["another ABI version", (m) => ({ ...m, abiVersion: 1 }), "inconsistent", "manifest"],
    [
      "a witness of an unknown rule",
      (m) => ({ ...m, witnesses: m.witnesses.map((w) => ({ ...w, rule: "dns/nothing" })) }),
      "inconsistent",
      "manifest",
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
      "manifest",
    ],
  ];
  test.each(cases)("and which has %s is refused", (_, change, code, part) => {
    const bytes = altered(small, (manifest) => change(manifest) as Manifest);
    expect(refusal(bytes)).toMatchObject({ code, part });
  });
});

describe("tables whose digests fit", () => {
  type Change = (image: (name: SectionName) => DataView) => void;
  const set32 =
    (name: SectionName, offset: number, value: number): Change =>
    (image) =>
      image(name).setUint32(offset, value, true);
  const set8 =
    (name: SectionName, offset: number, value: number): Change =>
    (image) =>
      image(name).setUint8(offset, value);
  const chunk = 0xc633; // 198.51.0.0/16
  const ADDRESS6 = CONFIG.address + ADDRESS_TABLE.bytes;
  const NETS6 = ADDRESS6 + ADDRESS_TABLE.nets;
  const [CONFIG6, ROOT6, SIX] = ["section config", "section source6_root", "section source6_ranges"] as const;
  const BLOCKS = CONFIG.address + ADDRESS_TABLE.hosts;
  const cases: [string, Change, string][] = [
    ["config of another ABI", set32("config", CONFIG.abiVersion, 1), "section config"],
    ["one rule more than lines", set32("config", CONFIG.ruleCount, 5), "section config"],
    ["another stride", set32("config", CONFIG.rowStride, 2), "section config"],
    ["a reserved number", set32("config", CONFIG.reserved, 1), "section config"],
    ["a default verdict that is neither", set32("config", CONFIG.defaultVerdict, 2), "section config"],
    ["the other default verdict", set32("config", CONFIG.defaultVerdict, 0), "section config"],
    ["an unknown dimension", set32("config", CONFIG.dimensionMask, 1 << DIMENSION_COUNT), "section config"],
    [
      "a dimension without its table",
      set32("config", CONFIG.dimensionMask, (1 << DIMENSION_SOURCE) | 3),
      "section fields",
    ],
    ["a reason that is no parse class", set32("config", CONFIG.passReasons, 1), "section config"],
    ["another management mask", set32("config", CONFIG.managementMask, 3), "section config"],
    ["a payload test that nothing asks for", set32("config", CONFIG.payloadTestCount, 1), "section config"],
    ["a payload test that is not counted", set8("config", CONFIG.payloadTests, 1), "section config"],
    ["no limits", set32("config", CONFIG.limitCount, 0), "section config"],
    ["a field that begins inside a line", set32("config", CONFIG.fieldBase, 1), "section config"],
    ["a field beyond its section", set32("config", CONFIG.fieldBase, 320), "section fields"],
    [
      "rows beyond their section",
      set32("config", CONFIG.rowBase + 4 * DIMENSION_SOURCE, 63),
      "section vectors",
    ],
    ["a class without a row", (image) => image("fields").setUint16(0, 60, true), "section vectors"],
    ["a row that names a fifth rule", set8("vectors", 0, 0x10), "section vectors"],
    ["a rule with another id", set8("rules", RULE.id, 0), "section rules"],
    ["an unknown action", set8("rules", RULE.action, 3), "section rules"],
    ["a drop that the manifest calls a pass", set8("rules", RULE.action, 1), "section rules"],
    ["an unknown key", set8("rules", 3 * 64 + RULE.limitKey, 5), "section rules"],
    ["a prefix of 33 bits", set8("rules", 3 * 64 + RULE.limitPrefix4, 33), "section rules"],
    ["a backend that is not there", set8("rules", RULE.backend, 2), "section rules"],
    [
      "a limit without a rate",
      (image) => image("rules").setBigUint64(3 * 64 + 16, 0n, true),
      "section rules",
    ],
    ["a block that the manifest does not have", set8("rules", RULE.blockNs, 1), "section rules"],
    ["reserved bytes", set8("rules", RULE.reserved + 15, 1), "section rules"],
    ["a table that is said to be one class", set32("config", CONFIG.address, 0), "section source4_root"],
    [
      "blocks that are not there",
      set32("config", BLOCKS + BLOCKS4_TABLE.regions, 1024),
      "section source4_blocks",
    ],
    ["blocks in too few regions", set32("config", BLOCKS + BLOCKS4_TABLE.regions, 1023), "section config"],
    [
      "blocks in too many regions",
      set32("config", BLOCKS + BLOCKS4_TABLE.regions, 2 ** 21 + 1),
      "section config",
    ],
    ["a size of no blocks", set32("config", BLOCKS + BLOCKS4_TABLE.small, 1), "section config"],
    [
      "classes in labels of no blocks",
      set32("config", BLOCKS + BLOCKS4_TABLE.classMask, 1),
      "section config",
    ],
    ["nets of IPv4", set32("config", CONFIG.address + ADDRESS_TABLE.nets, 1), "section config"],
    ["a class of no blocks", set32("config", BLOCKS + BLOCKS4_TABLE.classIndex, 1), "section config"],
    ["a chunk beyond the ranges", set32("source4_root", 4 * chunk, (1 << 12) | 1), "section source4_ranges"],
    ["a chunk of more lines than there are", set32("source4_root", 4 * chunk, 17), "section source4_ranges"],
    ["a chunk of an unknown kind", set32("source4_root", 4 * chunk, 9), "section source4_root"],
    ["a chunk that begins in the middle", set32("source4_root", 4 * chunk, 2), "section source4_ranges"],
    ["a chunk of a class without a row", set32("source4_root", 4, 99 << 12), "section vectors"],
    ["a chunk of a class of 17 bits", set32("source4_root", 4, 1 << 28), "section source4_root"],
    ["IPv4 ranges out of order", set32("source4_ranges", 4, 0xfdff), "section source4_ranges"],
    ["an IPv4 range of a class without a row", set32("source4_ranges", 32, 99), "section vectors"],
    ["a chunk of another class", set32("source6_root", 4 * 0x2002, 1 << 5), "section source6_root"],
    ["a chunk of an IPv6 class of 17 bits", set32("source6_root", 4, 1 << 21), "section source6_root"],
    ["an IPv6 chunk of more ranges than there are", set32("source6_root", 4 * 0x2001, (3 << 5) | 2), SIX],
    ["an IPv6 chunk of too many halvings", set32("source6_root", 4 * 0x2001, 21), SIX],
    ["an IPv6 chunk without its first range", set32("source6_root", 4 * 0x2001, (1 << 5) | 2), ROOT6],
    ["an IPv6 chunk without its last range", set32("source6_root", 4 * 0x2001, 1), ROOT6],
    ["IPv6 ranges that no chunk has", set32("source6_root", 4 * 0x2001, 0), SIX],
    ["IPv6 nets that have a key and no buckets", set32("config", NETS6 + EXACT6_TABLE.keyShift, 31), CONFIG6],
    ["no root, and no exact table", set32("config", ADDRESS6 + ADDRESS_TABLE.present, 3), CONFIG6],
    ["IPv6 ranges out of order", set32("source6_ranges", 64 + 4, 0x20010000), SIX],
    ["IPv6 ranges that begin late", set32("source6_ranges", 8, 1), SIX],
    ["an IPv6 range of another chunk", set32("source6_ranges", 32 + 4, 0x20000db8), ROOT6],
    ["an IPv6 range with a class without a row", set32("source6_ranges", 32 + 16, 99), "section vectors"],
  ];
  test.each(cases)("and which have %s are refused", (_, change, part) => {
    const bytes = altered(large, (_manifest, image) => {
      change(image);
      return undefined;
    });
    expect(refusal(bytes)).toMatchObject({ code: "inconsistent", part });
  });
});
