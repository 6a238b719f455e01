// A packet spec to a frame. Bytes are laid out as RFC 791, 8200, 9293, 768, 792, 4443 and 826 say; numbers are in network
// order. The payload that a length asks for is zeros.

import { strict as assert } from "node:assert";
import { parseAddress } from "../ir/prefix.ts";
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_VLAN,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from "./parse.ts";
import type {
  ArpSpec,
  ExtensionName,
  ExtensionSpec,
  IcmpSpec,
  Ipv4Spec,
  Ipv6Spec,
  PacketSpec,
  TcpSpec,
  UdpSpec,
} from "./spec.ts";
import { tcpFlagsToByte } from "./tcp-flags.ts";

const DEFAULT_SOURCE_MAC = "02:00:00:00:00:01"; // locally administered
const DEFAULT_DESTINATION_MAC = "02:00:00:00:00:02";
const NO_NEXT_HEADER = 59;

/** The frame, from the destination MAC on. Throws an AssertionError where the spec contradicts itself. */
export function buildPacket(spec: PacketSpec): Uint8Array {
  const [ethertype, body] = buildLayer3(spec);
  return concat([ethernetHeader(spec, spec.ethernet?.type ?? ethertype), body]);
}

/** An Ethernet frame with any payload. */
export function ethernet(type: number, payload: Uint8Array = new Uint8Array(46)): Uint8Array {
  return buildPacket({ ethernet: { type }, payload });
}

/** The frame with zeros after its end, as a short frame has on the wire (60 bytes without the check sequence). */
export function padTo(frame: Uint8Array, bytes: number): Uint8Array {
  assert(bytes >= frame.length, `padTo(${bytes}): the frame has ${frame.length} bytes already`);
  return concat([frame, new Uint8Array(bytes - frame.length)]);
}

/** The first bytes of the frame; its length fields stay as they are. */
export function truncateTo(frame: Uint8Array, bytes: number): Uint8Array {
  assert(bytes <= frame.length, `truncateTo(${bytes}): the frame has ${frame.length} bytes only`);
  return frame.slice(0, bytes);
}

/** A copy with bytes overwritten from `offset` on. */
export function patch(frame: Uint8Array, offset: number, bytes: ArrayLike<number>): Uint8Array {
  const copy = frame.slice();
  copy.set(bytes, offset);
  return copy;
}

function buildLayer3(spec: PacketSpec): [ethertype: number, bytes: Uint8Array] {
  const layers = [spec.arp, spec.ipv4, spec.ipv6].filter((layer) => layer !== undefined);
  assert(layers.length <= 1, "a packet has one of arp, ipv4 and ipv6");
  if (spec.arp) return [ETHERTYPE_ARP, arpBody(spec.arp)];
  if (spec.ipv4) return [ETHERTYPE_IPV4, ipv4Packet(spec, spec.ipv4)];
  if (spec.ipv6) return [ETHERTYPE_IPV6, ipv6Packet(spec, spec.ipv6)];
  return [spec.ethernet?.type ?? 0x88b5, spec.payload ?? new Uint8Array(spec.payloadBytes ?? 0)]; // 0x88b5: local experiments
}

function ethernetHeader(spec: PacketSpec, ethertype: number): Uint8Array {
  const tags = spec.vlan ?? [];
  const header = new Bytes(14 + 4 * tags.length);
  header.set(0, macAddress(spec.ethernet?.destination ?? DEFAULT_DESTINATION_MAC));
  header.set(6, macAddress(spec.ethernet?.source ?? DEFAULT_SOURCE_MAC));
  let at = 12;
  for (const tag of tags) {
    const { id, priority = 0, type = ETHERTYPE_VLAN } = typeof tag === "number" ? { id: tag } : tag;
    header.u16(at, type).u16(at + 2, (priority << 13) | id);
    at += 4;
  }
  return header.u16(at, ethertype).bytes;
}

function arpBody({ operation = 1, sender, target }: ArpSpec): Uint8Array {
  const body = new Bytes(28);
  body.u16(0, 1).u16(2, ETHERTYPE_IPV4).u8(4, 6).u8(5, 4).u16(6, operation);
  body
    .set(8, macAddress(DEFAULT_SOURCE_MAC))
    .set(14, addressBytes(sender, 4))
    .set(24, addressBytes(target, 4));
  return body.bytes;
}

function ipv4Packet(spec: PacketSpec, ip: Ipv4Spec): Uint8Array {
  const source = addressBytes(ip.source, 4);
  const destination = addressBytes(ip.destination, 4);
  const options = fillTo(ip.options ?? new Uint8Array(0), 4);
  const headerLength = 20 + options.length;
  const protocol = protocolOf(spec);
  const data = buildLayer4(spec, headerLength, pseudoHeader(source, destination, protocol, 4));
  const fragmentOffset = ip.fragmentOffset ?? 0;
  assert(fragmentOffset % 8 === 0, "fragmentOffset is a multiple of 8 bytes");

  const header = new Bytes(headerLength);
  header.u8(0, ((ip.version ?? 4) << 4) | (ip.ihl ?? headerLength / 4));
  header.u8(1, ((ip.dscp ?? 0) << 2) | (ip.ecn ?? 0));
  header.u16(2, ip.totalLength ?? headerLength + data.length);
  header.u16(4, ip.id ?? 0);
  header.u16(6, (ip.dontFragment ? 0x4000 : 0) | (ip.moreFragments ? 0x2000 : 0) | (fragmentOffset / 8));
  header.u8(8, ip.ttl ?? 64);
  header.u8(9, ip.protocol ?? protocol);
  header.set(12, source).set(16, destination).set(20, options);
  header.u16(10, ip.checksum ?? checksum(header.bytes));
  return concat([header.bytes, data]);
}

