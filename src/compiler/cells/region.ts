// A region is a union of matches; findPacket() looks for a packet of a conjunction of matches outside of regions.

import type { MatchIr } from "../../ir/nodes.ts";
import { and, andNot, isZero } from "./mask.ts";
import { type Budget, type Cover, findUncovered, type SearchResult } from "./search.ts";
import { SHAPES, type Shape } from "./shapes.ts";
import { COMMON_L3_BYTES, type FullBox, L3_LENGTH, narrow, type Space, TESTABLE_L3_BYTES } from "./space.ts";

/** A union of matches, each with an owner, by which a proof names it. */
export class Region<T> {
  readonly #space: Space;
  readonly #covers = new Map<Shape, Cover<T>[]>(SHAPES.map((shape) => [shape, []]));

  constructor(space: Space) {
    this.#space = space;
  }
  add(match: MatchIr, owner: T): void {
    for (const shape of SHAPES) {
      const box = this.#space.boxOf(match, shape);
      if (box) this.#covers.get(shape)!.push({ box, owner });
    }
  }
  covers(shape: Shape): readonly Cover<T>[] {
    return this.#covers.get(shape)!;
  }
}

/**
 * A packet that every match of `within` holds and no region of `outside` does: one that any link carries where there is one,
 * else one that a BPF test-run takes, else any.
 */
export function findPacket<T>(
  space: Space,
  within: readonly MatchIr[],
  outside: readonly Region<T>[],
  budgets: readonly Budget[],
): SearchResult<T> {
  const boxes: [Shape, FullBox][] = [];
  for (const shape of SHAPES) {
    let box: FullBox | null = space.fullBox(shape);
    for (const match of within) {
      const part = space.boxOf(match, shape);
      box = box && part ? narrow(box, part) : null;
    }
    if (box) boxes.push([shape, box]);
  }
  const by = new Set<T>();
  for (const tier of lengthTiers(space))
    for (const [shape, box] of boxes) {
      const lengths = and(box[L3_LENGTH]!, tier);
      if (isZero(lengths)) continue;
      const start = [...box];
      start[L3_LENGTH] = lengths;
      const covers =
        outside.length === 1 ? outside[0]!.covers(shape) : outside.flatMap((region) => region.covers(shape));
      const result = findUncovered(space, shape, start, covers, budgets);
      if (result.kind !== "covered") return result;
      for (const owner of result.by) by.add(owner);
    }
  return { kind: "covered", by };
}

function lengthTiers(space: Space) {
  const lengths = space.field("l3Length");
  const common = lengths.maskOf(COMMON_L3_BYTES);
  const testable = lengths.maskOf(TESTABLE_L3_BYTES);
  return [common, andNot(testable, common), andNot(lengths.all, testable)];
}
