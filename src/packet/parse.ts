// A frame to its addresses and fields, or to the name of the way in which it fails: docs/SEMANTICS.md §1, in its order.
// Written to be read beside that page; bpf/parse.bpf.h is the same in C. All lengths and offsets are in bytes.

import { IPV4_OPTIONS, IPV6_EXTENSIONS } from "../bundle/abi.ts";
import type { FieldName, ParseClass } from "../ir/nodes.ts";
import { NO_PAYLOAD_TESTS, type PayloadTest, payloadValue } from "../ir/payload.ts";
import type { Family } from "../ir/prefix.ts";

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_SERVICE_VLAN = 0x88a8;
export const ETHERTYPE_IPV6 = 0x86dd;

/** Values of the fields `ipv4Options` and `ipv6Extensions` are sums of these: bits by name, as in bpf/shared.h. */
export const OPTION_BIT = bits(IPV4_OPTIONS);
export const EXTENSION_BIT = bits(IPV6_EXTENSIONS);

function bits<const N extends string>(names: readonly N[]): Readonly<Record<N, number>> {
  return Object.fromEntries(names.map((name, bit) => [name, 1 << bit])) as Record<N, number>;
}

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_ICMPV6 = 58;

/** Values of the field `fragment`. */
export const FRAGMENT_NONE = 0;
export const FRAGMENT_FIRST = 1;
export const FRAGMENT_LATER = 2;

const VLAN_TAGS_MAX = 2;
const EXTENSIONS_MAX = 8;
const LENGTH_MAX = 65_535;

/** Every field of FIELD_NAMES; null where the packet has none. */
export type PacketFields = Readonly<Record<FieldName, number | null>>;

/** A packet that rules can judge. */
export interface ParsedPacket {
  readonly kind: "packet";
  readonly family: Family;
  /** 32 or 128 bits. */
  readonly source: bigint;
  readonly destination: bigint;
  readonly fields: PacketFields;
  /** Offset of the IP header in the frame. */
  readonly l3Offset: number;
  /** Offset in the frame of the L4 header, or of a later fragment's data. */
  readonly l4Offset: number;
  /** Offset in the frame of the end of the L3 length; what follows is padding. */
  readonly l3End: number;
}
export interface ArpPacket {
  readonly kind: "arp";
}
export interface ParseFailure {
  readonly kind: "failure";
  readonly class: ParseClass;
}
export type ParseResult = ParsedPacket | ArpPacket | ParseFailure;

const ARP: ArpPacket = Object.freeze({ kind: "arp" });

// A flood of malformed frames allocates nothing: one failure object for each class.
const failures = new Map<ParseClass, ParseFailure>();
function fail(parseClass: ParseClass): ParseFailure {
  let failure = failures.get(parseClass);
  if (!failure) {
    failure = Object.freeze({ kind: "failure", class: parseClass });
    failures.set(parseClass, failure);
  }
  return failure;
}

/** `frame` is every byte that the interface handed over, from the destination MAC on. `payloadTests`: what the field `payload`
 * says of it. Never throws. */
export function parsePacket(
  frame: Uint8Array,
  payloadTests: readonly PayloadTest[] = NO_PAYLOAD_TESTS,
): ParseResult {
  if (frame.length < 14) return fail("truncated-ethernet");
  let ethertype = read16(frame, 12);
  let offset = 14;
  let vlan: number | null = null;
  for (let tags = 0; ethertype === ETHERTYPE_VLAN || ethertype === ETHERTYPE_SERVICE_VLAN; tags++) {
    if (tags === VLAN_TAGS_MAX) return fail("too-many-vlan-tags");
    if (frame.length - offset < 4) return fail("truncated-vlan");
    vlan ??= read16(frame, offset) & 0x0fff;
    ethertype = read16(frame, offset + 2);
    offset += 4;
  }
  if (ethertype === ETHERTYPE_ARP) return ARP;
  if (ethertype === ETHERTYPE_IPV4) return parseIpv4(frame, offset, vlan, payloadTests);
  if (ethertype === ETHERTYPE_IPV6) return parseIpv6(frame, offset, vlan, payloadTests);
  return fail("other-ethertype");
}

/** What L4 parsing needs to know of the L3 header. */
interface Layer3 {
  readonly family: Family;
  readonly source: bigint;
  readonly destination: bigint;
  readonly protocol: number;
  readonly fragment: number;
  readonly ttl: number;
  readonly dscp: number;
  readonly vlan: number | null;
  readonly ipv4Options: number | null;
  readonly ipv6Extensions: number | null;
  readonly l3Offset: number;
  readonly l3Length: number;
  readonly l4Offset: number;
  readonly payloadTests: readonly PayloadTest[];
}

