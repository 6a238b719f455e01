// IPv4 addresses to where `*4_blocks` holds them: address4_mix() of bpf/address-tables.bpf.h in TypeScript, and where a /24 stands in
// a table of a given number of regions.

import { REGION4_BUCKETS } from "../../bundle/abi.ts";

/** Addresses of a block, and of a small one. */
export const BLOCK4_SIZE = 256;
export const SMALL_BLOCK4_SIZE = 8;

/**
 * A permutation of the 32-bit numbers, and of those whose low bits are 0 where `mask` leaves these out. The factors are odd, and a
 * shifted xor can be undone.
 */
export function mix4(address: number, mask = -1): number {
  let mixed = Math.imul(address & mask, 0x7feb352d);
  mixed ^= (mixed >>> 15) & mask;
  return Math.imul(mixed, 0x846ca68b) >>> 0;
}

/** Where the block of an address stands among so many regions, up to 2^21: its number mixed, times theirs, is below 2^53. */
export function block4Product(address: number, size: number, regions: number): number {
  return mix4(address, -size) * regions;
}

/** The region times REGION4_BUCKETS, plus the tag: the number of its pilot, of those of all regions. */
export function block4Group(product: number): number {
  return Math.floor(product / 2 ** 25);
}

/** Where a slot has its tag, of as many bits as a region has pilots for. */
export const BLOCK4_TAG_BIT = 9;

// Shifts are of the low 32 bits of a product, whatever it has above them.

/** Of the region's, before a pilot is laid over it. */
export function block4Bucket(product: number): number {
  return (product >>> 18) & (REGION4_BUCKETS - 1);
}

/** What slots of the block have of its product, in its place. */
export function block4Tag(product: number, size: number): number {
  const tag = (product >>> 25) << BLOCK4_TAG_BIT;
  return size === SMALL_BLOCK4_SIZE ? tag | ((product >>> 9) & 0x1f0) : tag;
}

/** What the label of such a slot has, where it has no class. */
export function block4LabelTag(product: number, size: number): number {
  return (size === SMALL_BLOCK4_SIZE ? product << 3 : product >>> 2) & 0xffff;
}
