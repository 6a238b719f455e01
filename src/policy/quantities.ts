// Values inside matches and limits: ranges, negation, rates and amounts with their unit, limit keys.

import { frozen, given, strange } from "./frozen.ts";
import type { Amount, LimitKey, Not, NumberRange, Rate } from "./types.ts";

/** The numbers from `first` to `last`, both included. Diagnostic: `bad-value` where it is upside down. */
export function range(first: number, last: number): NumberRange {
  return Object.freeze({ kind: "range", first, last });
}

/**
 * Everything but: turns one field of a match round. A packet that does not have the field (a port in ICMP, a VLAN id
 * in an untagged frame) matches no rule that names it, negated or not.
 */
export function not<const T>(value: T): Not<T> {
  return Object.freeze({ kind: "not", value: frozen(value) });
}

/** 1/3600 (one an hour) to 1,000,000,000 packets a second. */
export function packetsPerSecond(perSecond: number): Rate<"packets"> {
  return Object.freeze({ kind: "rate", unit: "packets", perSecond });
}

/** L3 bytes (IPv4 total length, 40 + IPv6 payload length): 1,000 to 2^40 a second. */
export function bytesPerSecond(perSecond: number): Rate<"bytes"> {
  return Object.freeze({ kind: "rate", unit: "bytes", perSecond });
}

/** A whole number of packets, 1 or more. */
export function packets(count: number): Amount<"packets"> {
  return Object.freeze({ kind: "amount", unit: "packets", count });
}

/** A whole number of L3 bytes, 1 or more. A packet larger than the burst is always above the rate. */
export function bytes(count: number): Amount<"bytes"> {
  return Object.freeze({ kind: "amount", unit: "bytes", count });
}

/** How many leading bits of an address tell one bucket from another. */
export interface KeyPrefixes {
  /** 0 to 32; 32 where it is missing. */
  readonly prefix4?: number;
  /** 0 to 128; 64 for a source and 128 for a destination where it is missing. */
  readonly prefix6?: number;
}

function addressKey<N extends "source" | "destination">(
  name: N,
  options: KeyPrefixes,
  defaultPrefix6: number,
): LimitKey<N> {
  const { prefix4 = 32, prefix6 = defaultPrefix6 } = given(options);
  const known = strange(options, ["prefix4", "prefix6"]);
  return Object.freeze({ kind: "limit-key", name, prefix4, prefix6, ...known });
}

function plainKey<N extends "rule" | "source-port" | "destination-port">(name: N): LimitKey<N> {
  return Object.freeze({ kind: "limit-key", name, prefix4: 0, prefix6: 0 });
}

/** What has a bucket of its own in a limit. */
export const by = Object.freeze({
  /** One bucket for the whole rule. */
  rule: (): LimitKey<"rule"> => plainKey("rule"),
  /** One for each source: an IPv4 address, an IPv6 /64 (one customer) unless said otherwise. */
  source: (options: KeyPrefixes = {}): LimitKey<"source"> => addressKey("source", options, 64),
  /** One for each destination address. */
  destination: (options: KeyPrefixes = {}): LimitKey<"destination"> =>
    addressKey("destination", options, 128),
  /** One for each source port; packets without ports share one. */
  sourcePort: (): LimitKey<"source-port"> => plainKey("source-port"),
  /** One for each destination port; packets without ports share one. */
  destinationPort: (): LimitKey<"destination-port"> => plainKey("destination-port"),
});