function ipv6Packet(spec: PacketSpec, ip: Ipv6Spec): Uint8Array {
  const source = addressBytes(ip.source, 6);
  const destination = addressBytes(ip.destination, 6);
  const protocol = protocolOf(spec);
  const extensions = buildExtensions(ip.extensions ?? [], protocol);
  const data = buildLayer4(
    spec,
    40 + extensions.bytes.length,
    pseudoHeader(source, destination, protocol, 6),
  );

  const header = new Bytes(40);
  const trafficClass = ((ip.dscp ?? 0) << 2) | (ip.ecn ?? 0);
  header.u32(0, (((ip.version ?? 6) << 28) | (trafficClass << 20) | (ip.flowLabel ?? 0)) >>> 0);
  header.u16(4, ip.payloadLength ?? extensions.bytes.length + data.length);
  header.u8(6, ip.nextHeader ?? extensions.first);
  header.u8(7, ip.hopLimit ?? 64);
  header.set(8, source).set(24, destination);
  return concat([header.bytes, extensions.bytes, data]);
}

const EXTENSION_NUMBER: Readonly<Record<ExtensionName | "fragment", number>> = {
  "hop-by-hop": 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  "destination-options": 60,
  mobility: 135,
  hip: 139,
  shim6: 140,
};

function buildExtensions(extensions: readonly ExtensionSpec[], protocol: number) {
  let next = protocol;
  const headers: Uint8Array[] = [];
  for (const extension of extensions.toReversed()) {
    headers.unshift(extensionHeader(extension, extension.nextHeader ?? next));
    next = EXTENSION_NUMBER[extension.kind];
  }
  return { first: next, bytes: concat(headers) };
}

function extensionHeader(extension: ExtensionSpec, nextHeader: number): Uint8Array {
  if (extension.kind === "fragment") {
    const offset = extension.offset ?? 0;
    assert(offset % 8 === 0, "a fragment's offset is a multiple of 8 bytes");
    const header = new Bytes(8).u8(0, nextHeader).u16(2, offset | (extension.more ? 1 : 0));
    return header.u32(4, extension.id ?? 0).bytes;
  }
  // The authentication header counts 4-byte units. RFC 4302 §2.2 wants 8-byte alignment in IPv6, as the shortest one here
  // has; a body that is given may break that, for no parser minds.
  const authentication = extension.kind === "authentication";
  const shortest = new Uint8Array(authentication ? 14 : 6);
  const bytes = fillTo(concat([new Uint8Array(2), extension.body ?? shortest]), authentication ? 4 : 8);
  bytes[0] = nextHeader;
  bytes[1] = extension.lengthByte ?? (authentication ? bytes.length / 4 - 2 : bytes.length / 8 - 1);
  return bytes;
}

function protocolOf(spec: PacketSpec): number {
  const named = [
    spec.tcp && PROTOCOL_TCP,
    spec.udp && PROTOCOL_UDP,
    spec.icmp && PROTOCOL_ICMP,
    spec.icmpv6 && PROTOCOL_ICMPV6,
    spec.protocol,
  ].filter((protocol) => protocol !== undefined);
  assert(named.length <= 1, "a packet has one of tcp, udp, icmp, icmpv6 and protocol");
  return named[0] ?? (spec.ipv6 ? NO_NEXT_HEADER : 255); // 255: reserved, RFC 5237
}

/** `l3HeaderLength` is what stands before L4 in the L3 length. */
function buildLayer4(spec: PacketSpec, l3HeaderLength: number, pseudo: PseudoHeader): Uint8Array {
  if (spec.tcp) return tcpSegment(spec, spec.tcp, l3HeaderLength, pseudo);
  if (spec.udp) return udpDatagram(spec, spec.udp, l3HeaderLength, pseudo);
  if (spec.icmp) return icmpMessage(spec, spec.icmp, l3HeaderLength, null);
  if (spec.icmpv6) return icmpMessage(spec, spec.icmpv6, l3HeaderLength, pseudo);
  return payloadOf(spec, l3HeaderLength);
}

