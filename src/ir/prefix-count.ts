// A set to the number of prefixes that cover it at least: how large people and manifests say that it is.

import type { AddressSet } from "./address-set.ts";

export function prefixCounts({ v4, v6 }: AddressSet): {
  readonly prefixes4: number;
  readonly prefixes6: number;
} {
  let prefixes4 = 0;
  for (let i = 0; i < v4.length; i += 2) prefixes4 += prefixCount4(v4[i]!, v4[i + 1]!);
  let prefixes6 = 0;
  for (let i = 0; i < v6.length; i += 2) prefixes6 += prefixCount6(v6[i]!, v6[i + 1]!);
  return { prefixes4, prefixes6 };
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
