import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import {
  ADDRESS_TABLE,
  BLOCKS4_TABLE,
  CONFIG,
  DIMENSION_COUNT,
  DIMENSION_SOURCE,
  EXACT6_TABLE,
  RULE,
  SECTION_NAMES,
  type SectionName,
} from "./abi.ts";
import { BundleError } from "./bundle-error.ts";
import { addressBundle, manyPartBundle, smallBundle } from "./bundle-fixture.ts";
import type { Manifest } from "./manifest.generated.ts";
import { openBundle, readBundle, readManifestOf } from "./read-bundle.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
/** docs/BUNDLE.md: of a section that is longer than 256 KiB, SHA-256 of its parts'. */
const sectionSha256 = (bytes: Uint8Array) => {
  const part = 256 * 1024;
  if (bytes.length <= part) return sha256(bytes);
  const count = Math.ceil(bytes.length / part);
  return sha256(
    Buffer.concat(Array.from({ length: count }, (_, i) => sha256(bytes.subarray(i * part, (i + 1) * part)))),
  );
};
const page = (bytes: number) => Math.ceil(bytes / 4096) * 4096;

function refusal(bytes: Uint8Array): { code: string; part: string; message: string; help: string } {
  try {
    readBundle(bytes);
  } catch (error) {
    if (error instanceof BundleError) return error;
    throw error;
  }
  throw new Error("the bundle was taken");
}

/** The parts of a file and where each ends, from docs/BUNDLE.md. */
function partsOf(bytes: Uint8Array): { part: string; end: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const manifestEnd = 128 + Number(view.getBigUint64(24, true));
  const manifest = JSON.parse(Buffer.from(bytes.subarray(128, manifestEnd)).toString()) as Manifest;
  return [
    { part: "header", end: 128 },
    { part: "manifest", end: manifestEnd },
    { part: "padding after manifest", end: page(manifestEnd) },
    ...manifest.sections.flatMap(({ name, offset, length }) => [
      { part: `section ${name}`, end: offset + length },
      { part: `padding after section ${name}`, end: page(offset + length) },
    ]),
  ];
}

/** A second writer: any manifest and any images to a file whose digests fit, sections where the manifest says. */
function seal(manifest: Manifest, images: ReadonlyMap<string, Uint8Array>, totalLength?: number): Uint8Array {
  const sections = manifest.sections.map((section) => {
    const image = images.get(section.name);
    return image ? { ...section, sha256: sectionSha256(image).toString("hex") } : section;
  });
  const text = Buffer.from(JSON.stringify({ ...manifest, sections }));
  const end = Math.max(
    page(128 + text.length),
    ...sections.map(({ offset, length }) => page(offset + length)),
  );
  const file = new Uint8Array(totalLength ?? end);
  const view = new DataView(file.buffer);
  file.set(Buffer.from("PISTONB\0"));
  view.setUint32(8, 1, true);
  view.setUint32(12, 2, true);
  view.setBigUint64(16, BigInt(file.length), true);
  view.setBigUint64(24, BigInt(text.length), true);
  file.set(sha256(text), 32);
  file.set(sha256(file.subarray(0, 64)), 64);
  file.set(text, 128);
  for (const { name, offset } of sections) if (images.has(name)) file.set(images.get(name)!, offset);
  return file;
}

/** The bundle taken apart, changed, and sealed again with digests that fit. */
function altered(
  bytes: Uint8Array,
  change: (manifest: Manifest, image: (name: SectionName) => DataView) => Manifest | undefined,
): Uint8Array {
  const bundle = readBundle(bytes);
  const images = new Map(
    SECTION_NAMES.flatMap((name) => {
      const image = bundle.section(name);
      return image ? [[name, new Uint8Array(image)] as const] : [];
    }),
  );
  const view = (name: SectionName) => {
    const image = images.get(name)!;
    return new DataView(image.buffer);
  };
  const manifest = change(structuredClone(bundle.manifest), view) ?? bundle.manifest;
  return seal(manifest, images);
}

/** The file with another digest of a section in its manifest, header and manifest sealed again. */
function withDigest(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const file = bytes.slice();
  const length = Number(new DataView(file.buffer).getBigUint64(24, true));
  const text = Buffer.from(file.subarray(128, 128 + length))
    .toString()
    .replace(from, to);
  file.set(Buffer.from(text), 128);
  file.set(sha256(file.subarray(128, 128 + length)), 32);
  file.set(sha256(file.subarray(0, 64)), 64);
  return file;
}

