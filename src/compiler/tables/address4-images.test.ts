import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SectionName } from "../../bundle/abi.ts";
import { checkExact4, checkRanges4 } from "../../bundle/address4-consistency.ts";
import { images4 } from "./address4-images.ts";
import { mix4 } from "./address4-mix.ts";
import { class4 } from "./decode.ts";

type Part = readonly [first: number, label: number];

/** Parts in order of their first addresses; neighbours of one class are put together, as the sweep does. */
function segmentsOf(parts: readonly Part[]) {
  const kept = parts.filter(([, label], i) => i === 0 || parts[i - 1]![1] !== label);
  return {
    firsts: Uint32Array.from(kept, ([first]) => first),
    classes: Uint32Array.from(kept, ([, label]) => label),
  };
}

/** Blocks over a background: later blocks lie over earlier ones. */
function partsOf(blocks: readonly (readonly [first: number, size: number, label: number])[], background = 0) {
  const edges = new Set([0]);
  for (const [first, size] of blocks) edges.add(first).add(Math.min(first + size, 2 ** 32 - 1));
  return [...edges]
    .sort((a, b) => a - b)
    .map((at): Part => {
      const over = blocks.findLast(([first, size]) => at >= first && at < first + size);
      return [at, over ? over[2] : background];
    });
}

function look(parts: readonly Part[], alone: number) {
  const segments = segmentsOf(parts);
  const { root, ranges, hosts, nets } = images4(segments, alone);
  const none = { buckets: 0, classBits: 0, classIndex: 0 };
  const images = new Map<SectionName, Uint8Array>([["source4_root", root]]);
  if (ranges) images.set("source4_ranges", ranges);
  if (hosts) images.set("source4_hosts", hosts.image);
  if (nets) images.set("source4_nets", nets.image);
  const tables = { hosts: hosts ?? none, nets: nets ?? none };
  // What the reader of a bundle checks holds for whatever the compiler makes.
  const classes = Math.max(
    checkRanges4("source4_root", "source4_ranges", images).classes,
    checkExact4("source4_hosts", tables.hosts, 32, images).classes,
    checkExact4("source4_nets", tables.nets, 24, images).classes,
  );
  return { hosts, nets, classes, at: (address: number) => class4(images, "source", tables, address) };
}

/** The first and last address of each part, each compared with the part's class. */
function expectEachEnd(parts: readonly Part[], at: (address: number) => number): void {
  const wrong: number[] = [];
  parts.forEach(([first, label], i) => {
    const last = (parts[i + 1]?.[0] ?? 2 ** 32) - 1;
    for (const address of [first, last]) if (at(address) !== label) wrong.push(address);
  });
  expect(wrong).toEqual([]);
}

describe("a chunk", () => {
  /** Ranges that begin every `step` addresses of 10.1.0.0/16, of alternating classes. */
  const chunk = (count: number, step: number): Part[] =>
    Array.from({ length: count }, (_, i): Part => [i === 0 ? 0 : 0x0a01_0000 + (i - 1) * step, i % 3]);

  test.each([1, 2, 4, 5, 8, 9, 16, 17, 32, 33, 256, 257, 1023, 1024, 1025, 1040, 1041, 4097])(
    "of %i ranges gives each its class",
    (count) => {
      const parts = chunk(count + 1, 13);
      expectEachEnd(parts, look(parts, Infinity).at);
    },
  );

  test.each([3, 16])("of %i lines is refused where their index does not say where they begin", (lines) => {
    const { root, ranges } = images4(segmentsOf(chunk(16 * lines, 13)), Infinity);
    const check = (altered: Uint8Array) =>
      checkRanges4(
        "source4_root",
        "source4_ranges",
        new Map<SectionName, Uint8Array>([
          ["source4_root", root],
          ["source4_ranges", altered],
        ]),
      );
    expect(check(ranges!).classes).toBe(3);
    for (let at = 0; at < 64; at += 2) {
      const altered = ranges!.slice();
      altered[at]! ^= 1;
      expect(() => check(altered)).toThrow("chunk 2561 has an index that does not say where its lines begin");
    }
  });

  test("of 65,536 ranges gives each address its class", () => {
    const { at } = look(chunk(65_537, 1), Infinity);
    const addresses = [0, 1, 2, 511, 512, 32_767, 32_768, 65_023, 65_534, 65_535];
    expect(addresses.map((low) => at(0x0a01_0000 + low))).toEqual(addresses.map((low) => (low + 1) % 3));
  });

  describe("whose ranges begin at round addresses", () => {
    const CHUNK = 0x0a01;
    const images = (parts: readonly Part[]) => {
      const { root, ranges } = images4(segmentsOf(parts), Infinity);
      return { ranges: ranges!, root, word: new DataView(root.buffer).getUint32(4 * CHUNK, true) };
    };
    const DIRECT = 4080;

    test.each([
      ["48 /24s", 48, 256, null],
      ["49 /24s", 49, 256, 8],
      ["256 /24s", 256, 256, 8],
      ["112 /25s", 112, 128, null],
      ["113 /25s", 113, 128, 7],
      ["9 blocks of a /20", 9, 4096, 12],
      ["8 blocks of a /20", 8, 4096, null],
    ] as const)("gives each its class: %s", (_, count, step, shift) => {
      const parts = chunk(count + 1, step);
      expect(images(parts).word & 0xfff)[shift === null ? "toBeLessThan" : "toBe"](DIRECT + (shift ?? 0));
      expectEachEnd(parts, look(parts, Infinity).at);
    });

    test("has ranges where one begins between them", () => {
      const parts = [...chunk(65, 256), [0x0a01_f0ff, 9] as const];
      expect(images(parts).word & 0xfff).toBeLessThan(DIRECT);
      expectEachEnd(parts, look(parts, Infinity).at);
    });

    test.each([
      [2 ** 18, true],
      [2 ** 18 + 1, false],
    ])("takes more lines than its ranges only in tables of up to 2^18 of them: %i", (count, direct) => {
      const before = chunk(65, 256);
      const after = Array.from({ length: count - 65 }, (_, i): Part => [0x5000_0000 + 3 * i, i % 3]);
      const { word } = images([...before, ...after]);
      expect((word & 0xfff) === DIRECT + 8).toBe(direct);
    });

    test("is refused where its last line is not there", () => {
      const { root, ranges } = images(chunk(65, 256));
      expect(ranges.length).toBe(64 * 8);
      const check = (lines: number) =>
        checkRanges4(
          "source4_root",
          "source4_ranges",
          new Map<SectionName, Uint8Array>([
            ["source4_root", root],
            ["source4_ranges", ranges.slice(0, 64 * lines)],
          ]),
        );
      expect(check(8).classes).toBe(3);
      expect(() => check(7)).toThrow("chunk 2561 ends beyond line 7");
    });
  });

  test("begins with the range that came into it", () => {
    const { at } = look(partsOf([[0x0a00_ff00, 0x0200, 7]]), Infinity);
    expect([0x0a01_0000, 0x0a01_00ff, 0x0a01_0100].map(at)).toEqual([7, 7, 0]);
  });

  test("that ends with a range of one address gives it to that address alone", () => {
    const { at } = look(partsOf([[0x0a01_ffff, 1, 7]]), Infinity);
    expect([0x0a01_fffe, 0x0a01_ffff, 0x0a02_0000].map(at)).toEqual([0, 7, 0]);
  });
});

