// Short ways to ordinary packets: `udp({ from: "198.51.100.7:53", to: "203.0.113.5:4000", lengthBytes: 900 })`.
// Endpoints are `address:port`, or `[address]:port` for IPv6; what these do not reach, buildPacket() does.

import { strict as assert } from "node:assert";
import { formatAddress, parseAddress } from "../ir/prefix.ts";
import type { TcpFlag } from "../policy/types.ts";
import { buildPacket } from "./build.ts";
import { parsePacket } from "./parse.ts";
import type { PacketSpec } from "./spec.ts";

export interface Endpoint {
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number | null;
}

/** `203.0.113.5`, `203.0.113.5:53`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:53`; null where it is none of them. */
export function parseEndpoint(text: string): Endpoint | null {
  const match = /^\[([^\]]*)\](?::(\d{1,5}))?$/.exec(text) ?? /^([\d.]+):(\d{1,5})$/.exec(text);
  const address = match ? match[1]! : text;
  const port = match?.[2] === undefined ? null : Number(match[2]);
  const parsed = parseAddress(address);
  if (!parsed || (port !== null && port > 65_535)) return null;
  if (text.startsWith("[") && parsed.family !== 6) return null;
  return { family: parsed.family, address, port };
}

export interface IpOptions {
  readonly from: string;
  readonly to: string;
  /** TTL, or the hop limit of IPv6. */
  readonly ttl?: number;
  readonly dscp?: number;
  readonly vlan?: PacketSpec["vlan"];
  readonly payload?: Uint8Array;
  readonly payloadBytes?: number;
  /** L3 length. */
  readonly lengthBytes?: number;
}

export function udp(options: IpOptions): Uint8Array {
  return buildPacket({ ...layer3(options), udp: ports(options) });
}

/** `flags` are `["ack"]` unless said otherwise. */
export function tcp(options: IpOptions & { readonly flags?: readonly TcpFlag[] | number }): Uint8Array {
  const flags = options.flags === undefined ? {} : { flags: options.flags };
  return buildPacket({ ...layer3(options), tcp: { ...ports(options), ...flags } });
}

/** ICMP between IPv4 addresses, ICMPv6 between IPv6 ones; an echo request unless said otherwise. */
export function icmp(options: IpOptions & { readonly type?: number; readonly code?: number }): Uint8Array {
  const v6 = endpoint(options.from).family === 6;
  const message = { type: options.type ?? (v6 ? 128 : 8), code: options.code ?? 0 };
  return buildPacket({ ...layer3(options), ...(v6 ? { icmpv6: message } : { icmp: message }) });
}

/** Any other protocol, by its number. */
export function protocol(number: number, options: IpOptions): Uint8Array {
  return buildPacket({ ...layer3(options), protocol: number });
}

export function arp(options: { from: string; to: string; operation?: number }): Uint8Array {
  return buildPacket({
    arp: { sender: options.from, target: options.to, operation: options.operation ?? 1 },
  });
}

/**
 * Cuts an IP packet into fragments that carry at most `dataBytes` (rounded down to a multiple of 8) of what follows the
 * IP header. The packet has no IPv4 options, no IPv6 extension headers and no padding, and is no fragment itself.
 */
export function fragments(frame: Uint8Array, dataBytes: number, id = 1): Uint8Array[] {
  const packet = parsePacket(frame);
  assert(packet.kind === "packet" && packet.fields.fragment === 0, "fragments() cuts a whole IP packet");
  const step = Math.floor(dataBytes / 8) * 8;
  assert(step > 0, "a fragment carries at least 8 bytes");
  const data = frame.subarray(packet.l4Offset, packet.l3End);
  const source = formatAddress(packet.family, packet.source);
  const destination = formatAddress(packet.family, packet.destination);
  const { protocol, ttl, dscp, vlan } = packet.fields;
  assert(protocol !== null && ttl !== null && dscp !== null);
  const pieces: Uint8Array[] = [];
  for (let offset = 0; offset < data.length; offset += step) {
    const more = offset + step < data.length;
    const ip = { source, destination, dscp };
    pieces.push(
      buildPacket({
        protocol,
        payload: data.slice(offset, offset + step),
        ...(vlan === null ? {} : { vlan: [vlan] }),
        ...(packet.family === 4
          ? { ipv4: { ...ip, ttl, id, moreFragments: more, fragmentOffset: offset } }
          : { ipv6: { ...ip, hopLimit: ttl, extensions: [{ kind: "fragment", offset, more, id }] } }),
      }),
    );
  }
  return pieces;
}

function layer3(options: IpOptions): PacketSpec {
  const from = endpoint(options.from);
  const to = endpoint(options.to);
  assert(from.family === to.family, `"${options.from}" and "${options.to}" are of different families`);
  const { ttl, dscp, vlan, payload, payloadBytes, lengthBytes } = options;
  const ip = { source: from.address, destination: to.address, ...(dscp === undefined ? {} : { dscp }) };
  return {
    ...(from.family === 4
      ? { ipv4: { ...ip, ...(ttl === undefined ? {} : { ttl }) } }
      : { ipv6: { ...ip, ...(ttl === undefined ? {} : { hopLimit: ttl }) } }),
    ...(vlan === undefined ? {} : { vlan }),
    ...(payload === undefined ? {} : { payload }),
    ...(payloadBytes === undefined ? {} : { payloadBytes }),
    ...(lengthBytes === undefined ? {} : { lengthBytes }),
  };
}

function ports(options: IpOptions): { sourcePort: number; destinationPort: number } {
  return { sourcePort: portOf(options.from), destinationPort: portOf(options.to) };
}

function portOf(text: string): number {
  const { port, family } = endpoint(text);
  assert(port !== null, `"${text}" has no port: write ${family === 4 ? `${text}:53` : `[${text}]:53`}`);
  return port;
}

function endpoint(text: string): Endpoint {
  const parsed = parseEndpoint(text);
  assert(parsed, `"${text}" is not an endpoint: write 203.0.113.5:53 or [2001:db8::1]:53`);
  return parsed;
}
