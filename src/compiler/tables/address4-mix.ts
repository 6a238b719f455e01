// IPv4 addresses to the order in which exact tables hold them: address4_mix() of bpf/address-tables.bpf.h in TypeScript, and
// where a key stands in a table of a given number of buckets.

/** Which bits of an address are its key. */
export type ExactMask = 0xffffffff | 0xffffff00;

/** A permutation of the keys. The factors are odd, and a shifted xor can be undone. */
export function mix4(address: number, mask: ExactMask): number {
  let mixed = Math.imul(address & mask, 0x7feb352d);
  mixed ^= (mixed >>> 15) & mask;
  return Math.imul(mixed, 0x846ca68b) >>> 0;
}

/**
 * The key times the number of buckets: the bucket is in the bits from 32 on. Below 2^53 for up to 2^21 buckets, so a
 * double holds it.
 */
export function exactProduct(address: number, mask: ExactMask, buckets: number): number {
  return mix4(address, mask) * buckets;
}

/** Where a key stands, and the label of its slot without a class: bits 17 to 31 of the product, and 1 to 16. */
export function exactPlace(product: number) {
  const bucket = Math.floor(product / 2 ** 32);
  const rest = (product - bucket * 2 ** 32) >>> 1;
  return { bucket, tag: rest >>> 16, label: rest & 0xffff };
}

/**
 * Bits of a label that tell no keys apart, so that they can hold a class. Two keys of a bucket differ by `buckets` at
 * least in the low 32 bits of their products (by 256 times that, for /24s).
 */
export function freeLabelBits(mask: ExactMask, buckets: number): number {
  const bits = 30 - Math.clz32(buckets) + (mask === 0xffffff00 ? 8 : 0);
  return Math.max(0, Math.min(16, bits));
}
