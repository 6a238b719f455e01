// The table of limit state (`limit_state`, bpf/limit-state.bpf.h) as the agent sees it: how large it is, where its keys
// fall, how full it is. Only the program writes it.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { LIMIT_BUCKET, LIMIT_INSERT_BUCKETS, LIMIT_SLOT, LIMIT_SLOTS_PER_BUCKET } from "../../bundle/abi.ts";

/** 2^19 buckets of four keys, 64 MiB: a million active sources find a slot (docs/adr/0008-limit-state.md). */
export const SERVING_BUCKET_BITS = 19;
/** 1,024 keys: a witness touches a few. */
export const PROOF_BUCKET_BITS = 8;

/** Buckets that an estimate looks at: 512 KiB. The hash spreads keys evenly, so they stand for the rest. */
const COUNTED_BUCKETS = 4096;

/** What is copied at once where all of a table is read. */
const PIECE_BYTES = COUNTED_BUCKETS * LIMIT_BUCKET.bytes;

/** What of a map the functions here need. */
export interface LimitTable {
  readonly info: { readonly maxEntries: number };
  readImage(lengthBytes: number, offsetBytes?: number): Uint8Array;
  writeImage(bytes: Uint8Array): void;
}

export interface LimitState {
  readonly limitId: bigint;
  readonly high: bigint;
  readonly low: bigint;
  /** Ticks. */
  readonly tat: bigint;
}

/** A table that `keys` keys fill by half at most: half of those all find a slot, of all of them 2 in 10,000 do not. */
export function bucketBitsFor(keys: number): number {
  return Math.max(5, Math.ceil(Math.log2((2 * keys) / LIMIT_SLOTS_PER_BUCKET)));
}

export function limitTableEntries(bucketBits: number): number {
  return 2 ** bucketBits + LIMIT_INSERT_BUCKETS;
}

/**
 * Where a key falls is the node's secret, else anybody could send from addresses that share a bucket. The same until the
 * node starts again, as the pinned table is. 0 where the kernel does not say which boot this is.
 */
export function limitSeed(): bigint {
  try {
    seedOfBoot ??= createHash("sha256")
      .update("piston limit state ")
      .update(readFileSync("/proc/sys/kernel/random/boot_id"))
      .digest()
      .readBigUInt64LE();
    return seedOfBoot;
  } catch {
    return 0n;
  }
}

let seedOfBoot: bigint | null = null;

/** What the program multiplies a key by to find its bucket: two odd numbers, another pair for each seed. */
export function limitMultipliers(seed: bigint): [bigint, bigint] {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(seed);
  return [
    (bytes.readBigUInt64LE() ^ 0x9e3779b97f4a7c15n) | 1n,
    (bytes.readBigUInt64BE() ^ 0xd6e8feb86659fd93n) | 1n,
  ];
}

/** How far the product is shifted to leave a bucket's number. */
export function limitShift(bucketBits: number): number {
  return 64 - bucketBits;
}

/** Every key that has a slot, expired ones too. */
export function* readLimitStates(table: LimitTable): Generator<LimitState, void, undefined> {
  const image = table.readImage(bucketsOf(table) * LIMIT_BUCKET.bytes);
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  for (let at = 0; at < image.length; at += LIMIT_SLOT.bytes) {
    const limitId = view.getBigUint64(at + LIMIT_SLOT.limitId, true);
    if (limitId === 0n) continue;
    yield {
      limitId,
      high: view.getBigUint64(at + LIMIT_SLOT.high, true),
      low: view.getBigUint64(at + LIMIT_SLOT.low, true),
      tat: view.getBigUint64(at + LIMIT_SLOT.tat, true),
    };
  }
}

/** Keys that owe something at `nowTicks`; of a large table an estimate. */
export function countLimitStates(table: LimitTable, nowTicks: bigint): number {
  const buckets = bucketsOf(table);
  const counted = Math.min(buckets, COUNTED_BUCKETS);
  return Math.round((countSlots(table, counted, nowTicks).active * buckets) / counted);
}

/** Keys that have a slot, by whether they owe something at `nowTicks`. Reads the whole table. */
export function countLimitSlots(table: LimitTable, nowTicks: bigint): SlotCounts {
  return countSlots(table, bucketsOf(table), nowTicks);
}

interface SlotCounts {
  readonly active: number;
  readonly expired: number;
}

/** Of the first so many buckets. */
function countSlots(table: LimitTable, buckets: number, nowTicks: bigint): SlotCounts {
  const bytes = buckets * LIMIT_BUCKET.bytes;
  const [nowHigh, nowLow] = [Number(nowTicks >> 32n), Number(nowTicks & 0xffffffffn)];
  const counts = { active: 0, expired: 0 };
  for (let offset = 0; offset < bytes; offset += PIECE_BYTES) {
    const image = table.readImage(Math.min(PIECE_BYTES, bytes - offset), offset);
    const { buffer, byteOffset, length } = image.byteOffset % 4 === 0 ? image : image.slice();
    const halves = new Uint32Array(buffer, byteOffset, length / 4); // a bigint for each of two million slots takes long
    for (let at = 0; at < halves.length; at += LIMIT_SLOT.bytes / 4) {
      const id = at + LIMIT_SLOT.limitId / 4;
      if (halves[id] === 0 && halves[id + 1] === 0) continue;
      const tat = at + LIMIT_SLOT.tat / 4;
      const [low, high] = [halves[tat]!, halves[tat + 1]!];
      if (high > nowHigh || (high === nowHigh && low > nowLow)) counts.active++;
      else counts.expired++;
    }
  }
  return counts;
}

/** Nothing may run through the program meanwhile. */
export function clearLimitStates(table: LimitTable): void {
  table.writeImage(new Uint8Array(table.info.maxEntries * LIMIT_BUCKET.bytes));
}

/** Slots of all those buckets together. */
export function limitCapacity(table: LimitTable): number {
  return bucketsOf(table) * LIMIT_SLOTS_PER_BUCKET;
}

function bucketsOf(table: LimitTable): number {
  return table.info.maxEntries - LIMIT_INSERT_BUCKETS;
}
