// The kinds of packet that reach rules: family × L4 × fragment. Inside one shape every packet has the same fields, and
// these are independent of one another but for one tie: what L3 length and payload length differ by is the length of
// the headers, docs/SEMANTICS.md §1.

import type { FieldName } from "../../ir/nodes.ts";
import type { Family } from "../../ir/prefix.ts";
import { complement, type Ranges, ranges } from "../../ir/ranges.ts";

export type Layer4 = "tcp" | "udp" | "icmp" | "other";

export interface Shape {
  readonly name: string;
  readonly family: Family;
  readonly layer4: Layer4;
  /** Value of the field `fragment`: 0 none, 1 first, 2 later. */
  readonly fragment: number;
  readonly protocols: Ranges;
  readonly has: Readonly<Record<FieldName, boolean>>;
  /** Sums of header bytes that a packet of the shape can have; the first is the shortest. */
  readonly headerBytes: readonly HeaderBytes[];
}

/** `first`, `first + step`, … up to `last`. */
export interface HeaderBytes {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;
/** Next-header values that the walk goes through and that are therefore never a whole packet's protocol. */
const EXTENSION_HEADERS = [0, 43, 44, 51, 60, 135, 139, 140];

function only(...values: number[]): Ranges {
  return ranges(values.map((value) => [value, value]));
}

function protocolsOf(family: Family, layer4: Layer4, later: boolean): Ranges {
  if (later) return ranges([[0, 255]]);
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6;
  switch (layer4) {
    case "tcp":
      return only(PROTOCOL.tcp);
    case "udp":
      return only(PROTOCOL.udp);
    case "icmp":
      return only(icmp);
    case "other":
      return complement(
        only(PROTOCOL.tcp, PROTOCOL.udp, icmp, ...(family === 6 ? EXTENSION_HEADERS : [])),
        256,
      );
  }
}

/**
 * IPv4: 20 to 60 bytes of IP header. IPv6: 40 and up to eight extension headers, each a multiple of 8 bytes up to 2,048,
 * or an authentication header, a multiple of 4 from 8 to 1,028; one of the eight is the fragment header of a fragment.
 * TCP: 20 to 60 bytes.
 */
function headerBytesOf(family: Family, layer4: Layer4, fragment: number): readonly HeaderBytes[] {
  const l4 = layer4 === "tcp" ? 20 : layer4 === "other" ? 0 : 8;
  const options = layer4 === "tcp" ? 40 : 0;
  if (family === 4) return [{ first: 20 + l4, last: 60 + l4 + options, step: 4 }];
  const base = 40 + l4 + (fragment === 0 ? 0 : 8);
  const free = fragment === 0 ? 8 : 7;
  return [
    { first: base, last: base + options, step: 4 },
    { first: base + 8, last: base + free * 2048 + options, step: 8 },
    // An odd number of 4-byte units takes an authentication header, or a TCP option.
    { first: base + 12, last: base + (free - 1) * 2048 + 1028 + options, step: 8 },
    ...(options > 0 ? [{ first: base + 12, last: base + free * 2048 + options - 4, step: 8 }] : []),
  ];
}

function shape(family: Family, layer4: Layer4, fragment: number): Shape {
  const later = fragment === 2;
  const ports = !later && (layer4 === "tcp" || layer4 === "udp");
  const name = later ? "later fragment" : fragment === 1 ? `first fragment, ${layer4}` : layer4;
  return {
    name: `IPv${family}, ${name}`,
    family,
    layer4,
    fragment,
    protocols: protocolsOf(family, layer4, later),
    has: {
      protocol: true,
      sourcePort: ports,
      destinationPort: ports,
      tcpFlags: !later && layer4 === "tcp",
      l3Length: true,
      icmp: !later && layer4 === "icmp",
      fragment: true,
      ttl: true,
      dscp: true,
      vlan: true, // "untagged" is a class of its own inside the dimension
      payloadLength: !later,
      ipv4Options: family === 4,
      ipv6Extensions: family === 6,
      payload: !later,
    },
    headerBytes: headerBytesOf(family, layer4, fragment),
  };
}

export const SHAPES: readonly Shape[] = Object.freeze(
  [0, 1, 2].flatMap((fragment) =>
    (fragment === 2 ? (["other"] as const) : (["tcp", "udp", "icmp", "other"] as const)).flatMap((layer4) =>
      ([4, 6] as const).map((family) => Object.freeze(shape(family, layer4, fragment))),
    ),
  ),
);

/** The shortest of these headers whose bytes are in `least`..`most`; null where there are none. */
export function shortestHeaders(of: Pick<Shape, "headerBytes">, least: number, most: number): number | null {
  let best: number | null = null;
  for (const { first, last, step } of of.headerBytes) {
    const bytes = least <= first ? first : first + Math.ceil((least - first) / step) * step;
    if (bytes <= last && bytes <= most && (best === null || bytes < best)) best = bytes;
  }
  return best;
}
