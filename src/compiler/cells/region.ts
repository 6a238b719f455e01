// A region is a union of matches; findPacket() looks for a packet of a conjunction of matches outside of regions.

import type { MatchIr } from "../../ir/nodes.ts";
import { and, andNot, isZero } from "./mask.ts";
import { type Budget, type Cover, findUncovered, type SearchResult } from "./search.ts";
import { SHAPES } from "./shapes.ts";
import {
  type Box,
  boxesMeet,
  COMMON_L3_BYTES,
  type FullBox,
  L3_LENGTH,
  narrow,
  type Space,
  TESTABLE_L3_BYTES,
} from "./space.ts";

/** What findPacket() looks outside of: boxes by shape, an index in SHAPES. */
export interface Outside<T> {
  covers(shape: number): readonly Cover<T>[];
}

/** A union of matches, each with an owner, by which a proof names it. */
export class Region<T> implements Outside<T> {
  readonly #space: Space;
  readonly #covers: readonly Cover<T>[][] = SHAPES.map(() => []);

  constructor(space: Space) {
    this.#space = space;
  }
  add(match: MatchIr, owner: T): void {
    for (const [shape, box] of this.#space.boxesOf(match).entries())
      if (box) this.#covers[shape]!.push({ box, owner });
  }
  covers(shape: number): readonly Cover<T>[] {
    return this.#covers[shape]!;
  }
}

/**
 * A packet that every match of `within` holds and no region of `outside` does: one that any link carries where there is
 * one, else one that a BPF test-run takes, else any.
 */
export function findPacket<T>(
  space: Space,
  within: readonly MatchIr[],
  outside: readonly Outside<T>[],
  budgets: readonly Budget[],
): SearchResult<T> {
  const starts: { readonly shape: number; readonly box: FullBox }[] = [];
  const parts = within.map((match) => space.boxesOf(match));
  for (let shape = 0; shape < SHAPES.length; shape++) {
    const box = intersection(
      space.fullBox(SHAPES[shape]!),
      parts.map((boxes) => boxes[shape]!),
    );
    if (box) starts.push({ shape, box });
  }
  const by = new Set<T>();
  for (const tier of lengthTiers(space))
    for (const { shape, box } of starts) {
      const lengths = and(box[L3_LENGTH]!, tier);
      if (isZero(lengths)) continue;
      const start = [...box];
      start[L3_LENGTH] = lengths;
      const covers =
        outside.length === 1 ? outside[0]!.covers(shape) : outside.flatMap((region) => region.covers(shape));
      const result = findUncovered(space, SHAPES[shape]!, start, covers, budgets);
      if (result.kind !== "covered") return result;
      for (const owner of result.by) by.add(owner);
    }
  return { kind: "covered", by };
}

/** Null where the boxes have no packet in common, or one of them is none. */
function intersection(full: FullBox, parts: readonly (Box | null)[]): FullBox | null {
  for (const [index, part] of parts.entries())
    if (!part || !parts.slice(0, index).every((other) => other && boxesMeet(other, part))) return null;
  return parts.reduce<FullBox | null>((box, part) => box && part && narrow(box, part), full);
}

function lengthTiers(space: Space) {
  const lengths = space.field("l3Length");
  const common = lengths.maskOf(COMMON_L3_BYTES);
  const testable = lengths.maskOf(TESTABLE_L3_BYTES);
  return [common, andNot(testable, common), andNot(lengths.all, testable)];
}
