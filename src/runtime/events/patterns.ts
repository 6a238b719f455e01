// Known attack patterns that one packet shows by itself, named by what the frame shows. A packet may show several.

import { PATTERNS, type Pattern } from "../../metrics/event-labels.ts";
import { addressBytes, type Headers, ICMP, TCP, UDP } from "./headers.ts";

const bit = (pattern: Pattern) => 1 << PATTERNS.indexOf(pattern);
const LAND = bit("land-attack");
const SYN_FIN = bit("syn-fin");
const TCP_NULL = bit("tcp-null");
const TCP_XMAS = bit("tcp-xmas");
const AMPLIFICATION = bit("amplification");
const OVERLAPPING = bit("overlapping-fragment");
const TINY = bit("tiny-fragment");
const OVERSIZE = bit("oversize-fragment");
const SMURF = bit("smurf");
const MARTIAN = bit("martian-source");
const PORT_ZERO = bit("port-zero");

/** What may harm a host's stack even where it is one packet. */
export const STACK_PATTERNS = LAND | OVERLAPPING | OVERSIZE;

/**
 * CISA TA14-017A and what came after it: qotd, chargen, dns, tftp, portmap, ntp, netbios, snmp, cldap, rip, mssql, ssdp,
 * coap, ws-discovery, apple remote desktop, mdns, ubiquiti, memcached.
 */
const AMPLIFIERS = new Set([
  17, 19, 53, 69, 111, 123, 137, 161, 389, 520, 1434, 1900, 3283, 3702, 5353, 5683, 10001, 11211,
]);

const FIN = 0x01;
const SYN = 0x02;
const PSH = 0x08;
const URG = 0x20;
const ECHO_REQUEST = 8 << 8;
/** A fragment before the last has 8 bytes at least; one that is shorter than this serves no path's MTU (RFC 8200: 1,280; IPv4: 68). */
const HONEST_FRAGMENT_BYTES = 68;

/** Bits of PATTERNS. `reason` is the program's, `frameBytes` the whole frame's. */
export function patternsOf(bytes: Uint8Array, headers: Headers, reason: string, frameBytes: number): number {
  let found = reason === "tiny-fragment" ? TINY : reason === "bad-fragment" ? OVERSIZE : 0;
  if (headers.family === 0) return found;
  const { family, addressesAt: at, protocol, tcpFlags, fragmentOffset } = headers;
  if (sameAddress(bytes, at, addressBytes(family))) found |= LAND;
  if (family === 4 ? isMartian4(bytes[at]!) : isMartian6(bytes, at)) found |= MARTIAN;
  if (protocol === TCP && fragmentOffset > 0 && fragmentOffset < 20) found |= OVERLAPPING;
  if (headers.moreFragments && frameBytes < HONEST_FRAGMENT_BYTES) found |= TINY;
  if (tcpFlags >= 0) {
    if ((tcpFlags & (SYN | FIN)) === (SYN | FIN)) found |= SYN_FIN;
    if (tcpFlags === 0) found |= TCP_NULL;
    if ((tcpFlags & 0x3f) === (FIN | PSH | URG)) found |= TCP_XMAS;
  }
  if (headers.sourcePort === 0 || headers.destinationPort === 0) found |= PORT_ZERO;
  if (protocol === UDP && AMPLIFIERS.has(headers.sourcePort)) found |= AMPLIFICATION;
  // Which networks are near is not known here: .255 and .0 are those that a /24's broadcast has.
  if (protocol === ICMP && headers.icmp === ECHO_REQUEST && family === 4) {
    const last = bytes[at + 7]!;
    if (last === 255 || last === 0) found |= SMURF;
  }
  return found;
}

export function patternNames(bits: number): Pattern[] {
  return PATTERNS.filter((_, index) => (bits >> index) & 1);
}

function sameAddress(bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== bytes[at + length + i]) return false;
  return true;
}

/** 0/8, 127/8, 224/4 and 240/4. */
function isMartian4(first: number): boolean {
  return first === 0 || first === 127 || first >= 224;
}

/** ::, ::1 and ff00::/8. */
function isMartian6(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === 0xff) return true;
  for (let i = 0; i < 15; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 15]! <= 1;
}
