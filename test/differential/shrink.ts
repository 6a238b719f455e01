// A fleet and packets that disagree to fewer of both that still do: packets cut away by halves, then rules, sets and
// fields one by one. Greedy and bounded: what is left is for a person to read, not the least there is.

import type { Fleet, LiteralSet, ManagementFlow, Policy, Rule } from "../../src/policy/types.ts";
import type { Step } from "./step.ts";

export interface Sequence {
  readonly fleet: Fleet;
  readonly steps: readonly Step[];
}

/** `at`: index of the step that disagrees, where it is one. `disagrees` is called at most `tries` times. */
export function shrink(
  found: Sequence,
  at: number | null,
  disagrees: (smaller: Sequence) => boolean,
  tries = 200,
): Sequence {
  let best = found;
  const keeps = (smaller: Sequence): boolean => {
    if (tries-- <= 0) return false;
    let does = false;
    try {
      does = disagrees(smaller);
    } catch {
      // Another fault than the one that was found.
    }
    if (does) best = smaller;
    return does;
  };
  if (at !== null) {
    const { fleet, steps } = best;
    const isStateless = keeps({ fleet, steps: steps.slice(at, at + 1) });
    if (!isStateless) keeps({ fleet, steps: steps.slice(0, at + 1) });
  }
  shrinkSteps(() => best, keeps);
  for (const change of [...ruleRemovals(best.fleet), withoutManagement])
    keeps({ ...best, fleet: change(best.fleet) });
  for (const change of fieldRemovals(best.fleet)) keeps({ ...best, fleet: change(best.fleet) });
  for (const name of Object.keys(best.fleet.sets)) shrinkSet(name, () => best, keeps);
  shrinkSteps(() => best, keeps);
  return best;
}

/** Chunks of half the packets, a quarter, and so on. */
function shrinkSteps(best: () => Sequence, keeps: (smaller: Sequence) => boolean): void {
  for (let chunk = Math.ceil(best().steps.length / 2); chunk >= 1; chunk = Math.floor(chunk / 2)) {
    for (let end = best().steps.length; end > 0; end -= chunk) {
      const { fleet, steps } = best();
      const rest = [...steps.slice(0, Math.max(0, end - chunk)), ...steps.slice(end)];
      if (rest.length > 0) keeps({ fleet, steps: rest });
    }
  }
}

/** Halves of a literal set, then quarters, down to eight prefixes. All policies of a random fleet share its sets. */
function shrinkSet(name: string, best: () => Sequence, keeps: (smaller: Sequence) => boolean): void {
  const prefixesOf = () => {
    const set = best().fleet.sets[name];
    return set?.kind === "literal-set" ? set.prefixes : [];
  };
  for (let chunk = Math.ceil(prefixesOf().length / 2); chunk > 8; chunk = Math.floor(chunk / 2))
    for (let end = prefixesOf().length; end > 0; end -= chunk) {
      const { fleet, steps } = best();
      const prefixes = prefixesOf().filter((_, index) => index < end - chunk || index >= end);
      if (prefixes.length === 0) continue;
      const set = { ...(fleet.sets[name] as LiteralSet), prefixes };
      const sets = { ...fleet.sets, [name]: set };
      const policies = fleet.policies.map((policy): Policy => ({ ...policy, sets }));
      keeps({ fleet: { ...fleet, sets, policies }, steps });
    }
}

type Change = (fleet: Fleet) => Fleet;

const withoutManagement: Change = (fleet) => ({ ...fleet, management: [] });

function ruleRemovals(fleet: Fleet): Change[] {
  const names = fleet.policies.flatMap(({ rules }) => rules.map(({ name }) => name));
  const without =
    (gone: ReadonlySet<string>): Change =>
    (fleet) => ({
      ...fleet,
      policies: fleet.policies.map(
        (policy): Policy => ({ ...policy, rules: policy.rules.filter(({ name }) => !gone.has(name)) }),
      ),
    });
  const changes: Change[] = [];
  for (let chunk = Math.ceil(names.length / 2); chunk > 1; chunk = Math.floor(chunk / 2))
    for (let at = 0; at < names.length; at += chunk)
      changes.push(without(new Set(names.slice(at, at + chunk))));
  for (const name of names) changes.push(without(new Set([name])));
  return changes;
}

function fieldRemovals(fleet: Fleet): Change[] {
  const named: (Rule | ManagementFlow)[] = [
    ...fleet.management,
    ...fleet.policies.flatMap(({ rules }) => rules),
  ];
  return named.flatMap(({ name, match }) =>
    Object.keys(match)
      .filter((field) => field !== "protocol")
      .map((field): Change => {
        const strip = <T extends Rule | ManagementFlow>(one: T): T => {
          if (one.name !== name) return one;
          const { [field as keyof typeof one.match]: _, ...rest } = one.match;
          return { ...one, match: rest };
        };
        return (fleet) => ({
          ...fleet,
          management: fleet.management.map(strip),
          policies: fleet.policies.map((policy): Policy => ({ ...policy, rules: policy.rules.map(strip) })),
        });
      }),
  );
}
