// Two versions of a fleet's rules to what became of each: added, removed, changed, moved. Rules are the same by their id.

import { type AddressSet, difference, toPrefixes } from "../../ir/address-set.ts";
import {
  type ActionIr,
  FIELD_NAMES,
  type FleetIr,
  type LimitAction,
  type MatchIr,
  type RuleIr,
} from "../../ir/nodes.ts";
import type { Ranges } from "../../ir/ranges.ts";
import { rulesOf } from "../tables/index.ts";

export interface RuleChange {
  readonly kind: "added" | "removed" | "changed" | "moved";
  /** As it is after; of a removed rule, as it was. */
  readonly rule: RuleIr;
  /** What of a changed rule: `rate 100 -> 200 packets/s`. */
  readonly details: readonly string[];
}

export interface RuleChanges {
  /** In the order of the rules after; removed ones first. */
  readonly changes: readonly RuleChange[];
  /** Ids of rules that judge as before, and in the same order among each other. */
  readonly kept: ReadonlySet<string>;
}

/** Payload tests of both are the same (unitePayloadTests). */
export function ruleChanges(before: FleetIr, after: FleetIr): RuleChanges {
  const old = new Map(rulesOf(before).map((rule, at) => [rule.id, { rule, at }]));
  const present = new Set(rulesOf(after).map(({ id }) => id));
  const changes: RuleChange[] = [];
  for (const { rule } of old.values())
    if (!present.has(rule.id)) changes.push({ kind: "removed", rule, details: [] });

  const alike: { readonly id: string; readonly at: number }[] = [];
  const details = new Map<string, readonly string[]>();
  for (const rule of rulesOf(after)) {
    const was = old.get(rule.id);
    if (!was) continue;
    const found = describeChange(was.rule, rule);
    if (found.length > 0) details.set(rule.id, found);
    else alike.push({ id: rule.id, at: was.at });
  }
  const kept = new Set(longestAscending(alike.map(({ at }) => at)).map((index) => alike[index]!.id));

  for (const rule of rulesOf(after)) {
    const found = details.get(rule.id);
    if (!old.has(rule.id)) changes.push({ kind: "added", rule, details: [] });
    else if (found) changes.push({ kind: "changed", rule, details: found });
    else if (!kept.has(rule.id)) changes.push({ kind: "moved", rule, details: [] });
  }
  return { changes, kept };
}

function describeChange(before: RuleIr, after: RuleIr): string[] {
  return [
    ...describeAction(before.action, after.action),
    ...(before.shadow === after.shadow ? [] : [after.shadow ? "now in shadow" : "no longer in shadow"]),
    ...describeMatch(before.match, after.match),
  ];
}

function describeAction(before: ActionIr, after: ActionIr): string[] {
  if (before.kind !== "limit" || after.kind !== "limit")
    return before.kind === after.kind ? [] : [`${before.kind} -> ${after.kind}`];
  const details: string[] = [];
  const compare = (name: string, textOf: (limit: LimitAction) => string) => {
    if (textOf(before) !== textOf(after)) details.push(`${name} ${textOf(before)} -> ${textOf(after)}`);
  };
  compare("rate", ({ ratePerSecond, unit }) => `${ratePerSecond.toLocaleString("en-US")} ${unit}/s`);
  compare("burst", ({ burst, unit }) => `${burst.toLocaleString("en-US")} ${unit}`);
  compare("key", ({ key, prefix4, prefix6 }) =>
    key === "source" || key === "destination" ? `${key} /${prefix4} and /${prefix6}` : key,
  );
  compare("block for", ({ blockForSeconds }) => (blockForSeconds === null ? "none" : `${blockForSeconds} s`));
  return details;
}

function describeMatch(before: MatchIr, after: MatchIr): string[] {
  const textOf = ({ terms }: MatchIr, field: string) =>
    terms
      .filter((term) => term.field === field)
      .map(({ text }) => text)
      .join(" and ");
  const details: string[] = [];
  const compare = (field: string, isSame: boolean, values: () => string) => {
    if (isSame) return;
    const [was, is] = [textOf(before, field), textOf(after, field)];
    details.push(
      was === is ? `${is || field}: ${values()}` : `${was || `any ${field}`} -> ${is || `any ${field}`}`,
    );
  };
  for (const side of ["source", "destination"] as const) {
    const [was, is] = [before[side], after[side]];
    compare(side, isSameSet(was, is), () => describeSets(was, is));
  }
  for (const field of fieldsOf(before, after))
    compare(field, isSameRanges(before.fields[field], after.fields[field]), () => "other values");
  return details;
}

function describeSets(before: AddressSet | null, after: AddressSet | null): string {
  if (!before || !after) return "other addresses";
  const parts = [
    [difference(after, before), "more"] as const,
    [difference(before, after), "fewer"] as const,
  ].flatMap(([set, word]) => countSet(set).map((count) => `${count} ${word}`));
  return parts.join(", ");
}

/** IPv4 by addresses; IPv6 by the fewest prefixes, for nobody reads numbers of 38 digits. */
function countSet(set: AddressSet): string[] {
  let addresses = 0;
  for (let i = 0; i < set.v4.length; i += 2) addresses += set.v4[i + 1]! - set.v4[i]! + 1;
  let prefixes = 0;
  for (const _ of toPrefixes({ v4: new Uint32Array(0), v6: set.v6 })) prefixes++;
  const say = (count: number, one: string, many: string) =>
    count === 0 ? [] : [`${count.toLocaleString("en-US")} ${count === 1 ? one : many}`];
  return [
    ...say(addresses, "IPv4 address", "IPv4 addresses"),
    ...say(prefixes, "IPv6 prefix", "IPv6 prefixes"),
  ];
}

export function isSameMatch(a: MatchIr, b: MatchIr): boolean {
  return (
    isSameSet(a.source, b.source) &&
    isSameSet(a.destination, b.destination) &&
    fieldsOf(a, b).every((field) => isSameRanges(a.fields[field], b.fields[field]))
  );
}

function fieldsOf(a: MatchIr, b: MatchIr): (keyof MatchIr["fields"])[] {
  return FIELD_NAMES.filter((field) => a.fields[field] !== undefined || b.fields[field] !== undefined);
}

function isSameSet(a: AddressSet | null, b: AddressSet | null): boolean {
  if (!a || !b || a === b) return a === b;
  return (
    a.v4.length === b.v4.length &&
    a.v6.length === b.v6.length &&
    a.v4.every((value, i) => value === b.v4[i]) &&
    a.v6.every((value, i) => value === b.v6[i])
  );
}

function isSameRanges(a: Ranges | undefined, b: Ranges | undefined): boolean {
  if (!a || !b) return a === b;
  return a.length === b.length && a.every(([first, last], i) => first === b[i]![0] && last === b[i]![1]);
}

/** Indexes of a longest ascending subsequence of distinct numbers (patience sorting). */
function longestAscending(values: readonly number[]): number[] {
  const ends: number[] = []; // of each length, the index at which one with the least last value ends
  const previous: number[] = [];
  for (const [index, value] of values.entries()) {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (values[ends[middle]!]! < value) low = middle + 1;
      else high = middle;
    }
    previous.push(low > 0 ? ends[low - 1]! : -1);
    ends[low] = index;
  }
  const found: number[] = [];
  for (let index = ends.at(-1) ?? -1; index >= 0; index = previous[index]!) found.push(index);
  return found.reverse();
}
