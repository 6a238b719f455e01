// The sets of real lists against the kernel's own longest-prefix trie, filled line by line from the text files.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { type AddressSet, fromPrefixes } from "../../src/ir/address-set.ts";
import { type Family, formatAddress, isFault, type Prefix, parsePrefix } from "../../src/ir/prefix.ts";
import { BpfMap, MAP_FLAGS } from "../../src/runtime/bpf/index.ts";
import { Random } from "../differential/random.ts";
import { buildObject } from "../kernel/harness.ts";
import { decideSources } from "../kernel/source-rules.ts";
import { kernelSkipReason } from "../support/kernel.ts";
import { countryCodes, countryFiles, DATA, dataSkipReason, toNumber } from "./lists.ts";

const SEED = 20_260_822;
const ADDRESSES = 100_000;
const BYTES = { 4: 4, 6: 16 } as const;

const skipReason = kernelSkipReason ?? dataSkipReason;
if (skipReason !== null) console.error(`skipping the comparison with the kernel's trie: ${skipReason}`);

/** First column of each line, with its length. */
function linesOf(name: string): { address: bigint; length: number; family: Family; text: string }[] {
  const text = readFileSync(fileURLToPath(new URL(`../../${DATA}/${name}`, import.meta.url)), "utf8");
  return text
    .split("\n")
    .map((line) => line.split(/[\s#]/, 1)[0]!)
    .filter((column) => column !== "")
    .map((column) => {
      const family = column.includes(":") ? 6 : 4;
      const [address = "", length = String(8 * BYTES[family])] = column.split("/");
      return { address: toNumber(address), length: Number(length), family, text: column };
    });
}
type Line = ReturnType<typeof linesOf>[number];

function keyOf(family: Family, address: bigint, length: number): Uint8Array {
  const key = Buffer.alloc(4 + BYTES[family]);
  key.writeUInt32LE(length);
  key.write(address.toString(16).padStart(2 * BYTES[family], "0"), 4, "hex");
  return key;
}

/** Line by line; the value is the owner's number plus 1. */
function trieOf(family: Family, lists: readonly (readonly Line[])[]): BpfMap {
  const trie = BpfMap.create({
    type: "lpm_trie",
    name: `real_${family}`,
    keyBytes: 4 + BYTES[family],
    valueBytes: 4,
    maxEntries: 1_000_000,
    flags: MAP_FLAGS.noPreallocate,
  });
  lists.forEach((lines, owner) => {
    const value = Buffer.alloc(4);
    value.writeUInt32LE(owner + 1);
    for (const line of lines)
      if (line.family === family) trie.update(keyOf(family, line.address, line.length), value);
  });
  return trie;
}

/** The owner's number, -1 for none. */
function ownerIn(trie: BpfMap, family: Family, address: bigint): number {
  const value = trie.lookup(keyOf(family, address, 8 * BYTES[family]));
  return value === null ? -1 : Buffer.from(value).readUInt32LE() - 1;
}

function setOf(lines: readonly Line[]): AddressSet {
  return fromPrefixes(
    lines.map(({ text }): Prefix => {
      const prefix = parsePrefix(text);
      if (isFault(prefix)) throw new Error(`${text} is no prefix`);
      return prefix;
    }),
  );
}

/** Half of them ends of lines and the addresses beside, half of them random near a line or anywhere. */
function probes(family: Family, lines: readonly Line[]): bigint[] {
  const random = new Random(SEED);
  const bits = 8 * BYTES[family];
  const own = lines.filter((line) => line.family === family);
  const found: bigint[] = [];
  while (found.length < ADDRESSES) {
    const { address, length } = random.pick(own);
    const last = address + (1n << BigInt(bits - length)) - 1n;
    let anywhere = 0n;
    for (let word = 0; word < bits / 32; word++) anywhere = (anywhere << 32n) | BigInt(random.bits());
    const near = address ^ (anywhere >> BigInt(random.below(bits)));
    for (const at of [address - 1n, address, last, last + 1n, near, near ^ 1n, anywhere, ~near])
      found.push(BigInt.asUintN(bits, at));
  }
  return found.slice(0, ADDRESSES);
}

describe.skipIf(skipReason !== null)("real lists as sets", () => {
  let feed: Line[];
  let countries: Line[][];

  beforeAll(() => {
    buildObject();
    feed = linesOf("ipsum.txt");
    countries = countryCodes().map((code) => countryFiles(code).flatMap(linesOf));
  });

  test.each([
    [4, "below a deny feed"],
    [6, "alone"],
  ] as const)("IPv%i countries %s are what the kernel's trie finds", (family, order) => {
    const byCountry = countries.map(setOf);
    const denied = setOf(feed);
    const sets = order === "below a deny feed" ? [denied, ...byCountry] : [...byCountry, denied];
    using countryTrie = trieOf(family, countries);
    using feedTrie = trieOf(family, [feed]);
    const expected = (address: bigint) => {
      const country = ownerIn(countryTrie, family, address);
      const isDenied = ownerIn(feedTrie, family, address) === 0;
      if (order === "below a deny feed") return isDenied ? 0 : country < 0 ? -1 : country + 1;
      return country >= 0 ? country : isDenied ? byCountry.length : -1;
    };
    const addresses = probes(family, [...countries.flat(), ...feed]);
    const { found } = decideSources(sets, family, addresses);
    const wrong = addresses.filter((address, i) => found[i] !== expected(address));
    expect(wrong.slice(0, 5).map((address) => formatAddress(family, address))).toEqual([]);
    expect(new Set(found).size).toBeGreaterThan(100);
  });
});
