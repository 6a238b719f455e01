// IPv4 addresses to where `*4_blocks` holds them: address4_mix() of bpf/address-tables.bpf.h in TypeScript, and where a /24 stands in
// a table of a given number of regions.

import { REGION4_BUCKETS } from "../../bundle/abi.ts";

/** Addresses of a block. */
export const BLOCK4_ADDRESSES = 256;

const BLOCK_MASK = -BLOCK4_ADDRESSES;

/**
 * A permutation of the 32-bit numbers, and with BLOCK_MASK of the /24s: of those whose low 8 bits are 0. The factors are odd, and a
 * shifted xor can be undone.
 */
export function mix4(address: number, mask = -1): number {
  let mixed = Math.imul(address & mask, 0x7feb352d);
  mixed ^= (mixed >>> 15) & mask;
  return Math.imul(mixed, 0x846ca68b) >>> 0;
}

/** Where the /24 of an address stands among so many regions, up to 2^21: its number mixed, times theirs, is below 2^53. */
export function block4Product(address: number, regions: number): number {
  return mix4(address, BLOCK_MASK) * regions;
}

/** The region times REGION4_BUCKETS, plus the tag: the number of its pilot, of those of all regions. */
export function block4Group(product: number): number {
  return Math.floor(product / 2 ** 25);
}

/** Of the region's, before a pilot is laid over it. */
export function block4Bucket(product: number): number {
  return Math.floor(product / 2 ** 18) & (REGION4_BUCKETS - 1);
}