describe("exact tables", () => {
  const spread = (count: number, size: number, label: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => [(i * 2_654_435 * size) % 2 ** 32, size, label(i)] as const);

  test.each([
    ["one class has no labels", 400_000, () => 5, 0],
    ["few entries has labels", 20_000, () => 5, 10],
    ["many classes has labels", 400_000, (i: number) => 1 + (i % 999), 15],
  ] as const)("of hosts of %s", (_, count, label, classBits) => {
    const parts = spread(count, 1, label)
      .toSorted(([a], [b]) => a - b)
      .flatMap(([first, , own]): Part[] => [
        [first, own],
        [first + 1, 0],
      ]);
    const { hosts, nets, at } = look([[0, 0], ...parts.filter(([first]) => first > 1)], 0);
    expect(hosts?.classBits).toBe(classBits);
    expect(nets).toBeNull();
    expectEachEnd([[0, 0], ...parts.filter(([first]) => first > 1)], at);
  });

  test("leave what they have no bits for to the ranges", () => {
    const parts = partsOf(spread(3000, 1, (i) => 60_000 + (i % 2)));
    const { hosts, at } = look(parts, 0);
    expect(hosts?.classBits).toBe(8);
    expectEachEnd(parts, at);
  });

  test("lie over /24s, and those over ranges", () => {
    const blocks = [
      [0x0a00_0000, 2 ** 24, 1],
      [0x0a01_0200, 256, 2],
      [0x0a01_0280, 1, 3],
      [0x0a01_0300, 256, 3],
      [0x0a01_0301, 1, 0],
      [0xffff_ffff, 1, 4],
    ] as const;
    const { hosts, nets, at } = look([...partsOf(blocks)], 0);
    expect([hosts?.buckets, nets?.buckets]).toEqual([4, 4]);
    expect(
      [
        0x09ff_ffff, 0x0a00_0000, 0x0a01_01ff, 0x0a01_0200, 0x0a01_027f, 0x0a01_0280, 0x0a01_0281,
        0x0a01_02ff, 0x0a01_0300, 0x0a01_0301, 0x0a01_03ff, 0x0a01_0400, 0x0b00_0000, 0xffff_fffe,
        0xffff_ffff,
      ].map(at),
    ).toEqual([0, 1, 1, 2, 2, 3, 2, 2, 3, 0, 3, 1, 0, 0, 4]);
  });

  test("the mix is a permutation of the /24s", () => {
    const seen = new Uint8Array(2 ** 24);
    for (let net = 0; net < 2 ** 24; net++) seen[mix4(net * 256, 0xffffff00) / 256] = 1;
    expect(seen.indexOf(0)).toBe(-1);
  });
});

test("every address gets the class of its part, with exact tables and without", () => {
  const near = fc.oneof(
    fc.nat(2 ** 32 - 1),
    fc.nat(4095).map((at) => 0x0a01_0000 + at),
  );
  const block = fc
    .tuple(near, fc.constantFrom(0, 0, 0, 1, 4, 8, 8, 12, 20), fc.nat(9))
    .map(([at, bits, label]) => [Math.floor(at / 2 ** bits) * 2 ** bits, 2 ** bits, label] as const);
  fc.assert(
    fc.property(fc.array(block, { maxLength: 300 }), fc.nat(9), fc.boolean(), (blocks, background, exact) => {
      const parts = partsOf(blocks, background);
      const { at } = look(parts, exact ? 0 : Infinity);
      expectEachEnd(parts, at);
    }),
    { numRuns: 60 },
  );
});