let small: Uint8Array;
let large: Uint8Array;
beforeAll(() => {
  small = smallBundle();
  large = addressBundle();
});

describe("a whole bundle", () => {
  test("gives its manifest, its sections and the digest of the file", () => {
    const bundle = readBundle(small);
    expect(bundle.digest).toBe(`sha256:${sha256(small).toString("hex")}`);
    expect(bundle.generation).toBe(sha256(small).toString("hex").slice(0, 12));
    expect(bundle.manifest.rules.map((rule) => rule.id)).toEqual([
      "management/ssh",
      "dns/not-udp",
      "dns/queries",
    ]);
    expect(bundle.manifest.sections.map(({ name }) => name)).toEqual([
      "config",
      "rules",
      "fields",
      "vectors",
    ]);
    expect(bundle.section("rules")!.length).toBe(3 * 64);
    expect(bundle.section("source4_root")).toBeNull();
  });

  test("is made the same twice", () => {
    expect(Buffer.from(smallBundle()).equals(small)).toBe(true);
    expect(smallBundle("other")).not.toEqual(small);
  });

  test("is read from bytes at any place in memory", () => {
    const shifted = new Uint8Array(small.length + 3);
    shifted.set(small, 3);
    expect(readBundle(shifted.subarray(3)).digest).toBe(readBundle(small).digest);
  });

  test("that another writer made to the same page is read alike", () => {
    const again = altered(small, () => undefined);
    expect(readBundle(again).manifest).toEqual(readBundle(small).manifest);
  });

  test("has the manifest's keys in the order of the schema", () => {
    const parts = partsOf(small);
    const text = Buffer.from(small.subarray(128, parts[1]!.end)).toString();
    const order = ["formatVersion", "abiVersion", "fleet", "revision", "memoryBytes", "sections", "rules"];
    expect(Object.keys(JSON.parse(text)).slice(0, 7)).toEqual(order);
  });
});

describe("a bundle that is opened, its tables not yet compared with their digests", () => {
  const sectionOf = (name: SectionName) =>
    readBundle(large).manifest.sections.find((section) => section.name === name)!;
  const flipped = (at: number) => {
    const torn = Uint8Array.from(large);
    torn[at]! ^= 1;
    return torn;
  };
  const badDigest = (part: string) => expect.objectContaining({ code: "bad-digest", part });

  test("is what is read, once it is verified", () => {
    const bundle = openBundle(large);
    expect(() => bundle.verify()).not.toThrow();
    expect(bundle.digest).toBe(`sha256:${sha256(large).toString("hex")}`);
    expect(bundle.manifest).toEqual(readBundle(large).manifest);
  });

  test("is refused when it is verified, where a table has another digest", () => {
    const { offset, length } = sectionOf("source4_ranges");
    const bundle = openBundle(flipped(offset + length - 1));
    for (let round = 0; round < 2; round++)
      expect(() => bundle.verify()).toThrow(badDigest("section source4_ranges"));
  });

  test("is refused at once where what becomes no table has another digest", () => {
    expect(() => openBundle(flipped(sectionOf("config").offset + 4))).toThrow(badDigest("section config"));
  });

  test("is refused for the damage, not for what follows from it", () => {
    const { offset } = sectionOf("vectors");
    const torn = Uint8Array.from(large);
    torn[offset]! |= 0x10; // a row that names a fifth rule
    expect(() => openBundle(torn)).toThrow(badDigest("section vectors"));
    expect(() => openBundle(torn.subarray(0, torn.length - 4096))).toThrow(badDigest("section vectors"));
  });

  test("leaves nothing behind by which bytes of the digest that it names would be trusted", () => {
    const wrong = altered(large, (_manifest, image) => {
      image("source4_root").setUint32(4 * 0xc633, 9, true);
      return undefined;
    });
    const { offset, length } = sectionOf("source4_root");
    const named = Uint8Array.from(wrong);
    named.set(large.subarray(offset, offset + length), offset);
    expect(() => openBundle(named).verify()).toThrow(badDigest("section source4_root"));
    expect(refusal(wrong)).toMatchObject({ code: "inconsistent", part: "section source4_root" });
  });
});

