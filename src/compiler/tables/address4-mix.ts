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

export interface Block4Place {
  readonly region: number;
  /** Of 7 bits: its place among the region's pilots, and what its slots have in their high byte. */
  readonly tag: number;
  /** Of the region's, before a pilot is laid over it. */
  readonly bucket: number;
}

/** Where the /24 of an address stands, in a table of up to 2^21 regions: what is multiplied stays below 2^53. */
export function block4Place(address: number, regions: number): Block4Place {
  const product = mix4(address, BLOCK_MASK) * regions;
  const region = Math.floor(product / 2 ** 32);
  const rest = product - region * 2 ** 32;
  return { region, tag: rest >>> 25, bucket: (rest >>> 18) & (REGION4_BUCKETS - 1) };
}
