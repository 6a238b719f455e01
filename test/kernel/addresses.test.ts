// Address tables in the kernel: what the program finds for an address is what the sets say, whichever tables the compiler
// chose.

import { strict as assert } from "node:assert";
import { beforeAll, expect, test } from "vitest";
import type { SectionName } from "../../src/bundle/abi.ts";
import { contains, fromPrefixes } from "../../src/ir/address-set.ts";
import { type Family, formatAddress, type Prefix } from "../../src/ir/prefix.ts";
import { Random } from "../differential/random.ts";
import { describeKernel } from "../support/kernel.ts";
import { buildObject } from "./harness.ts";
import { decideSources } from "./source-rules.ts";

beforeAll(buildObject);

const SEED = 20_261_122;
const END = { 4: 1n << 32n, 6: 1n << 128n } as const;
const BITS = { 4: 32, 6: 128 } as const;

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
    else if (random.below(4) === 0) address = BigInt(0x0a01_0000 + random.below(0x1_0000));
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

const exact = (family: Family): SectionName[] => [`source${family}_hosts`, `source${family}_nets`];

describeKernel("an address's source rule", () => {
  test.each([
    ["few IPv4 prefixes", 4, 500, [8, 16, 23, 24, 31, 32], false, 4096],
    ["IPv4 /24s that crowd", 4, 1000, [24], false, 4096],
    ["IPv4 /26s that crowd", 4, 4000, [24, 26, 26, 26], false, 4096],
    ["many IPv4 prefixes", 4, 220_000, [32, 32, 32, 32, 32, 24, 24, 22, 27], true, 4096],
    ["few IPv6 prefixes", 6, 300, [29, 32, 48, 64, 96, 128], false, 4096],
    ["many IPv6 prefixes", 6, 12_000, [32, 40, 48, 48, 64, 64, 96, 128, 128], true, 4096],
    ["IPv6 prefixes of which some /32s have hundreds", 6, 12_000, [32, 48, 48, 128, 128], true, 8],
    ["IPv6 prefixes that all crowd", 6, 12_000, [48, 64, 64, 128], true, 8],
  ] as const)("of %s is the first whose set has it", (_, family, count, lengths, hasExact, blocks) => {
    const random = new Random(SEED);
    // A large set, and small ones over it.
    const lists = [count / 50, count / 50, count].map((size) =>
      randomPrefixes(random, family, Math.ceil(size), lengths, blocks),
    );
    const sets = lists.map(fromPrefixes);
    const addresses = probes(random, lists.flat(), 10_000);
    const { found, sections } = decideSources(sets, family, addresses);
    for (const name of exact(family)) expect(sections.includes(name)).toBe(hasExact);
    const wrong = addresses.filter(
      (address, i) => found[i] !== sets.findIndex((set) => contains(set, family, address)),
    );
    assert.deepEqual(
      wrong.slice(0, 5).map((address) => formatAddress(family, address)),
      [],
      `seed ${SEED}`,
    );
  });
});