describe("a byte that is changed", () => {
  test("is refused at every position of a small bundle, and the part is named", () => {
    const parts = partsOf(small);
    const file = new Uint8Array(small);
    for (let at = 0; at < file.length; at++) {
      const bit = 1 << (at % 8);
      file[at]! ^= bit;
      const { part, help } = refusal(file);
      file[at]! ^= bit;
      const expected = parts.find(({ end }) => at < end)!.part;
      if (part !== expected || help === "") throw new Error(`byte ${at}: ${part}, expected ${expected}`);
    }
    expect(file.length).toBeGreaterThanOrEqual(5 * 4096);
  });

  test("is refused at 2,000 positions of a bundle with address tables", () => {
    const parts = partsOf(large);
    const file = new Uint8Array(large);
    for (let i = 0; i < 2000; i++) {
      const at = Math.floor((i * file.length) / 2000) + (i % 7);
      file[at]! ^= 0xff;
      const { part } = refusal(file);
      file[at]! ^= 0xff;
      expect([at, part]).toEqual([at, parts.find(({ end }) => at < end)!.part]);
    }
  });
});

describe("a section of several parts", () => {
  const PART = 256 * 1024;
  const at = (bytes: Uint8Array, name: SectionName) =>
    readManifestOf(bytes).sections.find((section) => section.name === name)!;

  test("is taken, whoever wrote it by the same definition", () => {
    const bytes = manyPartBundle();
    const section = at(bytes, "source4_blocks");
    expect(section.length).toBeGreaterThan(2 * PART);
    expect(section.length % PART).not.toBe(0);
    const again = altered(bytes, () => undefined);
    expect(at(again, "source4_blocks").sha256).toBe(section.sha256);
    expect(readBundle(again).manifest.sections).toEqual(readBundle(bytes).manifest.sections);
  });

  test("is refused for one bit in its first, a middle and its last part, and at both sides of their edge", () => {
    const file = manyPartBundle();
    const { offset, length } = at(file, "source4_blocks");
    for (const byte of [0, PART - 1, PART, 2 * PART - 1, 2 * PART, length - 1]) {
      file[offset + byte]! ^= 0x10;
      expect(refusal(file)).toMatchObject({ code: "bad-digest", part: "section source4_blocks" });
      file[offset + byte]! ^= 0x10;
    }
    expect(() => readBundle(file)).not.toThrow();
  });

  test("is refused with its parts in another order, and with one SHA-256 over all of it", () => {
    const file = manyPartBundle();
    const { offset, length, sha256: digest } = at(file, "source4_blocks");
    const image = file.slice(offset, offset + length);
    const swapped = file.slice();
    swapped.set(image.subarray(PART, 2 * PART), offset);
    swapped.set(image.subarray(0, PART), offset + PART);
    expect(refusal(swapped)).toMatchObject({ code: "bad-digest", part: "section source4_blocks" });
    const whole = withDigest(file, digest, sha256(image).toString("hex"));
    expect(refusal(whole)).toMatchObject({ code: "bad-digest", part: "section source4_blocks" });
  });
});

describe("a file of another length", () => {
  test("is refused at every length below its own, and the part is named", () => {
    const parts = partsOf(small);
    for (let length = 0; length < small.length; length++) {
      const { part, code } = refusal(small.subarray(0, length));
      const expected = parts.find(({ end }) => length < end)!.part;
      if (part !== expected || code !== "truncated") throw new Error(`cut at ${length}: ${code} ${part}`);
    }
  });

  test.each([1, 4096])("is refused with %i bytes more", (more) => {
    const longer = new Uint8Array(small.length + more);
    longer.set(small);
    expect(refusal(longer)).toMatchObject({ code: "trailing-bytes", part: "end of file" });
  });

  test("that is something else is said not to be a bundle", () => {
    expect(refusal(Buffer.from("#!/bin/sh\n"))).toMatchObject({ code: "not-a-bundle", part: "header" });
  });
});

describe("a header whose digest fits", () => {
  const reheader = (change: (view: DataView) => void) => {
    const file = new Uint8Array(small);
    change(new DataView(file.buffer));
    file.set(sha256(file.subarray(0, 64)), 64);
    return refusal(file);
  };
  test("of another format or ABI version is refused by name", () => {
    expect(reheader((view) => view.setUint32(8, 2, true)).code).toBe("unsupported-format");
    expect(reheader((view) => view.setUint32(12, 1, true)).code).toBe("unsupported-abi");
  });
  test("with lengths that cannot be is refused", () => {
    const huge = 2n ** 64n - 1n;
    expect(reheader((view) => view.setBigUint64(16, huge, true))).toMatchObject({ part: "header" });
    expect(reheader((view) => view.setBigUint64(24, huge, true))).toMatchObject({ part: "header" });
    const longer = BigInt(small.length) + 4096n;
    expect(reheader((view) => view.setBigUint64(16, longer, true))).toMatchObject({ part: "end of file" });
  });
});

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
