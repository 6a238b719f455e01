// Address tables in the kernel: what the program finds for an address is what the sets say, whichever tables the compiler
// chose.

import { strict as assert } from "node:assert";
import { beforeAll, expect, test } from "vitest";
import { contains, fromPrefixes } from "../../src/ir/address-set.ts";
import { type Family, formatAddress, type Prefix } from "../../src/ir/prefix.ts";
import { Random } from "../differential/random.ts";
import { describeKernel } from "../support/kernel.ts";
import { walkAddresses } from "./address-walk.ts";
import { buildObject } from "./harness.ts";
import { decideSources } from "./source-rules.ts";

beforeAll(buildObject);

const SEED = 20_261_122;
const END = { 4: 1n << 32n, 6: 1n << 128n } as const;
const BITS = { 4: 32, 6: 128 } as const;
/** The /16 that a quarter of IPv4 prefixes are in. */
const CROWDED = 0x0a01;

function prefixOf(family: Family, address: bigint, length: number): Prefix {
  const rest = BigInt(BITS[family] - length);
  const first = (address >> rest) << rest;
  return { family, first, last: first + (1n << rest) - 1n, length };
}

/** `lengths`, each as often as it stands there, with blocks where prefixes crowd. `blocks`: /32s that have IPv6 hosts. */
function randomPrefixes(
  random: Random,
  family: Family,
  count: number,
  lengths: readonly number[],
  blocks: number,
): Prefix[] {
  return Array.from({ length: count }, () => {
    const length = lengths[random.below(lengths.length)]!;
    let address = 0n;
    for (let word = 0; word < BITS[family] / 32; word++)
      address = (address << 32n) | BigInt(random.below(2 ** 32));
    if (family === 6)
      address =
        (BigInt(0x2000_0000 + random.below(length === 128 ? blocks : 4096) * 1024) << 96n) |
        BigInt.asUintN(96, address);
    else if (random.below(4) === 0) address = BigInt(CROWDED * 0x1_0000 + random.below(0x1_0000));
    return prefixOf(family, address, length);
  });
}

/** First and last addresses of prefixes, those beside them, and random ones within. */
function probes(random: Random, prefixes: readonly Prefix[], count: number): bigint[] {
  const { family } = prefixes[0]!;
  const found: bigint[] = [0n, END[family] - 1n];
  while (found.length < count) {
    const { first, last } = prefixes[random.below(prefixes.length)]!;
    const inside = first + (BigInt(random.below(2 ** 32)) * (last - first)) / BigInt(2 ** 32);
    for (const at of [first - 1n, first, inside, last, last + 1n])
      if (at >= 0n && at < END[family]) found.push(at);
  }
  return found.slice(0, count);
}

/** A large set, and small ones over it. */
const THREE = [0.02, 0.02, 1] as const;
const ALONE = [1] as const;
const RANGES = ["root", "ranges"] as const;
const BLOCKS = ["blocks", "root", "ranges"] as const;
const NETS_AND_HOSTS = ["hosts", "nets", "root", "ranges"] as const;
const MANY4 = [32, 32, 32, 32, 32, 24, 24, 22, 27] as const;

