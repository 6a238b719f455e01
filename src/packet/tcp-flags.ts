// Names of the bits of byte 13 of the TCP header, lowest bit first: RFC 9293 §3.1.

import type { TcpFlag } from "../policy/types.ts";

export const TCP_FLAGS: readonly TcpFlag[] = Object.freeze([
  "fin",
  "syn",
  "rst",
  "psh",
  "ack",
  "urg",
  "ece",
  "cwr",
]);

export function tcpFlagsToByte(flags: Iterable<TcpFlag>): number {
  let byte = 0;
  for (const flag of flags) byte |= 1 << TCP_FLAGS.indexOf(flag);
  return byte;
}

export function byteToTcpFlags(byte: number): TcpFlag[] {
  return TCP_FLAGS.filter((_, bit) => (byte & (1 << bit)) !== 0);
}
