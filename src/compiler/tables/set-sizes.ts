// A set to what the manifest says of it: prefixes of each family, and a digest that two equal sets share.

import { sha256Hex } from "../../bundle/digest.ts";
import type { AddressSet } from "../../ir/address-set.ts";
import { prefixCounts } from "../../ir/prefix-count.ts";

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
  return { ...prefixCounts({ v4, v6 }), sha256: sha256Hex(bytes) };
}
