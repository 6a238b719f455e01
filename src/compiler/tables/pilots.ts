// Hashes to the buckets of an IPv6 exact table, filled to nine tenths: a pilot, one byte for each group of hashes, steers its
// group to where there is room. The largest groups choose first, for they find it least.

import { LINE_BYTES } from "../../bundle/abi.ts";
import { bucketOf, steered } from "./address6-mix.ts";
import { groupMembers } from "./groups.ts";

export interface Steering {
  readonly pilots: Uint8Array;
  /** Of each hash; NOWHERE where every bucket that a pilot leads to is full. */
  readonly buckets: Uint32Array;
  readonly bucketCount: number;
  readonly left: number;
}

export const NOWHERE = 0xffff_ffff;

export interface SteerOptions {
  /** Slots of a bucket. */
  readonly slots: number;
  /** Of all slots, tried in turn until no hash is left. The later, the more room for keys that many entries share. */
  readonly fills: readonly number[];
  /** Hashes that share a pilot, at most in the mean. Fewer fill buckets better; more keep the pilots in the first-level cache. */
  readonly meanGroup: number;
}

/** What a slot leaves out of its product a bucket's number must tell: 8 bits (bpf/shared.h). */
const FEWEST_BUCKETS = 256;
const PILOTS = 256;

export function steer(hashes: Uint32Array, { slots, fills, meanGroup }: SteerOptions): Steering {
  let best: Steering | null = null;
  for (const fill of fills) {
    const bucketCount = Math.max(FEWEST_BUCKETS, Math.ceil(hashes.length / slots / fill));
    const steering = steerTo(hashes, slots, meanGroup, bucketCount);
    if (!best || steering.left < best.left) best = steering;
    if (best.left === 0) break;
  }
  return best!; // of at least one
}

function steerTo(hashes: Uint32Array, slots: number, meanGroup: number, bucketCount: number): Steering {
  const groupBits = Math.max(Math.log2(LINE_BYTES), Math.ceil(Math.log2(hashes.length / meanGroup)));
  const pilots = new Uint8Array(2 ** groupBits);
  const buckets = new Uint32Array(hashes.length).fill(NOWHERE);
  const used = new Uint8Array(bucketCount);
  const { members, begins } = groupMembers(
    hashes.map((hash) => hash & (pilots.length - 1)),
    pilots.length,
  );
  const bucketAt = (place: number, pilot: number) =>
    bucketOf(steered(hashes[members[place]!]!, pilot), bucketCount);
  /** How many of a group have room, one after the other up to the first that has none. */
  const fitting = (group: number, pilot: number) => {
    const begin = begins[group]!;
    const end = begins[group + 1]!;
    let place = begin;
    for (; place < end; place++) {
      const bucket = bucketAt(place, pilot);
      if (used[bucket]! >= slots) break;
      used[bucket]!++;
    }
    for (let i = begin; i < place; i++) used[bucketAt(i, pilot)]!--;
    return place - begin;
  };
  let left = 0;
  for (const group of largestFirst(begins)) {
    const size = begins[group + 1]! - begins[group]!;
    let most = -1;
    for (let pilot = 0; pilot < PILOTS && most < size; pilot++) {
      const fits = fitting(group, pilot);
      if (fits <= most) continue;
      most = fits;
      pilots[group] = pilot;
    }
    for (let place = begins[group]!; place < begins[group + 1]!; place++) {
      const bucket = bucketAt(place, pilots[group]!);
      if (used[bucket] === slots) {
        left++;
        continue;
      }
      used[bucket]!++;
      buckets[members[place]!] = bucket;
    }
  }
  return { pilots, buckets, bucketCount, left };
}

function largestFirst(begins: Uint32Array): Uint32Array {
  const sizeOf = (group: number) => begins[group + 1]! - begins[group]!;
  return Uint32Array.from(begins.subarray(1), (_, group) => group).sort(
    (a, b) => sizeOf(b) - sizeOf(a) || a - b,
  );
}
