// Frames that every fleet has to judge alike but for its verdicts: each way of failing to parse that a frame of 14 bytes or
// more can show (so all but `truncated-ethernet`), and what is always passed.

import type { ParseClass } from "../../ir/nodes.ts";
import { buildPacket, ethernet, truncateTo } from "../../packet/build.ts";
import { arp, udp } from "../../packet/helpers.ts";
import type { ExtensionSpec, PacketSpec } from "../../packet/spec.ts";

const V4 = { source: "198.51.100.7", destination: "203.0.113.5" } as const;
const V6 = { source: "2001:db8:1::7", destination: "2001:db8:2::5" } as const;
const PORTS = { sourcePort: 40_000, destinationPort: 40_000 } as const;
const VLAN = 0x8100;
const LLDP = 0x88cc;
const SERVICE_VLAN = { id: 1, type: 0x88a8 } as const;

const v4 = (ip: Partial<PacketSpec["ipv4"]>, l4: PacketSpec = { udp: PORTS }) =>
  buildPacket({ ipv4: { ...V4, ...ip }, ...l4 });
const v6 = (ip: Partial<PacketSpec["ipv6"]>, l4: PacketSpec = { udp: PORTS }) =>
  buildPacket({ ipv6: { ...V6, ...ip }, ...l4 });
const destinationOptions: ExtensionSpec = { kind: "destination-options" };
const fragment = (offset: number, more: boolean): ExtensionSpec => ({ kind: "fragment", offset, more });

/** The first bytes of L4 alone: what is left of a header that does not fit. */
const stub = (protocol: number, bytes: number): PacketSpec => ({ protocol, payloadBytes: bytes });
const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;

export const PARSE_FRAMES: readonly {
  readonly class: ParseClass;
  readonly name: string;
  readonly frame: Uint8Array;
}[] = Object.entries({
  "other-ethertype": {
    LLDP: ethernet(LLDP),
    "of a tagged frame": buildPacket({ vlan: [7], ethernet: { type: LLDP } }),
  },
  "truncated-ethernet": {},
  "truncated-vlan": {
    "no byte of the tag": ethernet(VLAN, new Uint8Array(0)),
    "3 bytes of the second tag": truncateTo(buildPacket({ vlan: [1, 2], ipv4: V4 }), 14 + 4 + 3),
  },
  "too-many-vlan-tags": { "three tags": buildPacket({ vlan: [SERVICE_VLAN, 2, 3], ipv4: V4, udp: PORTS }) },
  "truncated-ip": {
    "IPv4, 19 bytes": truncateTo(v4({}), 14 + 19),
    "IPv4, longer than the frame": v4({ totalLength: 29 }),
    "IPv6, 39 bytes": truncateTo(v6({}), 14 + 39),
    "IPv6, longer than the frame": v6({ payloadLength: 9 }),
  },
  "bad-ip-version": { "IPv4 that says 6": v4({ version: 6 }), "IPv6 that says 4": v6({ version: 4 }) },
  "bad-ihl": { "4 words": v4({ ihl: 4 }) },
  "bad-total-length": {
    "19 bytes": v4({ totalLength: 19 }),
    "shorter than its options": v4({ ihl: 6, totalLength: 23 }),
  },
  "truncated-extension": {
    "longer than the packet": v6({ extensions: [{ ...destinationOptions, lengthByte: 2 }] }),
    "a fragment header of 7 bytes": v6({ nextHeader: 44 }, { protocol: 59, payloadBytes: 7 }),
  },
  "too-many-extensions": { nine: v6({ extensions: Array<ExtensionSpec>(9).fill(destinationOptions) }) },
  "bad-fragment": {
    "IPv4, beyond 65,535 bytes": v4({ fragmentOffset: 65_528 }, stub(UDP, 8)),
    "IPv6, beyond 65,535 bytes": v6({ extensions: [fragment(65_528, false)] }, stub(UDP, 8)),
    "IPv6, two fragment headers": v6({ extensions: [fragment(0, false), fragment(0, false)] }),
  },
  "tiny-fragment": {
    "IPv4, 19 bytes of TCP": v4({ moreFragments: true }, stub(TCP, 19)),
    "IPv6, 7 bytes of UDP": v6({ extensions: [fragment(0, true)] }, stub(UDP, 7)),
  },
  "truncated-l4": {
    "19 bytes of TCP": v4({}, stub(TCP, 19)),
    "TCP options beyond the end": v4({}, { tcp: { ...PORTS, dataOffset: 6 } }),
    "7 bytes of UDP": v6({}, stub(UDP, 7)),
    "7 bytes of ICMP": v4({}, stub(ICMP, 7)),
    "7 bytes of ICMPv6": v6({}, stub(ICMPV6, 7)),
  },
  "bad-tcp-offset": { "4 words": v4({}, { tcp: { ...PORTS, dataOffset: 4 } }) },
  "bad-udp-length": {
    "7 bytes": v4({}, { udp: { ...PORTS, length: 7 } }),
    "0 bytes in IPv6": v6({}, { udp: { ...PORTS, length: 0 } }),
    "beyond the end": v4({}, { udp: { ...PORTS, length: 9 } }),
  },
} satisfies Record<ParseClass, Record<string, Uint8Array>>).flatMap(([parseClass, frames]) =>
  Object.entries<Uint8Array>(frames).map(([name, frame]) => ({
    class: parseClass as ParseClass,
    name,
    frame,
  })),
);

export const ALWAYS_PASSED_FRAMES: readonly {
  readonly reason: "arp" | "neighbour-discovery" | "dhcp";
  readonly name: string;
  readonly frame: Uint8Array;
}[] = [
  { reason: "arp", name: "a request", frame: arp({ from: V4.source, to: V4.destination }) },
  ...[133, 134, 135, 136, 137].map((type) => ({
    reason: "neighbour-discovery" as const,
    name: `ICMPv6 type ${type}`,
    frame: v6({ hopLimit: 255 }, { icmpv6: { type } }),
  })),
  {
    reason: "dhcp",
    name: "a client's request",
    frame: udp({ from: "0.0.0.0:68", to: "255.255.255.255:67" }),
  },
  { reason: "dhcp", name: "a server's answer", frame: udp({ from: "192.0.2.1:67", to: "192.0.2.2:68" }) },
  {
    reason: "dhcp",
    name: "a client's request, IPv6",
    frame: udp({ from: "[fe80::1]:546", to: "[ff02::1:2]:547" }),
  },
  {
    reason: "dhcp",
    name: "a server's answer, IPv6",
    frame: udp({ from: "[fe80::2]:547", to: "[fe80::1]:546" }),
  },
];