/** RFC 791 §3.1. */
function parseIpv4(
  frame: Uint8Array,
  l3: number,
  vlan: number | null,
  payloadTests: readonly PayloadTest[],
): ParseResult {
  const available = frame.length - l3;
  if (available < 20) return fail("truncated-ip");
  if (frame[l3]! >> 4 !== 4) return fail("bad-ip-version");
  const headerLength = (frame[l3]! & 0x0f) * 4;
  if (headerLength < 20) return fail("bad-ihl");
  const totalLength = read16(frame, l3 + 2);
  if (totalLength < headerLength) return fail("bad-total-length");
  if (totalLength > available) return fail("truncated-ip");

  const flagsAndOffset = read16(frame, l3 + 6);
  const fragmentOffset = (flagsAndOffset & 0x1fff) * 8;
  const moreFragments = (flagsAndOffset & 0x2000) !== 0;
  if (fragmentOffset + totalLength - headerLength > LENGTH_MAX) return fail("bad-fragment");

  return parseL4(frame, {
    family: 4,
    source: BigInt(read32(frame, l3 + 12)),
    destination: BigInt(read32(frame, l3 + 16)),
    protocol: frame[l3 + 9]!,
    fragment: fragmentKind(fragmentOffset, moreFragments),
    ttl: frame[l3 + 8]!,
    dscp: frame[l3 + 1]! >> 2,
    vlan,
    ipv4Options: optionsPresent(frame, l3 + 20, l3 + headerLength),
    ipv6Extensions: null,
    l3Offset: l3,
    l3Length: totalLength,
    l4Offset: l3 + headerLength,
    payloadTests,
  });
}

/** IANA, IP option numbers: the whole type byte, copied flag and class included. */
const OPTION_NAMES: Readonly<Record<number, (typeof IPV4_OPTIONS)[number]>> = {
  7: "record-route",
  68: "timestamp",
  131: "loose-source-route",
  137: "strict-source-route",
  148: "router-alert", // RFC 2113
};

/** RFC 791 §3.1: options from `start` to before `end`. */
function optionsPresent(frame: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  let present = OPTION_BIT.any;
  for (let at = start; at < end; ) {
    const type = frame[at]!;
    if (type === 0) break; // end of options
    if (type === 1) {
      at++; // no operation: one byte
      continue;
    }
    const length = end - at < 2 ? 0 : frame[at + 1]!;
    if (length < 2 || length > end - at) return present | OPTION_BIT.malformed;
    present |= OPTION_BIT[OPTION_NAMES[type] ?? "other"];
    at += length;
  }
  return present;
}

/** Length of an extension header, where `protocol` is one and is not a fragment header; else 0. `lengthByte` is its second byte. */
function extensionLength(protocol: number, lengthByte: number): number {
  switch (protocol) {
    case 0: // hop-by-hop options
    case 43: // routing
    case 60: // destination options
    case 135: // mobility
    case 139: // HIP
    case 140: // shim6
      return (lengthByte + 1) * 8;
    case 51: // authentication, RFC 4302 §2.2: in 4-byte units, minus 2
      return (lengthByte + 2) * 4;
    default:
      return 0;
  }
}

const FRAGMENT_HEADER = 44;

const EXTENSION_NAMES: Readonly<Record<number, (typeof IPV6_EXTENSIONS)[number]>> = {
  0: "hop-by-hop",
  43: "routing",
  [FRAGMENT_HEADER]: "fragment",
  60: "destination-options",
  51: "authentication",
  135: "mobility",
  139: "hip",
  140: "shim6",
};

