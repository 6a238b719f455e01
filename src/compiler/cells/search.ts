// Does a box, less the union of other boxes, hold a packet? Exact. The search picks a packet of the box; where another
// box holds it too, that box is cut out one dimension at a time and the pieces are searched. So only boxes that hold a
// picked packet are ever cut, and the usual answer costs one pass over the boxes.

import { andNot, hasBit, isZero, nextBit } from "./mask.ts";
import { shortestHeaders, type Shape } from "./shapes.ts";
import { type Box, DIMENSIONS, type FullBox, L3_LENGTH, PAYLOAD_LENGTH, type Space } from "./space.ts";

/** One class of each dimension; every packet in it is alike to all matches of the space. */
export interface Cell {
  readonly shape: Shape;
  readonly classes: readonly number[];
}

export type SearchResult<T> =
  | { readonly kind: "found"; readonly cell: Cell }
  /** `by`: owners of the boxes that were needed to cover it; none where the box itself holds no packet. */
  | { readonly kind: "covered"; readonly by: ReadonlySet<T> }
  | { readonly kind: "too-hard" };

export interface Cover<T> {
  readonly box: Box;
  readonly owner: T;
}

/** Counts tests of one box against one packet. Counted, not timed, so that the outcome is the same everywhere. */
export class Budget {
  #left: number;
  constructor(tests: number) {
    this.#left = tests;
  }
  /** False where the work would go beyond it. */
  spend(tests: number): boolean {
    this.#left -= tests;
    return this.#left >= 0;
  }
}

export function findUncovered<T>(
  space: Space,
  shape: Shape,
  start: FullBox,
  covers: readonly Cover<T>[],
  budgets: readonly Budget[],
): SearchResult<T> {
  const by = new Set<T>();
  const pending: FullBox[] = [start];
  for (let box = pending.pop(); box; box = pending.pop()) {
    const classes = pickCell(space, shape, box);
    if (!classes) continue;
    for (const budget of budgets) if (!budget.spend(covers.length + 1)) return { kind: "too-hard" };
    // Of the boxes that hold the packet, the one that leaves the fewest pieces ends the search soonest.
    let best: Cover<T> | null = null;
    let fewest = Number.POSITIVE_INFINITY;
    for (const cover of covers) {
      if (!holds(cover.box, classes)) continue;
      const pieces = piecesLeft(box, cover.box);
      if (pieces < fewest) {
        fewest = pieces;
        best = cover;
      }
      if (fewest === 0) break;
    }
    if (!best) return { kind: "found", cell: { shape, classes } };
    by.add(best.owner);
    pending.push(...cutOut(box, best.box));
  }
  return { kind: "covered", by };
}

function holds(cover: Box, classes: readonly number[]): boolean {
  for (let at = 0; at < cover.dimensions.length; at++)
    if (!hasBit(cover.masks[at]!, classes[cover.dimensions[at]!]!)) return false;
  return true;
}

function piecesLeft(box: FullBox, cover: Box): number {
  let pieces = 0;
  for (const [at, dimension] of cover.dimensions.entries())
    if (!isZero(andNot(box[dimension]!, cover.masks[at]!))) pieces++;
  return pieces;
}

/** Disjoint pieces whose union is `box` less `cover`; the packet that was picked is in none. */
function cutOut(box: FullBox, cover: Box): FullBox[] {
  const pieces: FullBox[] = [];
  const rest = [...box];
  for (const [at, dimension] of cover.dimensions.entries()) {
    const outside = andNot(rest[dimension]!, cover.masks[at]!);
    if (!isZero(outside)) {
      const piece = [...rest];
      piece[dimension] = outside;
      pieces.push(piece);
      rest[dimension] = andNot(rest[dimension]!, outside);
    }
  }
  return pieces.reverse();
}

/**
 * A class of each dimension: the preferred one, or else the lowest; lengths such that headers can make up their
 * difference, the shortest L3 length first. Null: the box holds no packet.
 */
function pickCell(space: Space, shape: Shape, box: FullBox): number[] | null {
  const preferred = space.preferred(shape);
  const classes: number[] = [];
  for (let dimension = 0; dimension < DIMENSIONS.length; dimension++) {
    const favourite = preferred[dimension]!;
    classes.push(hasBit(box[dimension]!, favourite) ? favourite : nextBit(box[dimension]!, 0));
  }
  if (classes.includes(-1)) return null;
  for (let l3 = nextBit(box[L3_LENGTH]!, 0); l3 >= 0; l3 = nextBit(box[L3_LENGTH]!, l3 + 1))
    for (
      let payload = nextBit(box[PAYLOAD_LENGTH]!, 0);
      payload >= 0;
      payload = nextBit(box[PAYLOAD_LENGTH]!, payload + 1)
    )
      if (headersBetween(space, shape, l3, payload) !== null) {
        classes[L3_LENGTH] = l3;
        classes[PAYLOAD_LENGTH] = payload;
        return classes;
      }
  return null;
}

/** The shortest headers, in bytes, that a packet with lengths of these two classes can have; null where there are none. */
export function headersBetween(space: Space, shape: Shape, l3: number, payload: number): number | null {
  const lengths = space.field("l3Length");
  if (!shape.has.payloadLength) return shortestHeaders(shape, 0, lengths.last(l3));
  const payloads = space.field("payloadLength");
  return shortestHeaders(
    shape,
    lengths.first(l3) - payloads.last(payload),
    lengths.last(l3) - payloads.first(payload),
  );
}
