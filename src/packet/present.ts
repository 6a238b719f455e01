// Names of IPv4 options and IPv6 extension headers to the bytes and bits that show them.

import { strict as assert } from "node:assert";
import type { IPV4_OPTIONS } from "../bundle/abi.ts";

export type Ipv4OptionName = (typeof IPV4_OPTIONS)[number];

/** IANA, IP option numbers. Security (RFC 1108) stands for every other. */
const OPTION_TYPE: Readonly<Record<Exclude<Ipv4OptionName, "any" | "malformed">, number>> = {
  "record-route": 7,
  timestamp: 68,
  "loose-source-route": 131,
  "strict-source-route": 137,
  "router-alert": 148,
  other: 130,
};

/** Options of these kinds, two bytes each and `malformed` last, filled up with zeros (end of options). */
export function ipv4Options(kinds: readonly Ipv4OptionName[], bytes?: number): Uint8Array {
  const options: number[] = [];
  for (const kind of kinds) if (kind !== "any" && kind !== "malformed") options.push(OPTION_TYPE[kind], 2);
  if (kinds.includes("malformed")) options.push(OPTION_TYPE.other); // a length of 0, or none
  const least = kinds.length === 0 ? 0 : Math.max(4, Math.ceil(options.length / 4) * 4);
  const length = bytes ?? least;
  assert(length >= least, `options of ${length} bytes: ${kinds.join(", ")} take ${least}`);
  const filled = new Uint8Array(length);
  filled.set(options);
  return filled;
}

/** Lowest bit first. */
export function namesOfBits<N extends string>(names: readonly N[], bits: number): N[] {
  return names.filter((_, bit) => ((bits >> bit) & 1) === 1);
}