/** RFC 8200 §3 and §4. */
function parseIpv6(
  frame: Uint8Array,
  l3: number,
  vlan: number | null,
  payloadTests: readonly PayloadTest[],
): ParseResult {
  const available = frame.length - l3;
  if (available < 40) return fail("truncated-ip");
  if (frame[l3]! >> 4 !== 6) return fail("bad-ip-version");
  const declaredLength = 40 + read16(frame, l3 + 4);
  if (declaredLength > available) return fail("truncated-ip");
  const l3Length = Math.min(declaredLength, LENGTH_MAX);
  const end = l3 + l3Length;

  let protocol = frame[l3 + 6]!;
  let offset = l3 + 40;
  let fragment: number | null = null;
  let present = 0;
  for (let extensions = 0; fragment !== FRAGMENT_LATER; extensions++) {
    const isFragmentHeader = protocol === FRAGMENT_HEADER;
    if (!isFragmentHeader && extensionLength(protocol, 0) === 0) break;
    if (end - offset < (isFragmentHeader ? 8 : 2)) return fail("truncated-extension");
    const length = isFragmentHeader ? 8 : extensionLength(protocol, frame[offset + 1]!);
    if (end - offset < length) return fail("truncated-extension");
    if (extensions === EXTENSIONS_MAX) return fail("too-many-extensions");
    if (isFragmentHeader) {
      if (fragment !== null) return fail("bad-fragment");
      // Bits 0..12 are the offset in 8-byte units, so the masked field is the offset in bytes. RFC 8200 §4.5.
      const offsetAndMore = read16(frame, offset + 2);
      const fragmentOffset = offsetAndMore & 0xfff8;
      if (fragmentOffset + (end - offset - 8) > LENGTH_MAX) return fail("bad-fragment");
      fragment = fragmentKind(fragmentOffset, (offsetAndMore & 1) !== 0);
    }
    present |= EXTENSION_BIT[EXTENSION_NAMES[protocol]!];
    protocol = frame[offset]!;
    offset += length;
  }

  return parseL4(frame, {
    family: 6,
    source: read128(frame, l3 + 8),
    destination: read128(frame, l3 + 24),
    protocol,
    fragment: fragment ?? FRAGMENT_NONE,
    ttl: frame[l3 + 7]!,
    dscp: (read16(frame, l3) >> 6) & 0x3f,
    vlan,
    ipv4Options: null,
    ipv6Extensions: present,
    l3Offset: l3,
    l3Length,
    l4Offset: offset,
    payloadTests,
  });
}

function parseL4(frame: Uint8Array, l3: Layer3): ParseResult {
  const start = l3.l4Offset;
  const end = l3.l3Offset + l3.l3Length;
  const available = end - start;
  let sourcePort: number | null = null;
  let destinationPort: number | null = null;
  let tcpFlags: number | null = null;
  let icmp: number | null = null;
  let payloadLength: number | null = null;

  if (l3.fragment !== FRAGMENT_LATER) {
    const truncated = l3.fragment === FRAGMENT_FIRST ? "tiny-fragment" : "truncated-l4";
    let headerLength = 0;
    if (l3.protocol === PROTOCOL_TCP) {
      if (available < 20) return fail(truncated);
      headerLength = (frame[start + 12]! >> 4) * 4;
      if (headerLength < 20) return fail("bad-tcp-offset");
      if (headerLength > available) return fail(truncated);
      tcpFlags = frame[start + 13]!;
    } else if (l3.protocol === PROTOCOL_UDP) {
      headerLength = 8;
      if (available < headerLength) return fail(truncated);
      const udpLength = read16(frame, start + 4);
      if (udpLength < 8) return fail("bad-udp-length");
      if (l3.fragment === FRAGMENT_NONE && udpLength > available) return fail("bad-udp-length");
    } else if (l3.protocol === (l3.family === 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6)) {
      headerLength = 8;
      if (available < headerLength) return fail(truncated);
      icmp = read16(frame, start); // type << 8 | code
    }
    if (l3.protocol === PROTOCOL_TCP || l3.protocol === PROTOCOL_UDP) {
      sourcePort = read16(frame, start);
      destinationPort = read16(frame, start + 2);
    }
    payloadLength = available - headerLength;
  }

  return {
    kind: "packet",
    family: l3.family,
    source: l3.source,
    destination: l3.destination,
    fields: {
      protocol: l3.protocol,
      sourcePort,
      destinationPort,
      tcpFlags,
      l3Length: l3.l3Length,
      icmp,
      fragment: l3.fragment,
      ttl: l3.ttl,
      dscp: l3.dscp,
      vlan: l3.vlan,
      payloadLength,
      ipv4Options: l3.ipv4Options,
      ipv6Extensions: l3.ipv6Extensions,
      payload: payloadLength === null ? null : payloadValue(frame, end - payloadLength, end, l3.payloadTests),
    },
    l3Offset: l3.l3Offset,
    l4Offset: start,
    l3End: end,
  };
}

function fragmentKind(fragmentOffset: number, moreFragments: boolean): number {
  if (fragmentOffset > 0) return FRAGMENT_LATER;
  return moreFragments ? FRAGMENT_FIRST : FRAGMENT_NONE;
}

function read16(frame: Uint8Array, at: number): number {
  return (frame[at]! << 8) | frame[at + 1]!;
}
function read32(frame: Uint8Array, at: number): number {
  return ((read16(frame, at) << 16) | read16(frame, at + 2)) >>> 0;
}
function read128(frame: Uint8Array, at: number): bigint {
  const view = new DataView(frame.buffer, frame.byteOffset + at, 16);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}
