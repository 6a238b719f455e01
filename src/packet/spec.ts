// What buildPacket() takes: a packet layer by layer. Lengths, checksums and next-header values are right unless a field
// says otherwise; every such field is there to make a packet that is wrong on purpose.

import type { TcpFlag } from "../policy/types.ts";

export interface PacketSpec {
  readonly ethernet?: EthernetSpec;
  /** Outer tag first: an id (0x8100, priority 0) or a whole tag. */
  readonly vlan?: readonly (number | VlanSpec)[];
  /** One of these; without any, the payload follows the Ethernet header. */
  readonly arp?: ArpSpec;
  readonly ipv4?: Ipv4Spec;
  readonly ipv6?: Ipv6Spec;
  /** One of these, or `protocol` for any other; a later fragment has `protocol` and payload alone. */
  readonly tcp?: TcpSpec;
  readonly udp?: UdpSpec;
  readonly icmp?: IcmpSpec;
  readonly icmpv6?: IcmpSpec;
  readonly protocol?: number;
  /** What follows the last header. One of three: the bytes, their number, or whatever makes the L3 length. */
  readonly payload?: Uint8Array;
  readonly payloadBytes?: number;
  /** L3 length: IPv4 total length, or 40 + IPv6 payload length. */
  readonly lengthBytes?: number;
}

export interface EthernetSpec {
  /** `02:00:00:00:00:01` */
  readonly source?: string;
  readonly destination?: string;
  /** The ethertype after the VLAN tags. */
  readonly type?: number;
}

export interface VlanSpec {
  readonly id: number;
  readonly priority?: number;
  /** 0x8100, or 0x88a8 for a service tag. */
  readonly type?: number;
}

export interface ArpSpec {
  readonly operation?: number;
  readonly sender: string;
  readonly target: string;
}

export interface Ipv4Spec {
  readonly source: string;
  readonly destination: string;
  readonly ttl?: number;
  readonly dscp?: number;
  readonly ecn?: number;
  readonly id?: number;
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  /** In bytes, a multiple of 8. */
  readonly fragmentOffset?: number;
  /** Filled up with zeros (end of options) to a multiple of 4 bytes. */
  readonly options?: Uint8Array;
  readonly version?: number;
  /** In 4-byte units. */
  readonly ihl?: number;
  readonly totalLength?: number;
  readonly protocol?: number;
  readonly checksum?: number;
}

export interface Ipv6Spec {
  readonly source: string;
  readonly destination: string;
  readonly hopLimit?: number;
  readonly dscp?: number;
  readonly ecn?: number;
  readonly flowLabel?: number;
  readonly extensions?: readonly ExtensionSpec[];
  readonly version?: number;
  readonly payloadLength?: number;
  /** Of the fixed header. */
  readonly nextHeader?: number;
}

export type ExtensionName =
  | "hop-by-hop"
  | "routing"
  | "destination-options"
  | "authentication"
  | "mobility"
  | "hip"
  | "shim6";

export type ExtensionSpec = OptionsExtensionSpec | FragmentExtensionSpec;

export interface OptionsExtensionSpec {
  readonly kind: ExtensionName;
  /** Bytes after next-header and length; filled up with zeros to the header's unit. Default: the shortest header. */
  readonly body?: Uint8Array;
  readonly lengthByte?: number;
  readonly nextHeader?: number;
}

export interface FragmentExtensionSpec {
  readonly kind: "fragment";
  /** In bytes, a multiple of 8. */
  readonly offset?: number;
  readonly more?: boolean;
  readonly id?: number;
  readonly nextHeader?: number;
}

export interface TcpSpec {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Names, or byte 13 itself. */
  readonly flags?: readonly TcpFlag[] | number;
  readonly sequence?: number;
  readonly acknowledgment?: number;
  readonly window?: number;
  /** Filled up with zeros (end of options) to a multiple of 4 bytes. */
  readonly options?: Uint8Array;
  /** In 4-byte units. */
  readonly dataOffset?: number;
  readonly checksum?: number;
}

export interface UdpSpec {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly length?: number;
  readonly checksum?: number;
}

export interface IcmpSpec {
  readonly type: number;
  readonly code?: number;
  /** Bytes 4 to 7: identifier and sequence number of an echo, zero elsewhere. */
  readonly rest?: number;
  readonly checksum?: number;
}
