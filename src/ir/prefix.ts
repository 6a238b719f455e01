// Text to address and prefix, strictly: dotted decimal without leading zeros (RFC 6943 §3.1.1), IPv6 per RFC 4291 §2.2
// without zone. `node:net` decides what an address is; what it accepts is unambiguous.

import { isIPv4, isIPv6 } from "node:net";

export type Family = 4 | 6;

export interface Prefix {
  readonly family: Family;
  /** First address as a number of 32 or 128 bits. */
  readonly first: bigint;
  readonly last: bigint;
  /** Bits, 0..32 or 0..128. */
  readonly length: number;
}

export type PrefixFault =
  | { readonly kind: "not-an-address"; readonly text: string }
  | { readonly kind: "bad-length"; readonly text: string; readonly family: Family }
  /** Host bits are set: `canonical` is the prefix that contains the address. */
  | { readonly kind: "host-bits"; readonly canonical: string };

/** Address text to its number; null where it is none. */
export function parseAddress(text: string): { family: Family; value: bigint } | null {
  if (isIPv4(text)) {
    let value = 0;
    for (const part of text.split(".")) value = value * 256 + Number(part);
    return { family: 4, value: BigInt(value) };
  }
  if (!isIPv6(text) || text.includes("%")) return null;
  let head = text;
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (embedded) {
    const v4 = parseAddress(embedded[2]!);
    if (!v4) return null;
    head = `${embedded[1]}${(v4.value >> 16n).toString(16)}:${(v4.value & 0xffffn).toString(16)}`;
  }
  const [left = "", right] = head.split("::");
  const leftGroups = left === "" ? [] : left.split(":");
  const rightGroups = right === undefined || right === "" ? [] : right.split(":");
  const zeros = right === undefined ? 0 : 8 - leftGroups.length - rightGroups.length;
  let value = 0n;
  for (const group of [...leftGroups, ...Array<string>(zeros).fill("0"), ...rightGroups])
    value = (value << 16n) | BigInt(Number.parseInt(group, 16));
  return { family: 6, value };
}

/** The source of a packet as logs show it: what a socket of IPv6 calls `::ffff:198.51.100.7` came as IPv4 (RFC 4291 §2.5.5.2). */
export function parseSource(text: string): { family: Family; value: bigint } | null {
  const address = parseAddress(text);
  return address?.family === 6 && address.value >> 32n === 0xffffn
    ? { family: 4, value: address.value & 0xffff_ffffn }
    : address;
}

/** A prefix or a single address. */
export function parsePrefix(text: string): Prefix | PrefixFault {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (!address) return { kind: "not-an-address", text };
  const bits = address.family === 4 ? 32 : 128;
  const lengthText = slash < 0 ? String(bits) : text.slice(slash + 1);
  const length = Number(lengthText);
  if (!/^(0|[1-9]\d{0,2})$/.test(lengthText) || length > bits)
    return { kind: "bad-length", text: lengthText, family: address.family };
  const hostMask = (1n << BigInt(bits - length)) - 1n;
  const first = address.value & ~hostMask;
  if (first !== address.value)
    return { kind: "host-bits", canonical: `${formatAddress(address.family, first)}/${length}` };
  return { family: address.family, first, last: first | hostMask, length };
}

export function isFault(result: Prefix | PrefixFault): result is PrefixFault {
  return "kind" in result;
}

/** RFC 5952 text. */
export function formatAddress(family: Family, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  let bestStart = -1;
  let bestLength = 1; // a single zero group is not shortened
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(":");
  return `${hex.slice(0, bestStart).join(":")}::${hex.slice(bestStart + bestLength).join(":")}`;
}
