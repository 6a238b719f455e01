import { beforeAll, describe, expect, test } from "vitest";
import { type SectionName } from "./abi.ts";
import { addressBundle, manyPartBundle, smallBundle } from "./bundle-fixture.ts";
import { openBundle, readBundle, readManifestOf } from "./read-bundle.ts";
import { altered, partsOf, refusal, sha256, withDigest } from "./second-writer-fixture.ts";

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
