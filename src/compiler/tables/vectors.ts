// Classes to rows of the section `vectors`: the rules that a class leaves in question, as bits.

/** Shape of a row; a fleet's rows are all of one shape. */
export interface RowShape {
  readonly ruleCount: number;
  readonly wordCount: number;
  /** Words from row to row: with more than one word a summary word stands before them. */
  readonly stride: number;
}

export function rowShape(ruleCount: number): RowShape {
  const wordCount = Math.max(1, Math.ceil(ruleCount / 64));
  return { ruleCount, wordCount, stride: wordCount === 1 ? 1 : wordCount + 1 };
}

/**
 * Rows of one dimension, as 32-bit halves of the words, low half first.
 * A rule that does not ask about the dimension is in every row; the others where the class is in their set.
 */
export function dimensionRows(
  shape: RowShape,
  setOfRule: readonly number[],
  classMembers: readonly (readonly number[])[],
): Uint32Array {
  const halvesPerRow = 2 * shape.wordCount;
  const indifferent = new Uint32Array(halvesPerRow);
  const rulesOfSet: number[][] = [];
  setOfRule.forEach((set, rule) => {
    if (set < 0) setBit(indifferent, 0, rule);
    else (rulesOfSet[set] ??= []).push(rule);
  });
  const summarized = shape.stride > 1;
  const rows = new Uint32Array(classMembers.length * 2 * shape.stride);
  classMembers.forEach((members, index) => {
    const row = index * 2 * shape.stride;
    const words = row + (summarized ? 2 : 0);
    rows.set(indifferent, words);
    for (const set of members) for (const rule of rulesOfSet[set]!) setBit(rows, words, rule);
    if (!summarized) return;
    for (let word = 0; word < shape.wordCount; word++)
      if (rows[words + 2 * word] !== 0 || rows[words + 2 * word + 1] !== 0) setBit(rows, row, word);
  });
  return rows;
}

function setBit(halves: Uint32Array, base: number, bit: number): void {
  const half = base + (bit >>> 5);
  halves[half] = (halves[half]! | (1 << (bit & 31))) >>> 0;
}
