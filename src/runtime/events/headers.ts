// The captured bytes of a packet to what its headers say, as far as they were captured. Not a parser with verdicts: that
// one is src/packet/parse.ts, and it has judged the packet already.

/** One for a whole thread, filled again for each packet. */
export interface Headers {
  /** 0: not IP. */
  family: 0 | 4 | 6;
  /** Offset of the source address; the destination's follows it. -1 where it was not captured. */
  addressesAt: number;
  protocol: number;
  /** In bytes. */
  fragmentOffset: number;
  moreFragments: boolean;
  /** -1 where there are none, or they were not captured. */
  sourcePort: number;
  destinationPort: number;
  tcpFlags: number;
  /** type << 8 | code */
  icmp: number;
}

export function emptyHeaders(): Headers {
  return {
    family: 0,
    addressesAt: -1,
    protocol: -1,
    fragmentOffset: 0,
    moreFragments: false,
    sourcePort: -1,
    destinationPort: -1,
    tcpFlags: -1,
    icmp: -1,
  };
}

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
const ICMP6 = 58;

/** Hop-by-hop, routing, destination options, mobility, HIP, shim6: a length byte in units of 8 bytes less one. */
const EXTENSIONS = new Set([0, 43, 60, 135, 139, 140]);
const FRAGMENT = 44;
const AUTHENTICATION = 51;

/** Reads `bytes` from `at` to before `end`. */
export function readHeaders(bytes: Uint8Array, at: number, end: number, into: Headers): Headers {
  into.family = 0;
  into.addressesAt = -1;
  into.protocol = -1;
  into.fragmentOffset = 0;
  into.moreFragments = false;
  into.sourcePort = -1;
  into.destinationPort = -1;
  into.tcpFlags = -1;
  into.icmp = -1;
  let next = at + 12;
  let type = u16(bytes, next, end);
  while (type === 0x8100 || type === 0x88a8) {
    next += 4;
    type = u16(bytes, next, end);
  }
  next += 2;
  if (type === 0x0800) readIpv4(bytes, next, end, into);
  else if (type === 0x86dd) readIpv6(bytes, next, end, into);
  return into;
}

function readIpv4(bytes: Uint8Array, at: number, end: number, into: Headers): void {
  if (at + 20 > end || bytes[at]! >> 4 !== 4) return;
  into.family = 4;
  into.addressesAt = at + 12;
  into.protocol = bytes[at + 9]!;
  const fragment = u16(bytes, at + 6, end);
  into.fragmentOffset = (fragment & 0x1fff) * 8;
  into.moreFragments = (fragment & 0x2000) !== 0;
  if (into.fragmentOffset === 0) readL4(bytes, at + (bytes[at]! & 15) * 4, end, into);
}

function readIpv6(bytes: Uint8Array, at: number, end: number, into: Headers): void {
  if (at + 40 > end || bytes[at]! >> 4 !== 6) return;
  into.family = 6;
  into.addressesAt = at + 8;
  let protocol = bytes[at + 6]!;
  let next = at + 40;
  while (next + 8 <= end) {
    if (protocol === FRAGMENT) {
      const fragment = u16(bytes, next + 2, end);
      into.fragmentOffset = fragment & 0xfff8;
      into.moreFragments = (fragment & 1) !== 0;
      protocol = bytes[next]!;
      next += 8;
      if (into.fragmentOffset > 0) break;
    } else if (EXTENSIONS.has(protocol)) {
      protocol = bytes[next]!;
      next += (bytes[next + 1]! + 1) * 8;
    } else if (protocol === AUTHENTICATION) {
      protocol = bytes[next]!;
      next += (bytes[next + 1]! + 2) * 4;
    } else break;
  }
  into.protocol = protocol;
  if (into.fragmentOffset === 0) readL4(bytes, next, end, into);
}

function readL4(bytes: Uint8Array, at: number, end: number, into: Headers): void {
  const { protocol } = into;
  if ((protocol === TCP || protocol === UDP) && at + 4 <= end) {
    into.sourcePort = u16(bytes, at, end);
    into.destinationPort = u16(bytes, at + 2, end);
    if (protocol === TCP && at + 14 <= end) into.tcpFlags = bytes[at + 13]!;
  } else if ((protocol === ICMP || protocol === ICMP6) && at + 2 <= end) into.icmp = u16(bytes, at, end);
}

/** Big-endian; -1 where it was not captured. */
function u16(bytes: Uint8Array, at: number, end: number): number {
  return at + 2 > end ? -1 : (bytes[at]! << 8) | bytes[at + 1]!;
}

export function addressBytes(family: 4 | 6): number {
  return family === 4 ? 4 : 16;
}

/** RFC 5952 for IPv6. */
export function formatAddress(bytes: Uint8Array, at: number, family: 4 | 6): string {
  if (family === 4) return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[at + 2 * i]! << 8) | bytes[at + 2 * i + 1]!);
  let best = { at: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > best.length) best = { at: i, length };
  }
  const text = (some: readonly number[]) => some.map((group) => group.toString(16)).join(":");
  if (best.at < 0) return text(groups);
  return `${text(groups.slice(0, best.at))}::${text(groups.slice(best.at + best.length))}`;
}
