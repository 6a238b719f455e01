// Link types (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcaplinktype.html) to frames: Ethernet is taken as it is,
// an Ethernet header is put before raw IP, everything else is refused by its name.

import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "../packet/parse.ts";
import { CaptureError } from "./errors.ts";

/** How a packet of the link type becomes a frame; `ip`: its ethertype is by the IP version. */
export type Framing = "ethernet" | "ip" | "ipv4" | "ipv6";

const FRAMINGS: Readonly<Record<number, Framing>> = {
  1: "ethernet",
  12: "ip", // DLT_RAW of BSD and Linux, in old files
  14: "ip", // DLT_RAW of OpenBSD
  101: "ip", // LINKTYPE_RAW
  228: "ipv4",
  229: "ipv6",
};

const NAMES: Readonly<Record<number, string>> = {
  0: "BSD loopback",
  9: "PPP",
  105: "IEEE 802.11",
  108: "OpenBSD loopback",
  113: "Linux cooked capture (the interface `any`)",
  127: "IEEE 802.11 with radiotap",
  189: "USB",
  195: "IEEE 802.15.4",
  239: "nflog",
  249: "USB",
  276: "Linux cooked capture v2 (the interface `any`)",
};

/** Throws CaptureError. */
export function framingOf(linkType: number, where: string): Framing {
  const framing = FRAMINGS[linkType];
  if (framing) return framing;
  const name = NAMES[linkType];
  throw new CaptureError(
    "link-type",
    `${where}: link type ${linkType}${name ? `, ${name},` : ""} is neither Ethernet nor raw IP`,
    "the filter judges Ethernet frames: record on the interface that it is attached to, such as tcpdump -i eth0",
  );
}

const ETHERNET_HEADER_BYTES = 14;

/** Locally administered addresses: what stands there is never looked at. */
const HEADER = Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0, 0);

/** Bytes that framing puts before a packet. */
export function headerBytes(framing: Framing): number {
  return framing === "ethernet" ? 0 : ETHERNET_HEADER_BYTES;
}

/** Writes the header of a raw IP packet at `at`, where the packet's bytes stand behind it already. */
export function writeHeader(framing: Framing, into: Uint8Array, at: number, packetBytes: number): void {
  if (framing === "ethernet") return;
  into.set(HEADER, at);
  // What is of no IP version goes as IPv4, whose parser names the fault.
  const version = packetBytes > 0 ? into[at + ETHERNET_HEADER_BYTES]! >> 4 : 4;
  const ipv6 = framing === "ipv6" || (framing === "ip" && version === 6);
  const ethertype = ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
  into[at + 12] = ethertype >> 8;
  into[at + 13] = ethertype & 0xff;
}
