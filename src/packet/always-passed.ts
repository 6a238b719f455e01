// Which parsed packets keep a link alive and are passed before any rule: docs/SEMANTICS.md §2. Management flows are the
// fleet's own and stand in the evaluator.

import type { Reason } from "../bundle/abi.ts";
import {
  FRAGMENT_NONE,
  type PacketFields,
  type ParsedPacket,
  PROTOCOL_ICMPV6,
  PROTOCOL_UDP,
} from "./parse.ts";

/** The reason why the packet is always passed; null where it is not. */
export function alwaysPassed(packet: ParsedPacket): Extract<Reason, "neighbour-discovery" | "dhcp"> | null {
  if (packet.fields.fragment !== FRAGMENT_NONE) return null;
  if (isNeighbourDiscovery(packet)) return "neighbour-discovery";
  if (isDhcp(packet)) return "dhcp";
  return null;
}

/** RFC 4861 §6.1 and §7.1: a hop limit of 255 proves that no router forwarded it. */
function isNeighbourDiscovery({ family, fields }: ParsedPacket): boolean {
  if (family !== 6 || fields.protocol !== PROTOCOL_ICMPV6 || fields.ttl !== 255) return false;
  const type = fields.icmp! >> 8;
  const code = fields.icmp! & 0xff;
  return type >= 133 && type <= 137 && code === 0;
}

function isDhcp({ family, fields, source }: ParsedPacket): boolean {
  if (fields.protocol !== PROTOCOL_UDP) return false;
  if (family === 4) return portsAre(fields, 67, 68) || portsAre(fields, 68, 67);
  const linkLocal = source >> 118n === 0xfe80n >> 6n; // fe80::/10
  return linkLocal && (portsAre(fields, 546, 547) || portsAre(fields, 547, 546));
}

function portsAre(fields: PacketFields, source: number, destination: number): boolean {
  return fields.sourcePort === source && fields.destinationPort === destination;
}
