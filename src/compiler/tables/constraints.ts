// What the rules ask of one dimension, with equal sets told only once.

import type { AddressSet } from "../../ir/address-set.ts";
import type { FieldName, RuleIr } from "../../ir/nodes.ts";
import type { Ranges } from "../../ir/ranges.ts";

export interface Constraints<S> {
  /** Different sets, in order of the first rule that asks for each. */
  readonly sets: readonly S[];
  /** Index into `sets` of each rule; -1 where the rule does not ask. */
  readonly setOfRule: readonly number[];
}

export function addressConstraints(
  rules: readonly RuleIr[],
  side: "source" | "destination",
): Constraints<AddressSet> {
  return collect(
    rules.map((rule) => rule.match[side]),
    (set) => `${set.v4.length} ${set.v6.length} ${set.v4[0]} ${set.v6[0]}`,
    sameAddresses,
  );
}

export function fieldConstraints(rules: readonly RuleIr[], field: FieldName): Constraints<Ranges> {
  return collect(
    rules.map((rule) => rule.match.fields[field] ?? null),
    (set) => JSON.stringify(set),
    () => true,
  );
}

/** `roughKey` sorts the sets into buckets; `same` decides inside one, so that a million prefixes are not made a key. */
function collect<S>(
  wanted: readonly (S | null)[],
  roughKey: (set: S) => string,
  same: (a: S, b: S) => boolean,
): Constraints<S> {
  const sets: S[] = [];
  const byIdentity = new Map<S, number>();
  const buckets = new Map<string, number[]>();
  const setOfRule = wanted.map((set) => {
    if (set === null) return -1;
    const known = byIdentity.get(set);
    if (known !== undefined) return known;
    const key = roughKey(set);
    const bucket = buckets.get(key) ?? [];
    let index = bucket.find((candidate) => same(sets[candidate]!, set));
    if (index === undefined) {
      index = sets.length;
      sets.push(set);
      buckets.set(key, [...bucket, index]);
    }
    byIdentity.set(set, index);
    return index;
  });
  return { sets, setOfRule };
}

function sameAddresses(a: AddressSet, b: AddressSet): boolean {
  return (
    a.v4.length === b.v4.length &&
    a.v6.length === b.v6.length &&
    a.v4.every((value, i) => value === b.v4[i]) &&
    a.v6.every((value, i) => value === b.v6[i])
  );
}
