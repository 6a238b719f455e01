// Rows to decisions: which rule decides for each combination of classes, where there are few enough of them to write them all
// down. The program then looks at no row. In two steps: the fields' classes to the rules that they leave, and those with
// the addresses' classes to the rule. Different fields that leave the same rules share the second step.

import { DECISION_ROWS } from "../../bundle/abi.ts";
import type { RuleIr } from "../../ir/nodes.ts";
import type { Dimension } from "./dimensions.ts";
import type { RowShape } from "./vectors.ts";

export interface Decisions {
  /** `fieldEntries` of the first step, then blocks of `blockEntries` of the second. */
  readonly entries: Uint16Array;
  readonly fieldEntries: number;
  readonly blockEntries: number;
  /** By dimension: what its class counts in the index of its step. */
  readonly factors: readonly number[];
}

/** 128 KiB. */
export const DECISIONS_MAX = 65_536;

/** A part of all decisions that is not no rule: where more are left to the rows, to ask first does not pay. */
const ROWS_SHARE = 1 / 2;

/** null where there are too many combinations, or most of them are left to the rows. `rows`: of each dimension. */
export function decisionsOf(
  rules: readonly RuleIr[],
  managementCount: number,
  shape: RowShape,
  dimensions: readonly Dimension[],
  rows: readonly Uint32Array[],
): Decisions | null {
  const counts = dimensions.map(({ classMembers }) => classMembers.length);
  const isField = dimensions.map(({ kind }) => kind === "field");
  const factors = dimensions.map((_, i) =>
    counts.reduce((product, count, j) => (j > i && isField[j] === isField[i] ? product * count : product), 1),
  );
  const entriesOf = (field: boolean) =>
    counts.reduce((product, count, i) => (isField[i] === field ? product * count : product), 1);
  const fieldEntries = entriesOf(true);
  const blockEntries = entriesOf(false);
  if (fieldEntries + blockEntries > DECISIONS_MAX) return null;

  const entries = new Uint16Array(DECISIONS_MAX);
  const blocks = new Map<string, number>();
  const walk = new Combinations(shape, dimensions, rows, factors);
  const everything = new Uint32Array(2 * shape.wordCount).fill(0xffffffff);
  let used = fieldEntries;
  let decided = 0;
  let left = 0;
  const isComplete = walk.each("field", everything, (index, bits) => {
    const key = Buffer.from(bits.buffer, bits.byteOffset, bits.byteLength).toString("latin1");
    let block = blocks.get(key);
    if (block === undefined) {
      if (used + blockEntries > DECISIONS_MAX) return false;
      const first = used;
      used += blockEntries;
      block = blocks.size + 1;
      blocks.set(key, block);
      walk.each("address", bits, (rest, matching) => {
        const decision = decisionOf(rules, managementCount, matching);
        entries[first + rest] = decision;
        if (decision === DECISION_ROWS) left++;
        else decided++;
        return true;
      });
    }
    entries[index] = block;
    return true;
  });
  if (!isComplete || left > (left + decided) * ROWS_SHARE) return null;
  return { entries: entries.slice(0, used), fieldEntries, blockEntries, factors };
}

/** The topmost rule decides, unless it is one after which evaluation may go on, or a management flow. */
function decisionOf(rules: readonly RuleIr[], managementCount: number, bits: Uint32Array): number {
  const half = bits.findIndex((value) => value !== 0);
  const index = 32 * half + 31 - Math.clz32(bits[half]! & -bits[half]!);
  const rule = rules[index]!;
  const goesOn = rule.action.kind === "limit" || rule.shadow || index < managementCount;
  return goesOn ? DECISION_ROWS : index + 1;
}

/** Combinations of the classes of fields, or of addresses, that leave any rule. */
class Combinations {
  readonly #shape: RowShape;
  readonly #dimensions: readonly Dimension[];
  readonly #rows: readonly Uint32Array[];
  readonly #factors: readonly number[];

  constructor(
    shape: RowShape,
    dimensions: readonly Dimension[],
    rows: readonly Uint32Array[],
    factors: readonly number[],
  ) {
    this.#shape = shape;
    this.#dimensions = dimensions;
    this.#rows = rows;
    this.#factors = factors;
  }

  /** False where `visit` was, which ends it. `bits` are the visitor's only while it is called. */
  each(
    kind: Dimension["kind"],
    bits: Uint32Array,
    visit: (index: number, bits: Uint32Array) => boolean,
    from = 0,
    index = 0,
  ): boolean {
    const at = this.#dimensions.findIndex((dimension, i) => i >= from && dimension.kind === kind);
    if (at < 0) return visit(index, bits);
    const { stride } = this.#shape;
    const common = new Uint32Array(bits.length);
    for (let label = 0; label < this.#dimensions[at]!.classMembers.length; label++) {
      const words = 2 * (label * stride + stride) - bits.length;
      let any = 0;
      for (let half = 0; half < bits.length; half++)
        any |= common[half] = bits[half]! & this.#rows[at]![words + half]!;
      if (any === 0) continue;
      if (!this.each(kind, common, visit, at + 1, index + label * this.#factors[at]!)) return false;
    }
    return true;
  }
}
