// Sets of one field's values to a table: class by value, and last the class of a packet that has no such field, which
// is in no set, negated or not.

import type { Ranges } from "../../ir/ranges.ts";
import { type Memberships, NOWHERE } from "./membership.ts";

/** domain + 1 classes. */
export function fieldClasses(sets: readonly Ranges[], domain: number, memberships: Memberships): Uint32Array {
  const edges = sets.flatMap((set, index) =>
    set.flatMap(([first, last]) => [
      { at: first, set: index },
      { at: last + 1, set: index },
    ]),
  );
  edges.sort((a, b) => a.at - b.at);
  const classes = new Uint32Array(domain + 1);
  let state = NOWHERE;
  let at = 0;
  for (const edge of edges) {
    if (edge.at > at) classes.fill(memberships.classOf(state), at, edge.at);
    at = edge.at;
    state = memberships.toggle(state, edge.set);
  }
  if (at < domain) classes.fill(memberships.classOf(state), at, domain);
  classes[domain] = memberships.classOf(NOWHERE);
  return classes;
}
