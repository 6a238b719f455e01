// Sets of IPv4 and IPv6 addresses as sorted, disjoint, non-adjacent, inclusive ranges. Immutable. Set algebra is a merge
// of two sorted lists, so a million prefixes cost their sort.

import { inPairs } from "./pairs.ts";
import { type Family, formatAddress, type Prefix } from "./prefix.ts";
import { radixSort } from "./radix-sort.ts";

const LAST_4 = 0xffff_ffff;
const LAST_6 = (1n << 128n) - 1n;

export interface AddressSet {
  /** Pairs first, last. */
  readonly v4: Uint32Array;
  /** Pairs first, last. */
  readonly v6: readonly bigint[];
}

export const EMPTY: AddressSet = Object.freeze({ v4: new Uint32Array(0), v6: Object.freeze([]) });
export const EVERYTHING: AddressSet = Object.freeze({
  v4: Uint32Array.of(0, LAST_4),
  v6: Object.freeze([0n, LAST_6]),
});

export function fromPrefixes(prefixes: Iterable<Prefix>): AddressSet {
  const v4: Prefix[] = [];
  const v6: Prefix[] = [];
  for (const prefix of prefixes) (prefix.family === 4 ? v4 : v6).push(prefix);
  const firsts = Uint32Array.from(v4, ({ first }) => Number(first));
  const rests = Uint32Array.from(v4, ({ first, last }) => Number(last - first));
  return Object.freeze({ v4: ranges4(firsts, rests), v6: Object.freeze(ranges6(v6)) });
}

/** Pairs first, last from ranges in any order: first addresses, and how many follow each. Uses both lists up. */
export function ranges4(firsts: Uint32Array, rests: Uint32Array): Uint32Array {
  const { keys, values } = radixSort(firsts, rests);
  const pairs = new Uint32Array(2 * keys.length);
  let size = 0;
  for (let i = 0; i < keys.length; i++) {
    const first = keys[i]!;
    const last = first + values[i]!;
    if (size > 0 && first <= pairs[size - 1]! + 1) {
      if (last > pairs[size - 1]!) pairs[size - 1] = last;
    } else {
      pairs[size++] = first;
      pairs[size++] = last;
    }
  }
  return pairs.slice(0, size);
}

/** Sorts the prefixes in place. */
function ranges6(prefixes: Prefix[]): bigint[] {
  prefixes.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const pairs: bigint[] = [];
  for (const { first, last } of prefixes) {
    const end = pairs.length - 1;
    if (end >= 0 && first <= pairs[end]! + 1n) {
      if (last > pairs[end]!) pairs[end] = last;
    } else pairs.push(first, last);
  }
  return pairs;
}

type Keep = (inA: boolean, inB: boolean) => boolean;

/**
 * Walks both lists of edges in order; an edge is where membership in one of them changes: a range's first address, and
 * the address after its last. IPv4 apart from IPv6: at a million ranges, lists of boxed numbers take ten times as long.
 */
function combine4(a: Uint32Array, b: Uint32Array, keep: Keep): Uint32Array {
  const kept = [keep(false, false), keep(true, false), keep(false, true), keep(true, true)];
  const beyond = LAST_4 + 2; // no edge is there
  const result = new Uint32Array(a.length + b.length + 2);
  let size = 0;
  let i = 0;
  let j = 0;
  let open = kept[0] ? 0 : -1;
  while (i < a.length || j < b.length) {
    const edgeA = i < a.length ? a[i]! + (i & 1) : beyond;
    const edgeB = j < b.length ? b[j]! + (j & 1) : beyond;
    if (open < 0) {
      // Whole ranges of one list that end before the other's next edge: all of them are in the result, or none.
      const runA = endOfRun(a, i, edgeB);
      if (runA > i) {
        if (kept[1 | ((j & 1) << 1)]) size = append(result, size, a.subarray(i, runA));
        i = runA;
        continue;
      }
      const runB = endOfRun(b, j, edgeA);
      if (runB > j) {
        if (kept[(i & 1) | 2]) size = append(result, size, b.subarray(j, runB));
        j = runB;
        continue;
      }
    }
    const at = edgeA <= edgeB ? edgeA : edgeB;
    if (edgeA === at) i++;
    if (edgeB === at) j++;
    const inside = kept[(i & 1) | ((j & 1) << 1)]!;
    if (inside && open < 0) open = at;
    else if (!inside && open >= 0) {
      if (at > open) {
        result[size++] = open;
        result[size++] = at - 1;
      }
      open = -1;
    }
  }
  if (open >= 0 && open <= LAST_4) {
    result[size++] = open;
    result[size++] = LAST_4;
  }
  return result.slice(0, size);
}

