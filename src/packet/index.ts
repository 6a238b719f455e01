// The packet room's door: frames built, parsed, and written as one line of text.

export { alwaysPassed } from "./always-passed.ts";
export { buildPacket, checksum, ethernet, padTo, patch, truncateTo } from "./build.ts";
export { arp, fragments, icmp, protocol, tcp, udp } from "./helpers.ts";
export * from "./parse.ts";
export { ipv4Options } from "./present.ts";
export type * from "./spec.ts";
export { byteToTcpFlags, TCP_FLAGS, tcpFlagsToByte } from "./tcp-flags.ts";
export { formatPacket, PacketTextError, parsePacketText } from "./text.ts";
