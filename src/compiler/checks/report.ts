// What checks share: the fleet's matches in one space, the budget of a proof, and the words of diagnostics.

import { EVERYTHING, fromPrefixes } from "../../ir/address-set.ts";
import type { FleetIr, MatchIr, RuleIr, SourceLocation } from "../../ir/nodes.ts";
import { type Family, isFault, parsePrefix } from "../../ir/prefix.ts";
import { type Ranges, ranges } from "../../ir/ranges.ts";
import { Budget } from "../cells/search.ts";
import { createSpace, type Space } from "../cells/space.ts";
import { diagnostic } from "../diagnostics/index.ts";
import type { Diagnostic, Severity } from "../types.ts";

export interface CheckContext {
  readonly fleet: FleetIr;
  readonly space: Space;
  /** For one proof; it draws on the fleet's as well. */
  proofBudget(): readonly Budget[];
}

/** In tests: about 0.5 s for one proof, and 3 s for all proofs on a fleet. */
const PROOF_TESTS = 10_000_000;
const FLEET_TESTS = 60_000_000;

export type Check = (context: CheckContext) => Diagnostic[];

const spaces = new WeakMap<FleetIr, Space>();

/** A fleet's space is made once; each context has a budget of its own. */
export function createContext(fleet: FleetIr): CheckContext {
  let space = spaces.get(fleet);
  if (!space) {
    const rules = [...fleet.management, ...fleet.rules].map((rule) => rule.match);
    const always = ALWAYS_PASSED.map(({ match }) => match);
    space = createSpace([...rules, ...always, FAMILY[4], FAMILY[6], LARGE]);
    spaces.set(fleet, space);
  }
  const fleetBudget = new Budget(FLEET_TESTS);
  return { fleet, space, proofBudget: () => [new Budget(PROOF_TESTS), fleetBudget] };
}

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
  if (prefix && isFault(prefix)) throw new Error(`${source} is no prefix`);
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

/** A rule that ends evaluation for every packet that it matches. */
export function decides(rule: RuleIr): boolean {
  return !rule.shadow && rule.action.kind !== "limit";
}

/** `drop-all` (line 9), or with its file where that is another than `from`. */
export function nameRule(rule: RuleIr, from: SourceLocation): string {
  return `\`${rule.name}\` (${place(rule.location, from)})`;
}

export function place(location: SourceLocation, from: SourceLocation): string {
  return location.file === from.file ? `line ${location.line}` : `${location.file}:${location.line}`;
}

/** `a`, `a and b`, `a, b and c`; beyond `most`, how many more. */
export function list(items: readonly string[], most = 4): string {
  if (items.length > most) return `${items.slice(0, most).join(", ")} and ${items.length - most} more`;
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

export function ruleDiagnostic(
  rule: RuleIr,
  code: string,
  severity: Severity,
  message: string,
  help: string,
  related: Diagnostic["related"] = [],
): Diagnostic {
  // The place is that of the call `drop(…)`; the caret marks the function's name.
  const spanLength = rule.action.kind.length;
  return diagnostic({ code, severity, message, help, location: rule.location, spanLength, related });
}

export function fleetDiagnostic(
  fleet: FleetIr,
  code: string,
  severity: Severity,
  message: string,
  help: string,
  related: Diagnostic["related"] = [],
): Diagnostic {
  const spanLength = "fleet".length;
  return diagnostic({ code, severity, message, help, location: fleet.location, spanLength, related });
}

export function tooHard(rule: RuleIr, what: string): Diagnostic {
  return ruleDiagnostic(
    rule,
    "check-too-hard",
    "warning",
    `could not find out ${what}: the rules overlap in too many ways`,
    "let the rule name fewer fields, or move rules that overlap it into sets",
  );
}
