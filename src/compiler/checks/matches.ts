// Matches that no policy wrote: what is always passed, and kinds of packets that witnesses ask for.

import { strict as assert } from "node:assert";
import { EVERYTHING, fromPrefixes } from "../../ir/address-set.ts";
import type { MatchIr } from "../../ir/nodes.ts";
import { type Family, isFault, parsePrefix } from "../../ir/prefix.ts";
import { type Ranges, ranges } from "../../ir/ranges.ts";

const ANY: MatchIr = { source: null, destination: null, fields: {}, terms: [] };
/** Packets of one family. */
export const FAMILY: Readonly<Record<Family, MatchIr>> = {
  4: { ...ANY, source: { v4: EVERYTHING.v4, v6: [] } },
  6: { ...ANY, source: { v4: new Uint32Array(0), v6: EVERYTHING.v6 } },
};
/** Packets that fill a bucket of bytes soon. */
export const LARGE: MatchIr = { ...ANY, fields: { l3Length: ranges([[1000, 1500]]) } };

/** Packets that pass before any rule, docs/SEMANTICS.md §2, as matches. */
export const ALWAYS_PASSED: readonly { readonly name: string; readonly match: MatchIr }[] = Object.freeze([
  {
    name: "neighbour discovery",
    match: alwaysPassed({
      protocol: [[58, 58]],
      icmp: [133, 134, 135, 136, 137].map((type): [number, number] => [type << 8, type << 8]),
      ttl: [[255, 255]],
    }),
  },
  { name: "DHCP", match: dhcp(67, 68, "0.0.0.0/0") },
  { name: "DHCP", match: dhcp(68, 67, "0.0.0.0/0") },
  { name: "DHCPv6", match: dhcp(546, 547, "fe80::/10") },
  { name: "DHCPv6", match: dhcp(547, 546, "fe80::/10") },
]);

function alwaysPassed(
  fields: Partial<Record<keyof MatchIr["fields"], [number, number][]>>,
  source?: string,
): MatchIr {
  const entries = Object.entries({ ...fields, fragment: [[0, 0] as [number, number]] });
  const prefix = source === undefined ? null : parsePrefix(source);
  assert(!prefix || !isFault(prefix), `${source} is a prefix`);
  return {
    source: prefix ? fromPrefixes([prefix]) : null,
    destination: null,
    fields: Object.fromEntries(entries.map(([name, pairs]): [string, Ranges] => [name, ranges(pairs)])),
    terms: [],
  };
}

function dhcp(sourcePort: number, destinationPort: number, source: string): MatchIr {
  return alwaysPassed(
    {
      protocol: [[17, 17]],
      sourcePort: [[sourcePort, sourcePort]],
      destinationPort: [[destinationPort, destinationPort]],
    },
    source,
  );
}
