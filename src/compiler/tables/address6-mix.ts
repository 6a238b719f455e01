// IPv6 addresses to where exact tables hold them: address6_mix(), bucket6() and what a slot has, of bpf/address6.bpf.h, in
// TypeScript. 64-bit words are two numbers, for many of them are made.

import { HOST6_CLASS_BITS, NET6_BEGIN_BIT, PILOT_SHIFT } from "../../bundle/abi.ts";
import { mix4 } from "./address4-mix.ts";

const u64 = (value: bigint) => BigInt.asUintN(64, value);
const LOW_32 = 0xffff_ffffn;

export interface Word6 {
  readonly upper: number;
  readonly lower: number;
}

/** What is the same for an address whatever the table: a hash that leads to its bucket, and what else is to be told apart. */
export interface Key6 {
  readonly hash: number;
  /** 32 bits: with the hash they are the key. */
  readonly rest: number;
}

/** A permutation of the 64-bit numbers. */
function mix6(half: bigint): bigint {
  const mixed = u64(half * 0x9e3779b97f4a7c15n);
  return u64((mixed ^ (mixed >> 32n)) * 0xd6e8feb86659fd93n);
}

/** Together with the low half of the address it is the whole address. */
export function host6Key(address: bigint): Key6 {
  const mix = mix6((address >> 64n) ^ mix6(u64(address)));
  return { hash: Number(mix >> 32n), rest: Number(mix & LOW_32) };
}

/** Of the first 64 bits. The hash is a permutation of the first 32 of them, another one for each value of those above `keyShift`. */
export function net6Key(address: bigint, keyShift: number): Key6 {
  const upper = Number(address >> 96n);
  const rest = Number((address >> 64n) & LOW_32);
  const key = upper ^ Math.imul(keyShift === 32 ? 0 : rest >>> keyShift, 0x9e3779b1);
  return { hash: mix4(key), rest };
}

/** A permutation of the hashes, as long as a pilot is chosen by the bits below. */
export function steered(hash: number, pilot: number): number {
  return (hash ^ (pilot << PILOT_SHIFT)) >>> 0;
}

export function bucketOf(steeredHash: number, buckets: number): number {
  return Math.floor((steeredHash * buckets) / 2 ** 32);
}

/** The first word of a host's slot, without its class. */
export function host6Word(steeredHash: number, rest: number, buckets: number): Word6 {
  const below = Math.imul(steeredHash, buckets) >>> 0;
  return {
    upper: (below ^ (rest >>> (32 - HOST6_CLASS_BITS))) >>> 0,
    lower: (rest << HOST6_CLASS_BITS) >>> 0,
  };
}

/** Where a prefix that begins with these 64 bits begins among the slots of its bucket. The highest bit is 0. */
export function net6Begin(steeredHash: number, rest: number, buckets: number): Word6 {
  const below = Math.imul(steeredHash, buckets) >>> 0;
  return {
    upper: ((below >>> 1) ^ (rest >>> (32 - NET6_BEGIN_BIT))) >>> 0,
    lower: ((below << 31) ^ (rest << NET6_BEGIN_BIT)) >>> 0,
  };
}
