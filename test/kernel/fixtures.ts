// Packets, limits and short runs that the kernel tests of state share. Time is the proof clock.

import { buildPacket } from "../../src/packet/build.ts";
import type { PacketSpec } from "../../src/packet/spec.ts";
import { byReason, type Decision, Filter } from "./harness.ts";
import type { HandLimit, HandPolicy, HandRule } from "./tables.ts";

export const V4 = { source: "198.51.100.7", destination: "203.0.113.5" };
export const V6 = { source: "2001:db8::7", destination: "2001:db8::5" };
export const SECOND = 1_000_000_000n;

/** 1,000 units a second: 1 ms, 16,000,000 ticks, a unit. */
export const PER_MILLISECOND = 16_000_000n << 16n;
export const ticks = (milliseconds: number) => BigInt(milliseconds) * 16_000_000n;

let open: Filter | null = null;

export function unload(): void {
  open?.close();
  open = null;
}

/** The filter of this test; the one before it is closed. */
export function load(policy: HandPolicy, slots?: readonly (number | null)[]): Filter {
  unload();
  open = new Filter({ defaultVerdict: "pass", ...policy }, slots);
  return open;
}
/** A limit of 1,000 packets a second with a burst of three, unless said otherwise. */
export function limit(limit: Partial<HandLimit>, rule: Partial<HandRule> = {}): HandRule {
  return {
    id: 7n,
    action: "limit",
    limit: { multiplier: PER_MILLISECOND, burstTicks: ticks(3), ...limit },
    ...rule,
  };
}
export const from = (source: string, rest: PacketSpec = { protocol: 47, payloadBytes: 80 }): Uint8Array =>
  buildPacket(
    source.includes(":") ? { ...rest, ipv6: { ...V6, source } } : { ...rest, ipv4: { ...V4, source } },
  );
export const to = (destination: string): Uint8Array =>
  buildPacket(
    destination.includes(":")
      ? { protocol: 47, ipv6: { ...V6, destination } }
      : { protocol: 47, ipv4: { ...V4, destination } },
  );
export const ports = (sourcePort: number, destinationPort: number): Uint8Array =>
  buildPacket({ ipv4: V4, udp: { sourcePort, destinationPort } });

export const PASS = byReason("pass", "default");
export const exceeded = (rule = 7n): Decision => ({ verdict: "drop", rule, reason: "limit" });
export const blocked = (rule: bigint): Decision => ({ verdict: "drop", rule, reason: "block" });
/** p: passed by default; x: dropped by the limit; b: blocked. */
export const run = (filter: Filter, packet: Uint8Array, times: readonly bigint[]) =>
  times
    .map((now) => ({ default: "p", limit: "x", block: "b" })[filter.run(packet, now).reason as string])
    .join("");
