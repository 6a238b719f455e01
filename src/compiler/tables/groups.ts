// Things that share a number, put together: one pass to count, and one to place.

export interface Groups {
  /** Of group g: from begins[g] to before begins[g + 1] in `members`. */
  readonly begins: Uint32Array;
  /** Indexes, ascending in each group. */
  readonly members: Uint32Array;
}

/** `groups`: of each thing its group, below `count`. */
export function groupMembers(groups: Uint32Array, count: number): Groups {
  const begins = new Uint32Array(count + 1);
  for (const group of groups) begins[group + 1]!++;
  for (let group = 0; group < count; group++) begins[group + 1]! += begins[group]!;
  const next = begins.slice();
  const members = new Uint32Array(groups.length);
  for (let i = 0; i < groups.length; i++) members[next[groups[i]!]!++] = i;
  return { begins, members };
}
