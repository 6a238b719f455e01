// A fleet and packets that disagree to fewer of both that still do: packets cut away by halves, large sets too, because each
// further try costs what they do; then rules, sets and fields one by one. Greedy and bounded: what is left is for a person to
// read, not the least there is.

import type { Fleet, LiteralSet, ManagementFlow, Policy, Rule } from "../../src/policy/types.ts";
import type { Step } from "./step.ts";

export interface Sequence {
  readonly fleet: Fleet;
  readonly steps: readonly Step[];
}

/** Whether what it cuts still disagrees: then it is the best there is. */
type Keeps = (cut: () => Sequence) => boolean;

/** `at`: index of the step that disagrees, where it is one. `disagrees` is called at most `tries` times. */
export function shrink(
  found: Sequence,
  at: number | null,
  disagrees: (smaller: Sequence) => boolean,
  tries = 200,
): Sequence {
  let best = found;
  // Asked for and not given: where no try is left, thousands of cuts of a large set are not even made.
  const keeps: Keeps = (cut) => {
    if (tries-- <= 0) return false;
    const smaller = cut();
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
    const isStateless = keeps(() => ({ fleet, steps: steps.slice(at, at + 1) }));
    if (!isStateless) keeps(() => ({ fleet, steps: steps.slice(0, at + 1) }));
  }
  shrinkSteps(() => best, keeps);
  for (const name of Object.keys(best.fleet.sets)) halveSet(name, () => best, keeps);
  for (const change of [...ruleRemovals(best.fleet), withoutManagement])
    keeps(() => ({ ...best, fleet: change(best.fleet) }));
  for (const change of fieldRemovals(best.fleet)) keeps(() => ({ ...best, fleet: change(best.fleet) }));
  for (const name of Object.keys(best.fleet.sets)) shrinkSet(name, () => best, keeps);
  shrinkSteps(() => best, keeps);
  return best;
}

/** All but those from `first`, which may be below 0, up to `end`. */
function cutOut<T>(all: readonly T[], first: number, end: number): T[] {
  return [...all.slice(0, Math.max(0, first)), ...all.slice(end)];
}

/** Chunks of half the packets, a quarter, and so on. */
function shrinkSteps(best: () => Sequence, keeps: Keeps): void {
  for (let chunk = Math.ceil(best().steps.length / 2); chunk >= 1; chunk = Math.floor(chunk / 2)) {
    for (let end = best().steps.length; end > 0; end -= chunk) {
      const { fleet, steps } = best();
      if (end > chunk || end < steps.length) keeps(() => ({ fleet, steps: cutOut(steps, end - chunk, end) }));
    }
  }
}

/** One half or the other of a literal set, again and again, until both are needed. */
function halveSet(name: string, best: () => Sequence, keeps: Keeps): void {
  for (let half = prefixesOf(best(), name).length >> 1; half > 8; half >>= 1) {
    const prefixes = prefixesOf(best(), name);
    const halves = [prefixes.slice(0, half), prefixes.slice(half)];
    if (!halves.some((kept) => keeps(() => withSet(best(), name, kept)))) return;
  }
}

/** Halves of a literal set, then quarters, down to eight prefixes. */
function shrinkSet(name: string, best: () => Sequence, keeps: Keeps): void {
  for (let chunk = Math.ceil(prefixesOf(best(), name).length / 2); chunk > 8; chunk = Math.floor(chunk / 2))
    for (let end = prefixesOf(best(), name).length; end > 0; end -= chunk) {
      const all = prefixesOf(best(), name);
      if (end > chunk || end < all.length) keeps(() => withSet(best(), name, cutOut(all, end - chunk, end)));
    }
}

function prefixesOf({ fleet }: Sequence, name: string): LiteralSet["prefixes"] {
  const set = fleet.sets[name];
  return set?.kind === "literal-set" ? set.prefixes : [];
}

/** All policies of a random fleet share its sets. */
function withSet({ fleet, steps }: Sequence, name: string, prefixes: LiteralSet["prefixes"]): Sequence {
  const sets = { ...fleet.sets, [name]: { ...(fleet.sets[name] as LiteralSet), prefixes } };
  const policies = fleet.policies.map((policy): Policy => ({ ...policy, sets }));
  return { fleet: { ...fleet, sets, policies }, steps };
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
