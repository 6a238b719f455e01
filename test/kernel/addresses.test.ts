// Address tables in the kernel: what the program finds for an address is what the sets say, whichever tables the compiler
// chose.

import { strict as assert } from "node:assert";
import { beforeAll, expect, test } from "vitest";
import { INSTANCE, PROOF, RODATA, type SectionName } from "../../src/bundle/abi.ts";
import { fleetOf, ruleOf } from "../../src/compiler/tables/fleet-fixture.ts";
import { buildTables, stableId } from "../../src/compiler/tables/index.ts";
import { type AddressSet, contains, fromPrefixes } from "../../src/ir/address-set.ts";
import { type Family, formatAddress, type Prefix } from "../../src/ir/prefix.ts";
import { udp } from "../../src/packet/helpers.ts";
import { BpfMap, BpfObject, MAP_FLAGS } from "../../src/runtime/bpf/index.ts";
import { Random } from "../differential/random.ts";
import { describeKernel } from "../support/kernel.ts";
import { buildObject, OBJECT_PATH } from "./harness.ts";

beforeAll(buildObject);

const SEED = 20_261_122;
const END = { 4: 1n << 32n, 6: 1n << 128n } as const;
const BITS = { 4: 32, 6: 128 } as const;

/** Rule i drops source set i: the rule that decides is the first whose set has the address. Its position, -1 for none. */
function decide(sets: readonly AddressSet[], family: Family, addresses: readonly bigint[]) {
  const fleet = fleetOf(sets.map((source, i) => ruleOf(`p/r${i}`, { source })));
  const { sections } = buildTables(fleet);
  const positions = new Map(fleet.rules.map((rule, i) => [BigInt(`0x${stableId(fleet, rule)}`), i]));
  using object = BpfObject.open(OBJECT_PATH, "addresses");
  const rodata = new Uint8Array(RODATA.bytes);
  rodata.set(sections.get("config")!.bytes);
  new DataView(rodata.buffer).setUint32(RODATA.instance + INSTANCE.proof, 1, true);
  object.setInitialValue(".rodata", rodata);
  const maps: BpfMap[] = [];
  try {
    for (const [name, { bytes }] of sections) {
      if (name === "config") continue;
      const maxEntries = bytes.length / 64;
      const flags = MAP_FLAGS.mmapable;
      const map = BpfMap.create({
        type: "array",
        name: name.slice(0, 15),
        keyBytes: 4,
        valueBytes: 64,
        maxEntries,
        flags,
      });
      maps.push(map);
      map.writeImage(bytes);
      object.reuseMap(name, map);
    }
    object.load();
    const program = object.program("piston_filter");
    const text = (address: bigint) => formatAddress(family, address);
    const packets = addresses.map((address) =>
      family === 4
        ? udp({ from: `${text(address)}:4000`, to: "203.0.113.5:53" })
        : udp({ from: `[${text(address)}]:4000`, to: "[2001:db8::5]:53" }),
    );
    const offsets = Uint32Array.from([0, ...packets].map((_, i) => i * packets[0]!.length));
    const metadata = new Uint8Array(PROOF.bytes * packets.length);
    program.testRunMany(Buffer.concat(packets), offsets, metadata);
    program.close();
    const view = new DataView(metadata.buffer);
    const found = packets.map(
      (_, i) => positions.get(view.getBigUint64(PROOF.bytes * i + PROOF.ruleId, true)) ?? -1,
    );
    return { found, sections: [...sections.keys()] };
  } finally {
    for (const map of maps) map.close();
  }
}

function prefixOf(family: Family, address: bigint, length: number): Prefix {
  const rest = BigInt(BITS[family] - length);
  const first = (address >> rest) << rest;
  return { family, first, last: first + (1n << rest) - 1n, length };
}

/** `lengths`, each as often as it stands there, with blocks where prefixes crowd. */
function randomPrefixes(random: Random, family: Family, count: number, lengths: readonly number[]): Prefix[] {
  return Array.from({ length: count }, () => {
    let address = 0n;
    for (let word = 0; word < BITS[family] / 32; word++)
      address = (address << 32n) | BigInt(random.below(2 ** 32));
    if (family === 6)
      address = (BigInt(0x2000_0000 + random.below(4096) * 1024) << 96n) | BigInt.asUintN(96, address);
    else if (random.below(4) === 0) address = BigInt(0x0a01_0000 + random.below(0x1_0000));
    return prefixOf(family, address, lengths[random.below(lengths.length)]!);
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
    ["few IPv4 prefixes", 4, 500, [8, 16, 23, 24, 31, 32], false],
    ["many IPv4 prefixes", 4, 220_000, [32, 32, 32, 32, 32, 24, 24, 22, 27], true],
    ["few IPv6 prefixes", 6, 300, [29, 32, 48, 64, 96, 128], false],
    ["many IPv6 prefixes", 6, 12_000, [32, 40, 48, 48, 64, 64, 96, 128, 128], true],
  ] as const)("of %s is the first whose set has it", (_, family, count, lengths, hasExact) => {
    const random = new Random(SEED);
    // A large set, and small ones over it.
    const lists = [count / 50, count / 50, count].map((size) =>
      randomPrefixes(random, family, Math.ceil(size), lengths),
    );
    const sets = lists.map(fromPrefixes);
    const addresses = probes(random, lists.flat(), 10_000);
    const { found, sections } = decide(sets, family, addresses);
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
