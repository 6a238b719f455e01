import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PRESENT_REST_UNIFORM, type SectionName } from "../../bundle/abi.ts";
import { checkBlocks4, checkRanges4 } from "../../bundle/address4-consistency.ts";
import { images4 } from "./address4-images.ts";
import { block4Bucket, block4Group, block4Product } from "./address4-mix.ts";
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

function look(parts: readonly Part[], way: "ranges" | "blocks") {
  const { root, ranges, rest, blocks } = images4(segmentsOf(parts), way);
  const images = new Map<SectionName, Uint8Array>();
  if (root) images.set("source4_root", root);
  if (ranges) images.set("source4_ranges", ranges);
  if (blocks) images.set("source4_blocks", blocks.image);
  const blocks4 = {
    regions: blocks?.regions ?? 0,
    labelled: blocks?.labelled ? 1 : 0,
    classIndex: blocks?.classIndex ?? 0,
    reserved: 0,
  };
  // What the reader of a bundle checks holds for whatever the compiler makes.
  const { classes, hasRanges } = checkBlocks4("source4_blocks", blocks4, rest !== null, images);
  expect(root !== null).toBe(rest === null || hasRanges);
  const all = root ? checkRanges4("source4_root", "source4_ranges", images).classes : 0;
  const tables = {
    present: rest === null ? 1 : PRESENT_REST_UNIFORM,
    uniformClass: rest ?? 0,
    blocks4,
  };
  return {
    blocks,
    rest,
    hasRanges,
    classes: Math.max(classes, all),
    at: (address: number) => class4(images, "source", tables, address),
  };
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
      expectEachEnd(parts, look(parts, "ranges").at);
    },
  );

  test.each([3, 16])("of %i lines is refused where their index does not say where they begin", (lines) => {
    const { root, ranges } = images4(segmentsOf(chunk(16 * lines, 13)), "ranges");
    const check = (altered: Uint8Array) =>
      checkRanges4(
        "source4_root",
        "source4_ranges",
        new Map<SectionName, Uint8Array>([
          ["source4_root", root!],
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
    const { at } = look(chunk(65_537, 1), "ranges");
    const addresses = [0, 1, 2, 511, 512, 32_767, 32_768, 65_023, 65_534, 65_535];
    expect(addresses.map((low) => at(0x0a01_0000 + low))).toEqual(addresses.map((low) => (low + 1) % 3));
  });

  describe("whose ranges begin at round addresses", () => {
    const CHUNK = 0x0a01;
    const images = (parts: readonly Part[]) => {
      const { root, ranges } = images4(segmentsOf(parts), "ranges");
      return { ranges: ranges!, root: root!, word: new DataView(root!.buffer).getUint32(4 * CHUNK, true) };
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
      expectEachEnd(parts, look(parts, "ranges").at);
    });

    test("has ranges where one begins between them", () => {
      const parts = [...chunk(65, 256), [0x0a01_f0ff, 9] as const];
      expect(images(parts).word & 0xfff).toBeLessThan(DIRECT);
      expectEachEnd(parts, look(parts, "ranges").at);
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
    const { at } = look(partsOf([[0x0a00_ff00, 0x0200, 7]]), "ranges");
    expect([0x0a01_0000, 0x0a01_00ff, 0x0a01_0100].map(at)).toEqual([7, 7, 0]);
  });

  test("that ends with a range of one address gives it to that address alone", () => {
    const { at } = look(partsOf([[0x0a01_ffff, 1, 7]]), "ranges");
    expect([0x0a01_fffe, 0x0a01_ffff, 0x0a02_0000].map(at)).toEqual([0, 7, 0]);
  });
});

describe("blocks", () => {
  /** Spread over all /16s: no two in one /24, up to 2^20 of them. */
  const spread = (count: number, size: number, label: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => {
      const block = Math.imul(i, 0x9e3779) & 0xffffff;
      return [block * 256 + ((i * 37) % (256 / size)) * size, size, label(i)] as const;
    });
  /** As partsOf() makes of them, for many. */
  const hosts = (count: number, label: (i: number) => number): Part[] => [
    [0, 0],
    ...spread(count, 1, label)
      .toSorted(([a], [b]) => a - b)
      .flatMap(([first, , own]): Part[] => [
        [first, own],
        [first + 1, 0],
      ])
      .filter(([first]) => first > 1),
  ];
  const NET = 0x0a01_0200;

  test.each([
    ["one class have no labels", 400_000, () => 5, false, 0],
    ["few entries have none either", 2000, () => 5, false, 0],
    ["many classes have labels", 400_000, (i: number) => 1 + (i % 999), true, 0],
    ["the greatest classes have them", 2000, (i: number) => 65_533 + (i % 2), true, 0],
    ["one class and few others have none", 2000, (i: number) => (i % 20 === 0 ? 6 : 5), false, 0],
  ] as const)("of hosts of %s", (_, count, label, labelled, rest) => {
    const known = hosts(count, label);
    const found = look(known, "blocks");
    expect(found.blocks?.labelled).toBe(labelled);
    expect(found.rest).toBe(rest);
    expectEachEnd(known, found.at);
  });

  test.each([1, 2, 4, 8, 16, 32, 64, 128, 256])("of prefixes of %i addresses", (size) => {
    const parts = partsOf(spread(700, size, () => 3));
    const { blocks, rest, hasRanges, at } = look(parts, "blocks");
    expect([blocks?.labelled, rest, hasRanges]).toEqual([false, 0, false]);
    expectEachEnd(parts, at);
  });

  test("of prefixes of more than a /24 are as many slots, as long as these are few", () => {
    const parts = partsOf(
      spread(40, 256, () => 3).map(([first]) => [first - (first % 4096), 4096, 3] as const),
    );
    const [hosts, few] = [2000, 800].map((count) => partsOf([...spread(count, 1, () => 3)]));
    const merged = (more: readonly Part[]) =>
      partsOf([
        ...more.filter(([, label]) => label === 3).map(([first]) => [first, 1, 3] as const),
        ...parts.filter(([, label]) => label === 3).map(([first]) => [first, 4096, 3] as const),
      ]);
    expect(look(merged(hosts!), "blocks").rest).toBe(0);
    expect(look(merged(few!), "blocks").rest).toBeNull();
    for (const more of [hosts!, few!]) expectEachEnd(merged(more), look(merged(more), "blocks").at);
  });

  /** A /24 among hosts enough for blocks to be worth it. */
  const among = (blocks: readonly (readonly [first: number, size: number, label: number])[]) =>
    partsOf([...spread(64, 1, () => 1).filter(([first]) => first < NET || first >= NET + 256), ...blocks]);

  test.each([
    [
      "four addresses",
      false,
      [
        [0, 1, 1],
        [77, 1, 1],
        [200, 1, 1],
        [255, 1, 1],
      ],
    ],
    [
      "five addresses",
      true,
      [
        [0, 1, 1],
        [77, 1, 1],
        [90, 1, 1],
        [200, 1, 1],
        [255, 1, 1],
      ],
    ],
    [
      "a prefix and three addresses",
      false,
      [
        [0, 1, 1],
        [64, 64, 1],
        [200, 1, 1],
        [255, 1, 1],
      ],
    ],
    [
      "a prefix and four addresses",
      true,
      [
        [0, 1, 1],
        [3, 1, 1],
        [64, 64, 1],
        [200, 1, 1],
        [255, 1, 1],
      ],
    ],
    [
      "two prefixes",
      true,
      [
        [0, 16, 1],
        [64, 64, 1],
      ],
    ],
    [
      "two short prefixes",
      false,
      [
        [2, 2, 1],
        [64, 2, 1],
      ],
    ],
    ["neighbours that are no prefix", false, [[3, 2, 1]]],
    ["a prefix and what is left of its neighbours", false, [[15, 18, 1]]],
    [
      "all but one address",
      true,
      [
        [0, 77, 1],
        [78, 178, 1],
      ],
    ],
  ] as const)("has slots for a /24 of %s, or leads to ranges", (_, leads, blocks) => {
    const parts = among(blocks.map(([low, size, label]) => [NET + low, size, label] as const));
    const { blocks: image, rest, hasRanges, at } = look(parts, "blocks");
    expect([image?.labelled, rest, hasRanges]).toEqual([false, 0, leads]);
    expectEachEnd(parts, at);
  });

  test.each([
    [
      "all but one address",
      false,
      [
        [0, 256, 2],
        [77, 1, 0],
      ],
    ],
    [
      "a prefix with holes of other classes",
      false,
      [
        [64, 64, 2],
        [70, 1, 3],
        [80, 1, 0],
        [127, 1, 4],
      ],
    ],
    [
      "four holes",
      true,
      [
        [64, 64, 2],
        [70, 1, 3],
        [80, 1, 0],
        [90, 1, 3],
        [127, 1, 4],
      ],
    ],
    [
      "a class beside another",
      true,
      [
        [0, 128, 2],
        [128, 128, 3],
      ],
    ],
  ] as const)("with labels has slots for a /24 of %s, or leads to ranges", (_, leads, blocks) => {
    const parts = partsOf([
      ...spread(64, 1, (i) => 1 + (i % 9)).filter(([first]) => first < NET || first >= NET + 256),
      ...blocks.map(([low, size, label]) => [NET + low, size, label] as const),
    ]);
    const { blocks: image, rest, hasRanges, at } = look(parts, "blocks");
    expect([image?.labelled, rest, hasRanges]).toEqual([true, 0, leads]);
    expectEachEnd(parts, at);
  });

  test("lie over ranges, where the rest is not of one class", () => {
    const blocks = [
      [0x0a00_0000, 2 ** 24, 1],
      [0x0a01_0200, 256, 2],
      [0x0a01_0280, 1, 3],
      [0x0a01_0300, 256, 3],
      [0x0a01_0301, 1, 0],
      [0x0a01_0500, 768, 3],
      [0xffff_ffff, 1, 4],
    ] as const;
    const parts = partsOf([[0x5000_0000, 2 ** 28, 9], ...spread(64, 1, (i) => 1 + (i % 9)), ...blocks]);
    const { rest, at } = look(parts, "blocks");
    expect(rest).toBeNull();
    expectEachEnd(parts, at);
    expect(
      [
        0x09ff_ffff, 0x0a00_0000, 0x0a01_01ff, 0x0a01_0200, 0x0a01_027f, 0x0a01_0280, 0x0a01_0281,
        0x0a01_02ff, 0x0a01_0300, 0x0a01_0301, 0x0a01_03ff, 0x0a01_0400, 0x0b00_0001, 0xffff_fffe,
        0xffff_ffff,
      ].map(at),
    ).toEqual([0, 1, 1, 2, 2, 3, 2, 2, 3, 0, 3, 1, 0, 0, 4]);
  });

  test("leave to ranges what finds no place", () => {
    // Of every 128th group all /24s, which are as many as a region's buckets have slots for none else.
    const regions = 1024;
    const crowded: (readonly [number, number, number])[] = [];
    for (let block = 0; block < 2 ** 24 && crowded.length < 2000; block++)
      if (block4Group(block4Product(block * 256, regions)) >>> 7 === 7)
        for (const low of [1, 2, 3]) crowded.push([block * 256 + low * 16, 1, 5]);
    const parts = partsOf(crowded.toSorted(([a], [b]) => a - b));
    const { blocks, rest, hasRanges, at } = look(parts, "blocks");
    expect([blocks?.regions, rest, hasRanges]).toEqual([regions, 0, true]);
    expectEachEnd(parts, at);
  });

  test.each([
    ["ranges, where they are few", 60_000, () => 3, null],
    ["blocks, where they are many", 80_000, () => 3, 1024],
    ["ranges, where labels would take more memory than they save", 80_000, (i: number) => 1 + (i % 9), null],
    ["blocks with labels, where they are more still", 400_000, (i: number) => 1 + (i % 9), 1024],
  ] as const)("hosts are found by %s", (_, count, label, regions) => {
    const { blocks } = images4(segmentsOf(hosts(count, label)));
    expect(blocks?.regions ?? null).toBe(regions);
  });

  test.each([1024, 1025, 2875])("of %i regions have a place of its own for every /24", (regions) => {
    const seen = new Uint8Array(regions * 2 ** 14);
    for (let block = 0; block < 2 ** 24; block++) {
      const product = block4Product(block * 256, regions);
      seen[block4Group(product) * 128 + block4Bucket(product)]!++;
    }
    expect(seen.findIndex((times) => times > 1)).toBe(-1);
  });
});

test("every address gets the class of its part, with blocks and without", () => {
  const near = fc.oneof(
    fc.nat(2 ** 32 - 1),
    fc.nat(4095).map((at) => 0x0a01_0000 + at),
  );
  const block = fc
    .tuple(near, fc.constantFrom(0, 0, 0, 1, 4, 7, 8, 8, 10, 12, 20), fc.nat(9))
    .map(([at, bits, label]) => [Math.floor(at / 2 ** bits) * 2 ** bits, 2 ** bits, label] as const);
  const arbitrary = [fc.array(block, { maxLength: 300 }), fc.constantFrom(1, 9), fc.nat(9)] as const;
  fc.assert(
    fc.property(...arbitrary, fc.constantFrom("ranges", "blocks"), (blocks, labels, background, way) => {
      const parts = partsOf(
        blocks.map(([first, size, label]) => [first, size, Math.min(label, labels)]),
        background,
      );
      expectEachEnd(parts, look(parts, way).at);
    }),
    { numRuns: 100 },
  );
});
