// Ranges as a flat list of ascending pairs first, last: numbers, or bigints of IPv6 addresses. What a value is looked up in.

/** How many of the ranges begin at or before the value. */
export function rangesBegun(pairs: ArrayLike<number | bigint>, value: number | bigint): number {
  let low = 0;
  let high = pairs.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pairs[2 * middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether one of the ranges holds the value. */
export function inPairs(pairs: ArrayLike<number | bigint>, value: number | bigint): boolean {
  const begun = rangesBegun(pairs, value);
  return begun > 0 && value <= pairs[2 * begun - 1]!;
}
