// IPv6 addresses to where exact tables hold them: address6_mix() and address6_key() of bpf/address.bpf.h in TypeScript,
// and the words of a slot, as bpf/shared.h lays them out.

import { NET6_SHIFT_BITS } from "../../bundle/abi.ts";
import { mix4 } from "./address4-mix.ts";

const u64 = (value: bigint) => BigInt.asUintN(64, value);
const LOW_32 = 0xffff_ffffn;

/** A permutation of the 64-bit numbers. */
export function mix6(half: bigint): bigint {
  const mixed = u64(half * 0x9e3779b97f4a7c15n);
  return u64((mixed ^ (mixed >> 32n)) * 0xd6e8feb86659fd93n);
}

/** Bits of a product that choose among `buckets`, and so need not stand in a slot. */
export function bucketBits(buckets: number): number {
  return 31 - Math.clz32(buckets);
}

export interface Place6 {
  readonly bucket: number;
  /** The first word of its slot, without class and shift. */
  readonly word: bigint;
}

/** A host: 32 bits of the mix choose the bucket, and all that are left stand in the slot. */
export function host6Place(address: bigint, buckets: number): Place6 {
  const mix = mix6((address >> 64n) ^ mix6(u64(address)));
  return placeOf((mix >> 32n) * BigInt(buckets), mix & LOW_32, bucketBits(buckets));
}

/** `high`: the first 64 bits. `keyBits` of them choose the bucket. */
export function net6Place(high: bigint, keyBits: number, buckets: number): Place6 {
  const next = Number(high & LOW_32);
  const more = keyBits > 32 ? next >>> (64 - keyBits) : 0;
  const key = mix4(Number(high >> 32n) ^ Math.imul(more, 0x9e3779b1), 0xffffffff);
  return placeOf(BigInt(key * buckets), high & LOW_32, bucketBits(buckets));
}

function placeOf(product: bigint, rest: bigint, bits: number): Place6 {
  const tag = (product & LOW_32) >> BigInt(bits);
  return { bucket: Number(product >> 32n), word: (tag << BigInt(32 + bits)) | (rest << BigInt(bits)) };
}

/** How far a slot's word is shifted to leave its tag and the first `length` bits of the address, 32 to 64. */
export function net6Shift(length: number, buckets: number): number {
  return bucketBits(buckets) + 64 - length;
}

/** Bits of a slot that hold a class. */
export function net6ClassBits(buckets: number): number {
  return bucketBits(buckets) - NET6_SHIFT_BITS;
}
