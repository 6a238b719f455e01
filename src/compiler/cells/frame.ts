// A point to the frame that src/packet/parse.ts reads back as the point.

import { IPV4_OPTIONS, IPV6_EXTENSIONS } from "../../bundle/abi.ts";
import { type Family, formatAddress } from "../../ir/prefix.ts";
import { buildPacket } from "../../packet/build.ts";
import { EXTENSION_BIT } from "../../packet/parse.ts";
import { ipv4Options, namesOfBits } from "../../packet/present.ts";
import type { ExtensionSpec, PacketSpec } from "../../packet/spec.ts";
import { bitCount, leastOptionBytes } from "./headers.ts";
import type { Point } from "./point.ts";
import type { Shape } from "./shapes.ts";

const TCP_OPTIONS_MAX = 40;
const EXTENSION_BYTES_MAX = 2048;
/** The greatest authentication header of whole 8 bytes. */
const AUTHENTICATION_BYTES_MAX = 1024;
const EXTENSIONS_MAX = 8;

/** What an authentication header grows by to take an odd unit: against RFC 4302 §2.2, but SEMANTICS §1 walks over it. */
const ODD_BYTES = 4;

/** Null where the headers can not be built: more extension headers than are walked, or an odd unit that none is short enough for. */
export function frameOf(point: Point): Uint8Array | null {
  const { shape, fields, family } = point;
  const later = shape.fragment === 2;
  const isTcp = !later && shape.layer4 === "tcp";
  const l4Bytes = later || shape.layer4 === "other" ? 0 : isTcp ? 20 : 8;
  const slack = point.headerBytes - (family === 4 ? 20 : 40) - l4Bytes;
  const present = (family === 4 ? fields.ipv4Options : fields.ipv6Extensions)!;
  const least = family === 4 ? leastOptionBytes(present) : 8 * bitCount(present);
  const tcpOptions = isTcp ? tcpOptionBytes(family, slack - least, hasFiller(family, present)) : 0;
  const between = slack - tcpOptions;

  const common = {
    ...(fields.vlan === null ? {} : { vlan: [fields.vlan] }),
    ...layer4Of(point, tcpOptions),
    ...payloadOf(point),
  };
  const addresses = {
    source: formatAddress(family, point.source),
    destination: formatAddress(family, point.destination),
    dscp: fields.dscp!,
  };
  if (family === 4)
    return buildPacket({
      ...common,
      ipv4: {
        ...addresses,
        ttl: fields.ttl!,
        options: ipv4Options(namesOfBits(IPV4_OPTIONS, present), between),
        moreFragments: shape.fragment === 1,
        fragmentOffset: later ? 8 : 0,
      },
    });
  const extensions = extensionsOf(shape, present, between);
  return extensions && buildPacket({ ...common, ipv6: { ...addresses, hopLimit: fields.ttl!, extensions } });
}

/** Zeros to the L3 length; before them the bytes that tests ask for. */
function payloadOf({ payload, fields }: Point): PacketSpec {
  if (payload.length === 0 || fields.payloadLength === null) return { lengthBytes: fields.l3Length! };
  const whole = new Uint8Array(fields.payloadLength);
  whole.set(payload);
  return { payload: whole };
}

/** Can options or extension headers grow beyond the least that they take? */
function hasFiller(family: Family, present: number): boolean {
  return (family === 4 ? present : present & ~EXTENSION_BIT.fragment) !== 0;
}

/** Of the bytes that are free: all where it fits, for IPv6 else the odd unit of 4 bytes. */
function tcpOptionBytes(family: Family, free: number, filler: boolean): number {
  if (free <= TCP_OPTIONS_MAX || !filler) return free;
  return family === 4 ? TCP_OPTIONS_MAX : free % 8;
}

/** A fragment header stands last. Null where `bytes` take an odd unit that nothing here has, or too many headers. */
function extensionsOf(shape: Shape, present: number, bytes: number): ExtensionSpec[] | null {
  const kinds = namesOfBits(IPV6_EXTENSIONS, present).filter((kind) => kind !== "fragment");
  const hasFragment = (present & EXTENSION_BIT.fragment) !== 0;
  const odd = bytes % 8 === 0 ? 0 : ODD_BYTES;
  if (odd > 0 && !kinds.includes("authentication")) return null;
  let free = bytes - odd - 8 * bitCount(present);
  const growing = kinds.find((kind) => kind !== "authentication") ?? kinds[0];
  const most = growing === "authentication" ? AUTHENTICATION_BYTES_MAX : EXTENSION_BYTES_MAX;
  const extensions: ExtensionSpec[] = kinds.map((kind) => {
    const more = kind === growing ? Math.min(free, most - 8) : 0;
    free -= more;
    return { kind, body: new Uint8Array(6 + more + (kind === "authentication" ? odd : 0)) };
  });
  while (free > 0) {
    if (growing === undefined || extensions.length === EXTENSIONS_MAX) return null;
    const size = Math.min(free, most);
    extensions.push({ kind: growing, body: new Uint8Array(size - 2) });
    free -= size;
  }
  if (hasFragment)
    extensions.push({
      kind: "fragment",
      offset: shape.fragment === 2 ? 8 : 0,
      more: shape.fragment === 1,
    });
  return extensions.length > EXTENSIONS_MAX ? null : extensions;
}

function layer4Of({ shape, fields, family }: Point, tcpOptions: number): PacketSpec {
  if (shape.fragment === 2) return { protocol: fields.protocol! };
  switch (shape.layer4) {
    case "tcp":
      return {
        tcp: {
          sourcePort: fields.sourcePort!,
          destinationPort: fields.destinationPort!,
          flags: fields.tcpFlags!,
          options: new Uint8Array(tcpOptions),
        },
      };
    case "udp":
      return { udp: { sourcePort: fields.sourcePort!, destinationPort: fields.destinationPort! } };
    case "icmp": {
      const message = { type: fields.icmp! >> 8, code: fields.icmp! & 0xff };
      return family === 4 ? { icmp: message } : { icmpv6: message };
    }
    case "other":
      return { protocol: fields.protocol! };
  }
}
