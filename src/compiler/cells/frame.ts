// A point to the frame that src/packet/parse.ts reads back as the point.

import { formatAddress } from "../../ir/prefix.ts";
import { buildPacket } from "../../packet/build.ts";
import type { ExtensionSpec, PacketSpec } from "../../packet/spec.ts";
import type { Point } from "./point.ts";

const TCP_OPTIONS_MAX = 40;
const EXTENSION_BYTES_MAX = 2048;
const EXTENSIONS_MAX = 8;

/** Of an authentication header that takes an odd unit of 4 bytes: against RFC 4302 §2.2, but SEMANTICS §1 walks over it. */
const ODD_HEADER_BYTES = 12;

/** Null where the headers can not be built: more extension headers than are walked, or an odd unit that none is short enough for. */
export function frameOf(point: Point): Uint8Array | null {
  const { shape, fields, family } = point;
  const later = shape.fragment === 2;
  const l4Bytes = later || shape.layer4 === "other" ? 0 : shape.layer4 === "tcp" ? 20 : 8;
  const fragmentHeaderBytes = family === 6 && shape.fragment !== 0 ? 8 : 0;
  let slack = point.headerBytes - (family === 4 ? 20 : 40) - l4Bytes - fragmentHeaderBytes;

  let tcpOptions = 0;
  if (shape.layer4 === "tcp") {
    // Options take the odd unit of 4 bytes, and everything where it fits.
    tcpOptions = slack <= TCP_OPTIONS_MAX ? slack : family === 4 ? TCP_OPTIONS_MAX : slack % 8;
    slack -= tcpOptions;
  }
  const oddHeaderBytes = family === 6 && slack % 8 !== 0 ? ODD_HEADER_BYTES : 0;
  slack -= oddHeaderBytes;
  if (slack < 0) return null;

  const common = {
    ...(fields.vlan === null ? {} : { vlan: [fields.vlan] }),
    ...layer4Of(point, tcpOptions),
    lengthBytes: fields.l3Length!,
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
        options: new Uint8Array(slack),
        moreFragments: shape.fragment === 1,
        fragmentOffset: later ? 8 : 0,
      },
    });
  const extensions: ExtensionSpec[] = [];
  if (oddHeaderBytes > 0)
    extensions.push({ kind: "authentication", body: new Uint8Array(oddHeaderBytes - 2) });
  for (let left = slack; left > 0; left -= EXTENSION_BYTES_MAX)
    extensions.push({
      kind: "destination-options",
      body: new Uint8Array(Math.min(left, EXTENSION_BYTES_MAX) - 2),
    });
  if (fragmentHeaderBytes > 0) extensions.push({ kind: "fragment", offset: later ? 8 : 0, more: !later });
  if (extensions.length > EXTENSIONS_MAX) return null;
  return buildPacket({ ...common, ipv6: { ...addresses, hopLimit: fields.ttl!, extensions } });
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