describeKernel("an address's source rule", () => {
  test.each([
    ["few IPv4 prefixes", 4, THREE, 500, [8, 16, 23, 24, 31, 32], RANGES, 4096],
    ["IPv4 /24s that crowd", 4, THREE, 1000, [24], RANGES, 4096],
    ["IPv4 /26s that crowd", 4, THREE, 4000, [24, 26, 26, 26], RANGES, 4096],
    ["many IPv4 prefixes, of which some crowd", 4, THREE, 220_000, MANY4, BLOCKS, 4096],
    ["one set of many IPv4 prefixes", 4, ALONE, 220_000, MANY4, ["blocks"], 4096],
    ["IPv4 addresses, of which some crowd", 4, THREE, 140_000, [32], BLOCKS, 4096],
    ["one set of IPv4 addresses, of which some crowd", 4, ALONE, 140_000, [32, 32, 31], BLOCKS, 4096],
    ["many IPv4 prefixes and short ones", 4, THREE, 450_000, [...MANY4, ...MANY4, 17], BLOCKS, 4096],
    [
      "one set of many IPv4 prefixes and short ones",
      4,
      ALONE,
      450_000,
      [...MANY4, ...MANY4, 17],
      BLOCKS,
      4096,
    ],
    ["few IPv6 prefixes", 6, THREE, 300, [29, 32, 48, 64, 96, 128], RANGES, 4096],
    ["many IPv6 prefixes", 6, THREE, 12_000, [32, 40, 48, 48, 64, 64, 96, 128, 128], NETS_AND_HOSTS, 4096],
    [
      "IPv6 prefixes of which some /32s have hundreds",
      6,
      THREE,
      12_000,
      [32, 48, 48, 128, 128],
      NETS_AND_HOSTS,
      8,
    ],
    ["IPv6 prefixes that all crowd", 6, THREE, 12_000, [48, 64, 64, 128], ["hosts", "nets"], 8],
  ] as const)("of %s is the first whose set has it", (_, family, parts, count, lengths, tables, blocks) => {
    const random = new Random(SEED);
    const lists = parts.map((part) =>
      randomPrefixes(random, family, Math.ceil(part * count), lengths, blocks),
    );
    const sets = lists.map(fromPrefixes);
    const addresses = probes(random, lists.flat(), 10_000);
    const { found, sections } = decideSources(sets, family, addresses);
    expect(sections.filter((name) => name.startsWith(`source${family}_`))).toEqual(
      tables.map((name) => `source${family}_${name}`),
    );
    const wrong = addresses.filter(
      (address, i) => found[i] !== sets.findIndex((set) => contains(set, family, address)),
    );
    assert.deepEqual(
      wrong.slice(0, 5).map((address) => formatAddress(family, address)),
      [],
      `seed ${SEED}`,
    );
  });

  test.each([
    ["few prefixes", THREE, 500, [8, 16, 23, 24, 31, 32]],
    ["/26s that crowd", THREE, 4000, [24, 26, 26, 26]],
    ["many prefixes, of which some crowd", THREE, 220_000, MANY4],
    ["one set of many prefixes and short ones", ALONE, 450_000, [...MANY4, ...MANY4, 17]],
    ["one set of addresses, of which some crowd", ALONE, 140_000, [32, 32, 31]],
  ] as const)(
    "tells apart what the sets do, and nothing else, of %s: every IPv4 address of many /16s",
    (_, parts, count, lengths) => {
      const random = new Random(SEED);
      const lists = parts.map((part) => randomPrefixes(random, 4, Math.ceil(part * count), lengths, 0));
      const { addresses, classes, wrong } = walkAddresses(lists, [0, CROWDED, CROWDED + 1, 0xffff]);
      expect(wrong, `of ${addresses} addresses, seed ${SEED}`).toEqual([]);
      expect(classes).toBeGreaterThan(parts.length);
    },
  );

  test("prefers an address to the block around it, where both are listed: every IPv4 address of many /16s", () => {
    const random = new Random(SEED);
    const around = randomPrefixes(random, 4, 60_000, [24], 0);
    const within = around.flatMap(({ first }, i) =>
      [0, 1, 2]
        .slice(i % 4)
        .map((set) => ({ set, prefix: prefixOf(4, first + BigInt(random.below(256)), 32) })),
    );
    const lists = [0, 1, 2].map((set) => within.filter((one) => one.set === set).map(({ prefix }) => prefix));
    const { addresses, classes, wrong } = walkAddresses([...lists, around], [CROWDED]);
    expect(wrong, `of ${addresses} addresses, seed ${SEED}`).toEqual([]);
    expect(classes).toBeGreaterThan(4);
  });
});
