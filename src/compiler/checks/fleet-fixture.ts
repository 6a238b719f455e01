// Fleets written by hand for the tests of checks and witnesses: one line a rule, no vocabulary, no files.

import { complement, fromPrefixes } from "../../ir/address-set.ts";
import {
  type ActionIr,
  FIELD_DOMAIN,
  FIELD_NAMES,
  type FieldName,
  type FleetIr,
  type LimitAction,
  type MatchIr,
  type MatchTerm,
  type RuleIr,
  type SetIr,
} from "../../ir/nodes.ts";
import { PARSE_CLASSES } from "../../ir/parse-verdicts.ts";
import { isFault, parsePrefix } from "../../ir/prefix.ts";
import { complement as complementRanges, type Ranges, ranges } from "../../ir/ranges.ts";

type Values = number | readonly (number | readonly [number, number])[];

/** `source: ["10.0.0.0/8"]`; `{ not: … }` turns a field round. */
export type MatchText = {
  readonly [side in "source" | "destination"]?: readonly string[] | { readonly not: readonly string[] };
} & { readonly [field in FieldName]?: Values | { readonly not: Values } };

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMPV6 = 58;
export const SYN = ranges(
  Array.from({ length: 256 }, (_, flags) => flags)
    .filter((flags) => (flags & 0x12) === 0x02)
    .map((flags): [number, number] => [flags, flags]),
);

export function match(text: MatchText): MatchIr {
  const terms: MatchTerm[] = [];
  const side = (field: "source" | "destination") => {
    const given = text[field];
    if (given === undefined) return null;
    const negated = "not" in given;
    const list = negated ? given.not : given;
    terms.push({ field, text: `${field} ${negated ? "not in" : "in"} ${list.join(", ")}` });
    const set = addresses(...list);
    return negated ? complement(set) : set;
  };
  const source = side("source");
  const destination = side("destination");
  const fields: Partial<Record<FieldName, Ranges>> = {};
  for (const field of FIELD_NAMES) {
    const given = text[field];
    if (given === undefined) continue;
    const negated = typeof given === "object" && "not" in given;
    const values = negated ? given.not : given;
    const list = typeof values === "number" ? [values] : values;
    const pairs = list.map((value): readonly [number, number] =>
      typeof value === "number" ? [value, value] : value,
    );
    fields[field] = negated ? complementRanges(ranges(pairs), FIELD_DOMAIN[field]) : ranges(pairs);
    terms.push({ field, text: `${field} ${negated ? "not " : ""}${list.join(", ")}` });
  }
  return { source, destination, fields, terms };
}

export function addresses(...texts: readonly string[]) {
  return fromPrefixes(
    texts.map((text) => {
      const prefix = parsePrefix(text);
      if (isFault(prefix)) throw new Error(`${text} is no prefix`);
      return prefix;
    }),
  );
}

export function rule(
  action: "pass" | "drop" | LimitAction,
  name: string,
  text: MatchText,
  options: {
    readonly shadow?: boolean;
    readonly policy?: string;
    readonly terms?: readonly MatchTerm[];
  } = {},
): RuleIr {
  const policy = options.policy ?? "policy";
  const kind: ActionIr = typeof action === "string" ? { kind: action } : action;
  const matched = match(text);
  return {
    kind: "rule",
    id: `${policy}/${name}`,
    name,
    policy,
    backend: null,
    action: kind,
    shadow: options.shadow ?? false,
    alertAbovePps: null,
    match: options.terms ? { ...matched, terms: options.terms } : matched,
    location: { file: `policies/${policy}.policy.ts`, line: 0, column: 5 },
  };
}

export function limit(options: Partial<Omit<LimitAction, "kind">> = {}): LimitAction {
  return {
    kind: "limit",
    unit: "packets",
    ratePerSecond: 100,
    burst: 10,
    key: "source",
    prefix4: 32,
    prefix6: 64,
    blockForSeconds: null,
    ...options,
  };
}

export function flow(name: string, text: MatchText): RuleIr {
  return { ...rule("pass", name, text, { policy: "management" }), id: `management/${name}` };
}

export function set(name: string, prefixes: readonly string[], options: Partial<SetIr> = {}): SetIr {
  return {
    kind: "set",
    name,
    scope: "policy",
    addresses: addresses(...prefixes),
    feed: null,
    fed: (options.feed ?? null) !== null,
    location: { file: "policies/networks.ts", line: 3, column: 12 },
    ...options,
  };
}

/** Rule number n of the whole fleet stands on line 10 × n: management flows from 10 on, then rules. */
export function fleet(
  rules: readonly RuleIr[],
  options: Partial<FleetIr> & { readonly management?: readonly RuleIr[] } = {},
): FleetIr {
  const flows = options.management ?? [];
  const placed = [...flows, ...rules].map((one, index) => ({
    ...one,
    location: { ...one.location, line: 10 * (index + 1) },
  }));
  const location = { file: "policies/fleet.policy.ts", line: 1, column: 16 };
  return {
    kind: "fleet",
    name: "edge",
    nodeSelector: {},
    interfaces: ["eth0"],
    attach: "native",
    defaultVerdict: "pass",
    parseVerdicts: Object.fromEntries(
      PARSE_CLASSES.map((name) => [name, name === "other-ethertype" ? "pass" : "drop"]),
    ) as FleetIr["parseVerdicts"],
    memoryBudgetBytes: 64 * 1024 * 1024,
    policies: [{ kind: "policy", name: "policy", owners: ["team"], backend: null, location }],
    backends: [],
    sets: [],
    payloadTests: [],
    location,
    ...options,
    management: placed.slice(0, flows.length),
    rules: placed.slice(flows.length),
  };
}
