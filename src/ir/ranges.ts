// Sets of small numbers as sorted, disjoint, non-adjacent, inclusive ranges: the values of one field.

/** `[[53, 53], [1024, 65535]]`. Frozen. */
export type Ranges = readonly (readonly [first: number, last: number])[];

/** Sorts and joins. Throws RangeError where a range is upside down. */
export function ranges(pairs: Iterable<readonly [number, number]>): Ranges {
  const sorted = [...pairs].sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [first, last] of sorted) {
    if (first > last) throw new RangeError(`range ${first}-${last} is upside down`);
    const previous = joined.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else joined.push([first, last]);
  }
  return Object.freeze(joined.map((pair) => Object.freeze(pair)));
}

/** Every value of 0..domain-1 that is not in `set`. */
export function complement(set: Ranges, domain: number): Ranges {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [first, last] of set) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next < domain) gaps.push([next, domain - 1]);
  return ranges(gaps);
}

export function intersect(a: Ranges, b: Ranges): Ranges {
  const common: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [aFirst, aLast] = a[i]!;
    const [bFirst, bLast] = b[j]!;
    const first = Math.max(aFirst, bFirst);
    const last = Math.min(aLast, bLast);
    if (first <= last) common.push([first, last]);
    if (aLast < bLast) i++;
    else j++;
  }
  return ranges(common);
}

export function includes(set: Ranges, value: number): boolean {
  return set.some(([first, last]) => first <= value && value <= last);
}
