// IPv6 hosts and prefixes to the images of exact tables (bpf/shared.h). What has no room is left to the caller.

import { LINE_BYTES, NET6_SHIFT_BITS } from "../../bundle/abi.ts";
import { bucketBits, host6Place, net6ClassBits, net6Place, net6Shift } from "./address6-mix.ts";
import type { ExactPlacement } from "./exact-image.ts";

export interface Entry6 {
  readonly first: bigint;
  /** Prefix length: 128 in hosts, up to 64 in nets. */
  readonly length: number;
  readonly label: number;
}

const LINE_WORDS = LINE_BYTES / 8;
const HOST_SLOTS = 4;
const NET_SLOTS = 8;
/** Of 4 and of 8 slots: one bucket in fourteen, and one in twenty-five, is too small for its entries. */
const HOST_FILL = 2.2;
const NET_FILL = 4.5;
/** Fewer would leave a slot of nets no bits for a class. */
const FEWEST_BUCKETS = 256;
const KEY_BITS = [32, 36, 40, 44, 48, 52, 56, 60, 64] as const;
/** One entry in this many may be shorter than the key, or in a full bucket, before a longer key is tried. */
const FEW_LEFT = 16;

export function placeHosts6(entries: readonly Entry6[]): ExactPlacement {
  const buckets = Math.max(FEWEST_BUCKETS, Math.ceil(entries.length / HOST_FILL));
  const classBits = bucketBits(buckets);
  const words = new BigUint64Array(buckets * LINE_WORDS);
  const filled = new Uint8Array(buckets);
  const placed = new Uint8Array(entries.length);
  entries.forEach(({ first, label }, i) => {
    const { bucket, word } = host6Place(first, buckets);
    const slot = filled[bucket]!;
    if (slot === HOST_SLOTS || label + 1 >= 2 ** Math.min(16, classBits)) return;
    words[bucket * LINE_WORDS + 2 * slot] = word | BigInt(label + 1);
    words[bucket * LINE_WORDS + 2 * slot + 1] = BigInt.asUintN(64, first);
    filled[bucket] = slot + 1;
    placed[i] = 1;
  });
  return { image: new Uint8Array(words.buffer), buckets, classBits, classIndex: 0, keyBits: 0, placed };
}

/** The bits that choose the bucket: few, for short prefixes to have them; more where many prefixes share them. */
export function placeNets6(entries: readonly Entry6[]): ExactPlacement {
  let best: ExactPlacement | null = null;
  let bestCount = -1;
  for (const keyBits of KEY_BITS) {
    const placement = placeNets(entries, keyBits);
    const count = placement.placed.reduce((sum, one) => sum + one, 0);
    if (count <= bestCount) continue;
    best = placement;
    bestCount = count;
    if ((entries.length - count) * FEW_LEFT <= entries.length) break;
  }
  return best!; // every count is above -1
}

function placeNets(entries: readonly Entry6[], keyBits: number): ExactPlacement {
  const { classIndex, span } = classSpan(entries);
  const enough = Math.max(FEWEST_BUCKETS, Math.ceil(entries.length / NET_FILL));
  // Twice the buckets give a slot one more bit of class.
  const forClasses = 2 ** (Math.ceil(Math.log2(span + 1)) + NET6_SHIFT_BITS);
  const buckets = forClasses <= 2 * enough ? Math.max(enough, forClasses) : enough;
  const classBits = net6ClassBits(buckets);
  const words = new BigUint64Array(buckets * LINE_WORDS);
  const filled = new Uint8Array(buckets);
  const placed = new Uint8Array(entries.length);
  entries.forEach(({ first, length, label }, i) => {
    const code = label - classIndex + 1;
    if (length < keyBits || code >= 2 ** Math.min(16, classBits)) return;
    const { bucket, word } = net6Place(first >> 64n, keyBits, buckets);
    const slot = filled[bucket]!;
    if (slot === NET_SLOTS) return;
    const low = (code << NET6_SHIFT_BITS) | net6Shift(length, buckets);
    words[bucket * LINE_WORDS + slot] = word | BigInt(low);
    filled[bucket] = slot + 1;
    placed[i] = 1;
  });
  return { image: new Uint8Array(words.buffer), buckets, classBits, classIndex, keyBits, placed };
}

function classSpan(entries: readonly Entry6[]): { classIndex: number; span: number } {
  let least = 65536;
  let greatest = 0;
  for (const { label } of entries) {
    least = Math.min(least, label);
    greatest = Math.max(greatest, label);
  }
  return { classIndex: Math.min(least, greatest), span: greatest - least + 1 };
}
