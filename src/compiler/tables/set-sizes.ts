// A set to what the manifest says of it: prefixes of each family, and a digest that two equal sets share.

import { sha256Hex } from "../../bundle/digest.ts";
import type { AddressSet } from "../../ir/address-set.ts";

export interface SetSize {
  /** The fewest prefixes that cover it. */
  readonly prefixes4: number;
  readonly prefixes6: number;
  /** SHA-256 over its ranges in order, first and last address big-endian: IPv4 in 4 bytes each, then IPv6 in 16. */
  readonly sha256: string;
}

export function setSize({ v4, v6 }: AddressSet): SetSize {
  const bytes = Buffer.alloc(4 * v4.length + 16 * v6.length);
  new Uint32Array(bytes.buffer, bytes.byteOffset, v4.length).set(v4);
  bytes.subarray(0, 4 * v4.length).swap32();
  let at = 4 * v4.length;
  for (const address of v6) {
    bytes.writeBigUInt64BE(address >> 64n, at);
    bytes.writeBigUInt64BE(BigInt.asUintN(64, address), at + 8);
    at += 16;
  }
  let prefixes4 = 0;
  for (let i = 0; i < v4.length; i += 2) prefixes4 += prefixCount4(v4[i]!, v4[i + 1]!);
  let prefixes6 = 0;
  for (let i = 0; i < v6.length; i += 2) prefixes6 += prefixCount6(v6[i]!, v6[i + 1]!);
  return { prefixes4, prefixes6, sha256: sha256Hex(bytes) };
}

function prefixCount4(first: number, last: number): number {
  let count = 0;
  for (let at = first; at <= last; count++) {
    let size = at === 0 ? 2 ** 32 : (at & -at) >>> 0; // the largest block that may begin here
    while (at + size - 1 > last) size /= 2;
    at += size;
  }
  return count;
}

function prefixCount6(first: bigint, last: bigint): number {
  let count = 0;
  for (let at = first; at <= last; count++) {
    let size = at === 0n ? 1n << 128n : at & -at;
    while (at + size - 1n > last) size >>= 1n;
    at += size;
  }
  return count;
}
