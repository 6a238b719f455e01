// The IR of a fleet to the values at which its rules change their mind: just outside and just inside every range of
// every field and set, and the times that its limits and blocks take. Where two implementations differ, it is there.

import { limitParameters } from "../../src/ir/limit.ts";
import { FIELD_DOMAIN, FIELD_NAMES, type FieldName, type FleetIr } from "../../src/ir/nodes.ts";
import type { Random } from "./random.ts";

export interface Edges {
  readonly v4: readonly number[];
  readonly v6: readonly bigint[];
  readonly fields: Readonly<Record<FieldName, readonly number[]>>;
  /** In nanoseconds. */
  readonly waits: readonly bigint[];
}

/** A list is cut to so many, at random: a packet needs a hit, not all of them. */
const MOST = 200;

/** Addresses beside those of the list of 200, that only the whole of them tells from it. */
const NEAR_6 = 24;

const LAST_6 = (1n << 128n) - 1n;
const LOW_64 = (1n << 64n) - 1n;
const LANDMARKS_6 = [0x2001_0db8n << 96n, (0xfe80n << 112n) | 1n, (0xffffn << 32n) | 0x0a00_0001n];

export function edgesOf(fleet: FleetIr, random: Random): Edges {
  const v4 = new Set<number>([0x0a00_0001, 0xc633_6407]);
  const v6 = new Set<bigint>(LANDMARKS_6);
  const fields = Object.fromEntries(
    FIELD_NAMES.map((name) => [name, new Set([0, FIELD_DOMAIN[name] - 1])]),
  ) as Record<FieldName, Set<number>>;
  const waits = new Set<bigint>([0n, 1n, 999n, 1_000_000n, 1_000_000_000n]);

  const ranges4 = new Set<Uint32Array>();
  const ranges6 = new Set<readonly bigint[]>();
  for (const { match, action } of [...fleet.management, ...fleet.rules]) {
    for (const side of [match.source, match.destination]) {
      if (!side) continue;
      ranges4.add(side.v4);
      ranges6.add(side.v6);
    }
    for (const name of FIELD_NAMES)
      for (const [first, last] of match.fields[name] ?? [])
        for (const value of [first - 1, first, last, last + 1])
          if (value >= 0 && value < FIELD_DOMAIN[name]) fields[name].add(value);
    if (action.kind !== "limit") continue;
    const { multiplier, burstTicks, blockNs } = limitParameters(action);
    for (const ns of [multiplier >> 20n, burstTicks >> 4n, blockNs])
      for (const wait of [ns - 1n, ns, ns + 1n, ns / 2n]) if (wait >= 0n) waits.add(wait);
  }
  for (const pairs of ranges4)
    pairs.forEach((value, index) => v4.add(value).add((index % 2 === 0 ? value - 1 : value + 1) >>> 0));
  for (const pairs of ranges6)
    pairs.forEach((value, index) => v6.add(value).add((index % 2 === 0 ? value - 1n : value + 1n) & LAST_6));
  return {
    v4: some(v4, random),
    v6: withNear(some(v6, random), random),
    fields: Object.fromEntries(
      FIELD_NAMES.map((name) => [name, some(fields[name], random)]),
    ) as unknown as Edges["fields"],
    waits: [...waits],
  };
}

const u64 = (value: bigint) => BigInt.asUintN(64, value);
const MIX_1 = 0x9e37_79b9_7f4a_7c15n;
const MIX_2 = 0xd6e8_feb8_6659_fd93n;

/** The program's permutation of the 64-bit numbers: address6_mix() in bpf/address6.bpf.h. */
function mix6(half: bigint): bigint {
  const mixed = u64(half * MIX_1);
  return u64((mixed ^ (mixed >> 32n)) * MIX_2);
}
/** The way back: odd factors have inverses, and a shift by half of the bits undoes itself. */
function unmix6(mixed: bigint): bigint {
  const half = u64(mixed * inverse(MIX_2));
  return u64((half ^ (half >> 32n)) * inverse(MIX_1));
}
/** Newton's method: each round doubles the bits that are right, and three of an odd number are its own. */
function inverse(odd: bigint): bigint {
  let found = odd;
  for (let bits = 3; bits < 64; bits *= 2) found = u64(found * (2n - odd * found));
  return found;
}

/** The address of the /64 `high` that an exact table hashes to the same 64 bits as `other`: both are one key but for the low half. */
export function twinIn(high: bigint, other: bigint): bigint {
  return (high << 64n) | unmix6(high ^ (other >> 64n) ^ mix6(other & LOW_64));
}

/** Besides, some that have one half of an address of the list, or are in its /64 and another one's twin. */
function withNear(list: readonly bigint[], random: Random): bigint[] {
  const near = Array.from({ length: NEAR_6 }, (_, i) => {
    const [one, other] = [random.pick(list), random.pick(list)];
    const high = one >> 64n;
    if (i % 2 === 0) return (high << 64n) | (other & LOW_64);
    return twinIn(high, other);
  });
  return [...list, ...near];
}

function some<T>(values: ReadonlySet<T>, random: Random): T[] {
  const list = [...values];
  while (list.length > MOST) {
    const at = random.below(list.length);
    list[at] = list.at(-1)!;
    list.pop();
  }
  return list;
}
