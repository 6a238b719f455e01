import { describe, expect, test } from "vitest";
import {
  expectEachEnd,
  LABELLED,
  look,
  type Part,
  partsOf,
  SMALL,
  SMALL_UNLABELLED,
  segmentsOf,
  UNLABELLED,
} from "./address4-fixture.ts";
import { images4 } from "./address4-images.ts";
import {
  block4Bucket,
  block4Group,
  block4LabelTag,
  block4Product,
  block4Tag,
  SMALL_BLOCK4_SIZE,
} from "./address4-mix.ts";

describe("blocks", () => {
  /** Spread over all /16s: no two in one /24, up to 2^20 of them. */
  const spread = (count: number, size: number, label: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => {
      const block = Math.imul(i, 0x9e3779) & 0xffffff;
      return [block * 256 + ((i * 37) % (256 / size)) * size, size, label(i)] as const;
    });
  /** As partsOf() makes of single addresses, for many; no two of them are neighbours. */
  const partsOfHosts = (
    hosts: readonly (readonly [first: number, size: number, label: number])[],
  ): Part[] => [
    [0, 0],
    ...hosts
      .toSorted(([a], [b]) => a - b)
      .flatMap(([first, , own]): Part[] => [
        [first, own],
        [first + 1, 0],
      ])
      .filter(([first]) => first > 1),
  ];
  const hosts = (count: number, label: (i: number) => number) => partsOfHosts(spread(count, 1, label));
  const NET = 0x0a01_0200;

  test.each([
    ["one class have no labels", 2000, () => 5, 0, 0],
    ["many classes have labels", 2000, (i: number) => 1 + (i % 999), 0x3ff, 0],
    ["the greatest classes have them", 2000, (i: number) => 65_533 + (i % 2), 0xffff, 0],
    ["one class and few others have none", 2000, (i: number) => (i % 20 === 0 ? 6 : 5), 0, 0],
  ] as const)("of hosts of %s", (_, count, label, classMask, rest) => {
    const known = hosts(count, label);
    for (const way of [UNLABELLED, SMALL_UNLABELLED]) {
      const found = look(known, way);
      expect([found.blocks?.size, found.blocks?.classMask, found.rest]).toEqual([way.size, classMask, rest]);
      expectEachEnd(known, found.at);
    }
  });

  test.each([1, 2, 4, 8, 16, 32, 64, 128, 256])("of prefixes of %i addresses", (size) => {
    const parts = partsOf(spread(700, size, () => 3));
    for (const [way, classMask] of [
      [UNLABELLED, 0],
      [LABELLED, 3],
    ] as const) {
      const { blocks, rest, hasRanges, at } = look(parts, way);
      expect([blocks?.classMask, rest, hasRanges]).toEqual([classMask, 0, false]);
      expectEachEnd(parts, at);
    }
  });

  test.each([1, 2, 4, 8])("of a /29, of prefixes of %i addresses", (size) => {
    const parts = partsOf(spread(700, size, (i) => 1 + (i % 5)));
    const { blocks, rest, hasRanges, at } = look(parts, SMALL);
    expect([blocks?.classMask, rest, hasRanges]).toEqual([7, 0, false]);
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
    expect(look(merged(hosts!), UNLABELLED).rest).toBe(0);
    expect(look(merged(few!), UNLABELLED).rest).toBeNull();
    for (const more of [hosts!, few!]) expectEachEnd(merged(more), look(merged(more), UNLABELLED).at);
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
      false,
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
    const { blocks: image, rest, hasRanges, at } = look(parts, UNLABELLED);
    expect([image?.classMask, rest, hasRanges]).toEqual([0, 0, leads]);
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
      false,
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
    const { blocks: image, rest, hasRanges, at } = look(parts, UNLABELLED);
    expect([image?.classMask, rest, hasRanges]).toEqual([15, 0, leads]);
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
    const { rest, at } = look(parts, UNLABELLED);
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
      if (block4Group(block4Product(block * 256, 256, regions)) >>> 7 === 7)
        for (const low of [1, 2, 3]) crowded.push([block * 256 + low * 16, 1, 5]);
    const parts = partsOf(crowded.toSorted(([a], [b]) => a - b));
    const { blocks, rest, hasRanges, at } = look(parts, UNLABELLED);
    expect([blocks?.regions, rest, hasRanges]).toEqual([regions, 0, true]);
    expectEachEnd(parts, at);
  });

  /** `count` hosts, so many in a /24, a /29 each. */
  const together = (count: number, each: number) =>
    partsOfHosts(
      spread(Math.ceil(count / each), 256, () => 3).flatMap(([first]) =>
        Array.from({ length: each }, (_, i) => [first + 1 + 8 * i, 1, 3] as const),
      ),
    );

  test.each([
    ["ranges, where they are few", hosts(8000, () => 3), null, null, null],
    ["blocks, where they are many", hosts(150_000, () => 3), 256, 0, 1024],
    ["blocks with labels, where that takes half of the memory", hosts(80_000, () => 3), 256, 3, 174],
    ["blocks with labels, where classes are many", hosts(80_000, (i) => 1 + (i % 9)), 256, 15, 174],
    ["blocks of a /24, where a /24 has four of them", together(80_000, 4), 256, 3, 174],
    ["blocks of a /29, where a /24 has more", together(80_000, 5), 8, 3, 174],
  ] as const)("hosts are found by %s", (_, parts, size, classMask, regions) => {
    const { blocks } = images4(segmentsOf(parts));
    expect([blocks?.size ?? null, blocks?.classMask ?? null, blocks?.regions ?? null]).toEqual([
      size,
      classMask,
      regions,
    ]);
  });

  test.each([
    ["a /24", 256, 0, 1024],
    ["a /24, with six bits of labels", 256, 0x3ff, 16],
    ["a /29", 8, 0, 1024],
    ["a /29, with six bits of labels", 8, 0x3ff, 16],
  ] as const)(
    "of %s are told apart by what slots and labels have of them, and no fewer regions do",
    (_, size, classMask, regions) => {
      const inSlot = size === SMALL_BLOCK4_SIZE ? 5 : 0;
      const inLabel = classMask === 0 ? 0 : 16 - Math.log2(classMask + 1);
      /** Of 2^21 blocks anywhere, those of which all that is known is known of another one, too. */
      const notTold = (regions: number) => {
        const seen = new Set<number>();
        for (let i = 0; i < 2 ** 21; i++) {
          const address = Math.imul(i * size, 0x9e3779b1) >>> 0;
          const product = block4Product(address, size, regions);
          const place = block4Group(product) * 128 + block4Bucket(product);
          const tag = (block4Tag(product, size) & 0x1ff) >>> 4;
          const label = block4LabelTag(product, size) >>> (16 - inLabel);
          seen.add((place * 2 ** inSlot + tag) * 2 ** inLabel + label);
        }
        return 2 ** 21 - seen.size;
      };
      expect(notTold(regions)).toBe(0);
      expect(notTold(regions / 2)).toBeGreaterThan(1000);
    },
  );
});
