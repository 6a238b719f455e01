// A misspelt name to the name that was probably meant.

/**
 * The candidate with the fewest edits (insert, delete, replace, swap of neighbours); null where even that one differs
 * in more than a third of its letters. Of equals, the first.
 */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let bestEdits = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits && edits <= Math.max(1, Math.ceil(candidate.length / 3))) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

/** Help for an unknown name: the near one, or all there are. */
export function suggest(name: string, candidates: readonly string[], what: string): string {
  const near = nearest(name, candidates);
  if (near !== null) return `did you mean \`${near}\`?`;
  if (candidates.length === 0) return `there are no ${what} here`;
  return `${what} here: ${candidates.map((one) => `\`${one}\``).join(", ")}`;
}

/** Optimal string alignment, Damerau 1964. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let edits = Math.min(replace, last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, beforeLast[j - 2]! + 1);
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