function tcpSegment(spec: PacketSpec, tcp: TcpSpec, l3HeaderLength: number, pseudo: PseudoHeader) {
  const options = fillTo(tcp.options ?? new Uint8Array(0), 4);
  const headerLength = 20 + options.length;
  const flags = tcp.flags ?? ["ack"];
  const header = new Bytes(headerLength);
  header.u16(0, tcp.sourcePort).u16(2, tcp.destinationPort);
  header.u32(4, tcp.sequence ?? 0).u32(8, tcp.acknowledgment ?? 0);
  header.u8(12, (tcp.dataOffset ?? headerLength / 4) << 4);
  header.u8(13, typeof flags === "number" ? flags : tcpFlagsToByte(flags));
  header.u16(14, tcp.window ?? 65_535).set(20, options);
  const segment = concat([header.bytes, payloadOf(spec, l3HeaderLength + headerLength)]);
  new Bytes(segment).u16(16, tcp.checksum ?? checksum(pseudo(segment.length), segment));
  return segment;
}

function udpDatagram(spec: PacketSpec, udp: UdpSpec, l3HeaderLength: number, pseudo: PseudoHeader) {
  const payload = payloadOf(spec, l3HeaderLength + 8);
  const length = udp.length ?? 8 + payload.length;
  const header = new Bytes(8).u16(0, udp.sourcePort).u16(2, udp.destinationPort).u16(4, length);
  const datagram = concat([header.bytes, payload]);
  // RFC 768: a sum of zero is sent as all ones, for zero means "no checksum".
  const sum = checksum(pseudo(datagram.length), datagram) || 0xffff;
  new Bytes(datagram).u16(6, udp.checksum ?? sum);
  return datagram;
}

/** ICMPv6 sums a pseudo-header (RFC 4443 §2.3), ICMP does not. */
function icmpMessage(
  spec: PacketSpec,
  icmp: IcmpSpec,
  l3HeaderLength: number,
  pseudo: PseudoHeader | null,
): Uint8Array {
  const header = new Bytes(8)
    .u8(0, icmp.type)
    .u8(1, icmp.code ?? 0)
    .u32(4, icmp.rest ?? 0);
  const message = concat([header.bytes, payloadOf(spec, l3HeaderLength + 8)]);
  const before = pseudo ? pseudo(message.length) : new Uint8Array(0);
  new Bytes(message).u16(2, icmp.checksum ?? checksum(before, message));
  return message;
}

/** `headersLength` is the part of the L3 length that headers take. */
function payloadOf(spec: PacketSpec, headersLength: number): Uint8Array {
  const given = [spec.payload, spec.payloadBytes, spec.lengthBytes].filter((value) => value !== undefined);
  assert(given.length <= 1, "give one of payload, payloadBytes and lengthBytes");
  if (spec.payload) return spec.payload;
  if (spec.lengthBytes === undefined) return new Uint8Array(spec.payloadBytes ?? 0);
  assert(
    spec.lengthBytes >= headersLength,
    `lengthBytes ${spec.lengthBytes}: the headers alone take ${headersLength} bytes`,
  );
  return new Uint8Array(spec.lengthBytes - headersLength);
}

type PseudoHeader = (l4Length: number) => Uint8Array;

/** RFC 9293 §3.1 for IPv4, RFC 8200 §8.1 for IPv6. */
function pseudoHeader(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  family: 4 | 6,
): PseudoHeader {
  return (l4Length) => {
    const tail =
      family === 4
        ? new Bytes(4).u8(1, protocol).u16(2, l4Length)
        : new Bytes(8).u32(0, l4Length).u8(7, protocol);
    return concat([source, destination, tail.bytes]);
  };
}

/** RFC 1071: the ones' complement of the ones' complement sum of 16-bit words. Parts but the last have even lengths. */
export function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts)
    for (let i = 0; i < part.length; i += 2) sum += (part[i]! << 8) | (part[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** Writes numbers in network order, and refuses those that do not fit: a builder that cuts them would hide a mistake. */
class Bytes {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(lengthOrBytes: number | Uint8Array) {
    this.bytes = typeof lengthOrBytes === "number" ? new Uint8Array(lengthOrBytes) : lengthOrBytes;
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }
  u8(at: number, value: number): this {
    this.#view.setUint8(at, fitting(value, 0xff));
    return this;
  }
  u16(at: number, value: number): this {
    this.#view.setUint16(at, fitting(value, 0xffff));
    return this;
  }
  u32(at: number, value: number): this {
    this.#view.setUint32(at, fitting(value, 0xffff_ffff));
    return this;
  }
  set(at: number, bytes: Uint8Array): this {
    this.bytes.set(bytes, at);
    return this;
  }
}

function fitting(value: number, max: number): number {
  assert(Number.isInteger(value) && value >= 0 && value <= max, `${value} is not in 0..${max}`);
  return value;
}

function addressBytes(text: string, family: 4 | 6): Uint8Array {
  const address = parseAddress(text);
  assert(address && address.family === family, `"${text}" is not an IPv${family} address`);
  const bytes = new Uint8Array(family === 4 ? 4 : 16);
  let value = address.value;
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(value & 0xffn);
    value >>= 8n;
  }
  return bytes;
}

function macAddress(text: string): Uint8Array {
  assert(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text), `"${text}" is not a MAC address`);
  return Uint8Array.from(text.split(":"), (byte) => Number.parseInt(byte, 16));
}

function fillTo(bytes: Uint8Array, unit: number): Uint8Array {
  const rest = bytes.length % unit;
  return rest === 0 ? bytes : concat([bytes, new Uint8Array(unit - rest)]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
