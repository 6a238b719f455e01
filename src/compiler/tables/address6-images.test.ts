import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOSTS6_MARKED, PRESENT_REST_UNIFORM, type SectionName } from "../../bundle/abi.ts";
import { checkHosts6, checkNets6, checkRanges6 } from "../../bundle/address6-consistency.ts";
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
  const { root, rest, ranges, hosts, nets } = images6(segments, alone);
  const none = { buckets: 0, pilots: 0, pilotMask: 0, keyShift: 0 };
  const images = new Map<SectionName, Uint8Array>();
  if (root) images.set("source6_root", root);
  if (ranges) images.set("source6_ranges", ranges);
  if (hosts) images.set("source6_hosts", hosts.image);
  if (nets) images.set("source6_nets", nets.image);
  const table = {
    present: rest === null ? 1 : PRESENT_REST_UNIFORM,
    uniformClass: rest ?? 0,
    hosts6: hosts ?? none,
    nets6: nets ?? none,
  };
  // What the reader of a bundle checks holds for whatever the compiler makes.
  if (root) checkRanges6("source6_root", "source6_ranges", images);
  checkHosts6("source6_hosts", table.hosts6, nets !== null, images);
  checkNets6("source6_nets", table.nets6, hosts?.keyShift === HOSTS6_MARKED, images);
  return {
    hosts,
    nets,
    left: (ranges?.length ?? 0) / 32,
    at: (address: bigint) => class6(images, "source", table, address),
  };
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
  ] as const)("hold all %s and the gaps between, however they crowd, in six a line", (_, length, stride) => {
    const segments = apart(spread(5000, length, stride, () => 1));
    const { nets, left, at } = look(segments, 0);
    expect(left).toBe(0);
    expect(nets!.buckets).toBeLessThan((2 * 5000) / 6);
    expectEachEnd(segments, at);
  });

  test("prefixes that no key parts are left to the ranges", () => {
    // 5,000 /32s, and in a /32 of its own a hundred /64s.
    const blocks = [
      ...spread(5000, 32, 1n << 97n, () => 1),
      ...spread(100, 64, 2n << 64n, () => 1).map(
        ([first, ...rest]): Block => [first + (0x1000n << 112n), ...rest],
      ),
    ];
    const segments = apart(blocks);
    const { nets, left, at } = look(segments, 0);
    expect(nets!.keyShift).toBe(32);
    expect(left).toBeGreaterThan(2 * 93);
    expectEachEnd(segments, at);
  });

  test("hosts stand in a table, and their /64s in another says so", () => {
    const segments = apart(spread(5000, 128, 123_456_789_012_345_678_901n, (i) => 1 + (i % 254)));
    const { hosts, nets, left, at } = look(segments, 0);
    expect([hosts?.keyShift, nets !== null, left]).toEqual([HOSTS6_MARKED, true, 0]);
    expectEachEnd(segments, at);
  });

  test("many hosts of one /64 take one slot of nets", () => {
    const segments = apart(spread(5000, 128, 1n << 40n, () => 1));
    const { nets, left, at } = look(segments, 0);
    const slots = nets!.image.subarray(nets!.pilots).filter((byte) => byte !== 0);
    expect([slots.length < 16, left]).toEqual([true, 0]);
    expectEachEnd(segments, at);
  });

  test("hosts whose /64s crowd beside /32s are asked for without nets", () => {
    const crowd = spread(10_000, 128, 1n << 64n, () => 1).map(
      ([first, ...rest]): Block => [first + (0x1000n << 112n), ...rest],
    );
    const segments = apart([...spread(50_000, 32, 1n << 97n, () => 2), ...crowd]);
    const { hosts, nets, left, at } = look(segments, 0);
    expect([hosts?.keyShift, nets?.keyShift, left]).toEqual([0, 32, 0]);
    expectEachEnd(segments, at);
  });

  test("leave classes that have no code to the ranges", () => {
    const blocks = [
      ...spread(500, 128, 12_345_678_901_234_567n, (i) => 253 + (i % 2)),
      ...spread(500, 128, 12_345_678_901_234_567n, (i) => 254 + (i % 2)).map(
        ([first, ...rest]): Block => [first + (1n << 113n), ...rest],
      ),
      ...spread(500, 48, 1n << 96n, (i) => 254 + (i % 2)).map(
        ([first, ...rest]): Block => [first + (1n << 114n), ...rest],
      ),
    ];
    const segments = apart(blocks);
    const { left, at } = look(segments, 0);
    expect(left).toBeGreaterThanOrEqual(2 * (250 + 250));
    expect(left).toBeLessThan(2 * (250 + 250) + 32);
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

  test("a prefix keeps its class around hosts", () => {
    const site = 0x2001_0db8_0001n << 80n;
    const segments = segmentsOf([
      [site, 48, 2],
      [site + 7n, 128, 4],
      [site + (1n << 80n), 64, 3],
      [site + (1n << 80n), 128, 4],
      [site + (1n << 80n) + (1n << 64n) - 1n, 128, 4],
    ]);
    const { at } = look(segments, 0);
    expectEachEnd(segments, at);
    expect([site, site + 8n, site + (1n << 64n), site + (1n << 80n) + 1n].map(at)).toEqual([2, 2, 2, 3]);
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
