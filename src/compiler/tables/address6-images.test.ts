import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SectionName } from "../../bundle/abi.ts";
import { checkExact6, checkRanges6 } from "../../bundle/address6-consistency.ts";
import { images6 } from "./address6-images.ts";
import { class6 } from "./decode.ts";

const END = 1n << 128n;

type Block = readonly [first: bigint, length: number, label: number];

/** Segments of blocks over a background of class 0: later blocks lie over earlier ones. */
function segmentsOf(blocks: readonly Block[]) {
  const edges = new Set([0n]);
  for (const [first, length] of blocks) edges.add(first).add(first + (1n << BigInt(128 - length)));
  const firsts: bigint[] = [];
  const classes: number[] = [];
  const inside = (at: bigint, [first, length]: Block) =>
    at >> BigInt(128 - length) === first >> BigInt(128 - length);
  for (const at of [...edges].filter((edge) => edge < END).sort((a, b) => (a < b ? -1 : 1))) {
    const label = blocks.findLast((block) => inside(at, block))?.[2] ?? 0;
    if (classes.at(-1) === label) continue;
    firsts.push(at);
    classes.push(label);
  }
  return { firsts, classes: Uint32Array.from(classes) };
}

function look(segments: ReturnType<typeof segmentsOf>, alone: number) {
  const { root, ranges, hosts, nets } = images6(segments, alone);
  const none = { buckets: 0, classBits: 0, classIndex: 0, keyBits: 0 };
  const images = new Map<SectionName, Uint8Array>([
    ["source6_root", root],
    ["source6_ranges", ranges],
  ]);
  if (hosts) images.set("source6_hosts", hosts.image);
  if (nets) images.set("source6_nets", nets.image);
  const tables = { hosts: hosts ?? none, nets: nets ?? none };
  // What the reader of a bundle checks holds for whatever the compiler makes.
  checkRanges6("source6_root", "source6_ranges", images);
  checkExact6("source6_hosts", "hosts", tables.hosts, images);
  checkExact6("source6_nets", "nets", tables.nets, images);
  return { hosts, nets, ranges, at: (address: bigint) => class6(images, "source", tables, address) };
}

/** The first and last address of each segment. */
function expectEachEnd({ firsts, classes }: ReturnType<typeof segmentsOf>, at: (address: bigint) => number) {
  const wrong: string[] = [];
  firsts.forEach((first, i) => {
    for (const address of [first, (firsts[i + 1] ?? END) - 1n])
      if (at(address) !== classes[i]) wrong.push(address.toString(16));
  });
  expect(wrong).toEqual([]);
}

/** `count` prefixes under the first bits of 2001:db8::, `stride` apart. */
const spread = (count: number, length: number, stride: bigint, label: (i: number) => number): Block[] =>
  Array.from({ length: count }, (_, i) => [(0x20010db8n << 96n) + BigInt(i) * stride, length, label(i)]);

/** Without looking up each edge's block: the blocks do not meet. */
function apart(blocks: readonly Block[]) {
  const parts = blocks.flatMap(([first, length, label]): [bigint, number][] => [
    [first, label],
    [first + (1n << BigInt(128 - length)), 0],
  ]);
  return {
    firsts: [0n, ...parts.map(([at]) => at)],
    classes: Uint32Array.from([0, ...parts.map(([, label]) => label)]),
  };
}

describe("exact tables", () => {
  test.each([
    ["/32s", 32, 1n << 97n],
    ["/48s of many /32s", 48, 1n << 95n],
    ["/64s of few /32s", 64, 1n << 77n],
    ["/64s of one /48", 64, 2n << 64n],
  ] as const)("hold seven in eight %s, however they crowd", (_, length, stride) => {
    const segments = apart(spread(5000, length, stride, () => 1));
    const { ranges, at } = look(segments, 0);
    expect(ranges.length / 32).toBeLessThan((2 * 5000) / 8);
    expectEachEnd(segments, at);
  });

  test("hosts stand in a table, their classes with them", () => {
    const segments = apart(spread(5000, 128, 12_345_678_901_234_567n, (i) => 1 + (i % 300)));
    const { hosts, nets, at } = look(segments, 0);
    expect([hosts?.classBits, nets]).toEqual([11, null]);
    expectEachEnd(segments, at);
  });

  test("leave classes that they have no bits for to the ranges", () => {
    const blocks = [
      ...spread(500, 128, 12_345_678_901_234_567n, (i) => 1 + (i % 2) * 60_000),
      ...spread(500, 48, 1n << 96n, (i) => 1 + (i % 2) * 60_000).map(
        ([first, ...rest]): Block => [first + (1n << 100n), ...rest],
      ),
    ];
    const segments = apart(blocks);
    const { ranges, at } = look(segments, 0);
    expect(ranges.length).toBeGreaterThan(500 * 32);
    expectEachEnd(segments, at);
  });

  test("a host lies over a /64, that over a /48, and all over ranges", () => {
    const site = 0x2001_0db8_0001n << 80n;
    const segments = segmentsOf([
      [0x2001_0db8n << 96n, 30, 1],
      [site, 48, 2],
      [site + (5n << 64n), 64, 3],
      [site + (5n << 64n) + 7n, 128, 4],
      [END - 1n, 128, 5],
    ]);
    const { hosts, nets, at } = look(segments, 0);
    expect([hosts?.buckets, nets?.buckets]).toEqual([256, 256]);
    expectEachEnd(segments, at);
    expect(at(site + (5n << 64n) + 8n)).toBe(3);
  });
});

test("every address gets the class of its part, with exact tables and without", () => {
  const part = fc.bigInt({ min: 0n, max: 15n });
  const near = fc
    .tuple(part, part, part, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }))
    .map(([a, b, c, low]) => ((0x2001_0db8n + a) << 96n) | (b << 80n) | (c << 64n) | low);
  const anywhere = fc.bigInt({ min: 0n, max: END - 1n });
  const block = fc
    .tuple(
      fc.oneof(near, anywhere),
      fc.constantFrom(0, 1, 16, 29, 32, 33, 40, 48, 56, 63, 64, 65, 127, 128, 128),
      fc.nat(9),
    )
    .map(
      ([at, length, label]): Block => [(at >> BigInt(128 - length)) << BigInt(128 - length), length, label],
    );
  fc.assert(
    fc.property(fc.array(block, { maxLength: 200 }), fc.boolean(), (blocks, exact) => {
      const segments = segmentsOf(blocks);
      expectEachEnd(segments, look(segments, exact ? 0 : Infinity).at);
    }),
    { numRuns: 60 },
  );
});