function append(result: Uint32Array, size: number, ranges: Uint32Array): number {
  result.set(ranges, size);
  return size + ranges.length;
}

/** The index after the last whole range from `start` on that ends, with a gap, before `edge`; `start` where none does. */
function endOfRun(list: Uint32Array, start: number, edge: number): number {
  const ends = (index: number) => index + 1 < list.length && list[index + 1]! + 1 < edge;
  if (start & 1 || !ends(start)) return start;
  let low = start; // ends before the edge
  let high = start + 2; // does not, once the step has gone too far
  while (ends(high)) {
    const step = 2 * (high - low);
    low = high;
    high += step;
  }
  while (high - low > 2) {
    const middle = low + (((high - low) >> 2) << 1);
    if (ends(middle)) low = middle;
    else high = middle;
  }
  return low + 2;
}

function combine6(a: readonly bigint[], b: readonly bigint[], keep: Keep): bigint[] {
  const result: bigint[] = [];
  let i = 0;
  let j = 0;
  let open: bigint | null = keep(false, false) ? 0n : null;
  while (i < a.length || j < b.length) {
    const edgeA = i < a.length ? a[i]! + BigInt(i & 1) : null;
    const edgeB = j < b.length ? b[j]! + BigInt(j & 1) : null;
    const at = edgeA === null ? edgeB! : edgeB === null ? edgeA : edgeA <= edgeB ? edgeA : edgeB;
    if (edgeA === at) i++;
    if (edgeB === at) j++;
    const inside = keep(i % 2 === 1, j % 2 === 1);
    if (inside && open === null) open = at;
    else if (!inside && open !== null) {
      if (at > open) result.push(open, at - 1n);
      open = null;
    }
  }
  if (open !== null && open <= LAST_6) result.push(open, LAST_6);
  return result;
}

function combineSets(a: AddressSet, b: AddressSet, keep: Keep): AddressSet {
  return Object.freeze({ v4: combine4(a.v4, b.v4, keep), v6: Object.freeze(combine6(a.v6, b.v6, keep)) });
}

export function union(a: AddressSet, b: AddressSet): AddressSet {
  return combineSets(a, b, (inA, inB) => inA || inB);
}
export function intersection(a: AddressSet, b: AddressSet): AddressSet {
  return combineSets(a, b, (inA, inB) => inA && inB);
}
export function difference(a: AddressSet, b: AddressSet): AddressSet {
  return combineSets(a, b, (inA, inB) => inA && !inB);
}
/** Every address of both families that is not in the set. */
export function complement(set: AddressSet): AddressSet {
  return difference(EVERYTHING, set);
}

export function isEmpty(set: AddressSet): boolean {
  return set.v4.length === 0 && set.v6.length === 0;
}

export function contains(set: AddressSet, family: Family, value: bigint): boolean {
  return inPairs(family === 4 ? set.v4 : set.v6, value);
}

/** The fewest prefixes that cover the set, in order. */
export function* toPrefixes(set: AddressSet): Generator<Prefix> {
  for (const [family, bits, list] of [
    [4, 32, set.v4],
    [6, 128, set.v6],
  ] as const) {
    for (let i = 0; i < list.length; i += 2) {
      let first = BigInt(list[i]!);
      const last = BigInt(list[i + 1]!);
      while (first <= last) {
        let size = 0;
        while (
          size < bits &&
          (first & (1n << BigInt(size))) === 0n &&
          first + (1n << BigInt(size + 1)) - 1n <= last
        )
          size++;
        yield { family, first, last: first + (1n << BigInt(size)) - 1n, length: bits - size };
        first += 1n << BigInt(size);
      }
    }
  }
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.family, prefix.first)}/${prefix.length}`;
}

/** Two sets are the same where their key is. */
export function keyOf(set: AddressSet): string {
  return `${set.v4.join(",")}|${set.v6.join(",")}`;
}
