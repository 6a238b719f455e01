// Does a box, less the union of other boxes, hold a packet? Exact. The search picks a packet of the box; where another
// box holds it too, what boxes take by one dimension alone is taken off, and then one box is cut out, a dimension at a
// time, and the pieces are searched. So the usual answer costs one pass over the boxes.

import {
  and,
  andNot,
  firstCommon,
  hasBit,
  isSubset,
  isZero,
  type Mask,
  nextBit,
  or,
  overlaps,
} from "./mask.ts";
import { type Shape, shortestHeaders } from "./shapes.ts";
import {
  type Box,
  DIMENSIONS,
  type FullBox,
  L3_LENGTH,
  PAYLOAD,
  PAYLOAD_LENGTH,
  PRESENT,
  type Space,
} from "./space.ts";

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

/**
 * Work that a search may take, in tests of one box against one packet, about 15 ns each. Counted, not timed, so that the
 * outcome is the same everywhere.
 */
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
/** What a box against a whole box costs, in tests. */
const BOX_TESTS = 16;

/** A box yet to be searched, and the covers that may meet it. */
interface Pending<T> {
  readonly box: FullBox;
  readonly covers: readonly Cover<T>[];
}

export function findUncovered<T>(
  space: Space,
  shape: Shape,
  start: FullBox,
  covers: readonly Cover<T>[],
  budgets: readonly Budget[],
): SearchResult<T> {
  const by = new Set<T>();
  const pending: Pending<T>[] = [{ box: start, covers }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (!spend(budgets, next.covers.length + 1)) return { kind: "too-hard" };
    const packet = pickCell(space, shape, next.box);
    if (!packet) continue;
    if (!next.covers.some(({ box }) => holds(box, packet))) return found(shape, packet);

    if (!spend(budgets, BOX_TESTS * next.covers.length)) return { kind: "too-hard" };
    const rest = takeOff(next.box, next.covers, by);
    if (!rest) continue;
    const classes = pickCell(space, shape, rest.box);
    if (!classes) continue;
    // Of the boxes that hold the packet, the one that leaves the fewest pieces ends the search soonest.
    const holding = rest.covers.filter(({ box }) => holds(box, classes));
    const [first, ...others] = holding;
    if (!first) return found(shape, classes);
    let best = first;
    for (const cover of others) if (cover.box.dimensions.length < best.box.dimensions.length) best = cover;
    by.add(best.owner);
    const left = rest.covers.filter((cover) => cover !== best);
    for (const box of cutOut(rest.box, best.box)) pending.push({ box, covers: left });
  }
  return { kind: "covered", by };
}

/** Every budget pays. */
function spend(budgets: readonly Budget[], tests: number): boolean {
  return budgets.map((budget) => budget.spend(tests)).every(Boolean);
}

function found<T>(shape: Shape, classes: readonly number[]): SearchResult<T> {
  return { kind: "found", cell: { shape, classes } };
}

function holds(cover: Box, classes: readonly number[]): boolean {
  for (let at = 0; at < cover.dimensions.length; at++)
    if (!hasBit(cover.masks[at]!, classes[cover.dimensions[at]!]!)) return false;
  return true;
}

/**
 * Takes off what covers narrow in one dimension alone: such covers are a union of classes of it. Those that do not meet the
 * box go, and dimensions in which a cover holds the whole box too. Null where nothing is left. Adds to `by`.
 */
function takeOff<T>(box: FullBox, covers: readonly Cover<T>[], by: Set<T>): Pending<T> | null {
  const taken = new Map<number, { mask: Mask; owners: T[] }>();
  const others: Cover<T>[] = [];
  for (const cover of covers) {
    const narrowed = narrowedIn(box, cover.box);
    if (!narrowed) continue;
    if (narrowed.dimensions.length === 0) {
      by.add(cover.owner);
      return null;
    }
    if (narrowed.dimensions.length > 1) {
      others.push({ box: narrowed, owner: cover.owner });
      continue;
    }
    const dimension = narrowed.dimensions[0]!;
    const before = taken.get(dimension);
    const mask = and(narrowed.masks[0]!, box[dimension]!);
    if (!before) taken.set(dimension, { mask, owners: [cover.owner] });
    else if (!isSubset(mask, before.mask)) {
      before.mask = or(before.mask, mask);
      before.owners.push(cover.owner);
    }
  }
  // One dimension may be enough; then the covers of the others are not part of the proof.
  for (const [dimension, { mask, owners }] of taken)
    if (isSubset(box[dimension]!, mask)) {
      for (const owner of owners) by.add(owner);
      return null;
    }
  const rest = [...box];
  for (const [dimension, { mask, owners }] of taken) {
    for (const owner of owners) by.add(owner);
    rest[dimension] = andNot(rest[dimension]!, mask);
  }
  return { box: rest, covers: others };
}

/** The cover without the dimensions in which it holds the whole box; null where it does not meet the box. */
function narrowedIn(box: FullBox, cover: Box): Box | null {
  const dimensions: number[] = [];
  const masks: Mask[] = [];
  for (const [at, dimension] of cover.dimensions.entries()) {
    const mask = cover.masks[at]!;
    if (!overlaps(box[dimension]!, mask)) return null;
    if (isSubset(box[dimension]!, mask)) continue;
    dimensions.push(dimension);
    masks.push(mask);
  }
  return dimensions.length === cover.dimensions.length ? cover : { dimensions, masks };
}

/** Disjoint pieces whose union is `box` less `cover`. */
function cutOut(box: FullBox, cover: Box): FullBox[] {
  const pieces: FullBox[] = [];
  const rest = [...box];
  for (const [at, dimension] of cover.dimensions.entries()) {
    const outside = andNot(rest[dimension]!, cover.masks[at]!);
    if (isZero(outside)) continue;
    const piece = [...rest];
    piece[dimension] = outside;
    pieces.push(piece);
    rest[dimension] = and(rest[dimension]!, cover.masks[at]!);
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
    const bit = hasBit(box[dimension]!, favourite) ? favourite : nextBit(box[dimension]!, 0);
    if (bit < 0) return null;
    classes.push(bit);
  }
  const present = presentClasses(space, shape, box[PRESENT[shape.family]]!, classes[PRESENT[shape.family]]!);
  const patterns = patternClasses(space, shape, box[PAYLOAD]!, classes[PAYLOAD]!);
  for (let l3 = nextBit(box[L3_LENGTH]!, 0); l3 >= 0; l3 = nextBit(box[L3_LENGTH]!, l3 + 1))
    for (
      let payload = nextBit(box[PAYLOAD_LENGTH]!, 0);
      payload >= 0;
      payload = nextBit(box[PAYLOAD_LENGTH]!, payload + 1)
    )
      for (const headers of present)
        for (const pattern of patterns) {
          if (headersBetween(space, shape, l3, payload, headers, pattern) === null) continue;
          classes[L3_LENGTH] = l3;
          classes[PAYLOAD_LENGTH] = payload;
          classes[PRESENT[shape.family]] = headers;
          classes[PAYLOAD] = pattern;
          return classes;
        }
  return null;
}

/** Of the classes that allow the same headers one, the favourite first. */
function presentClasses(space: Space, shape: Shape, mask: Mask, favourite: number): number[] {
  const classes = [favourite];
  const seen = new Set([space.headers(shape, favourite)]);
  for (let index = nextBit(mask, 0); index >= 0; index = nextBit(mask, index + 1)) {
    const headers = space.headers(shape, index);
    if (seen.has(headers)) continue;
    seen.add(headers);
    classes.push(index);
  }
  return classes;
}

/** Of the classes that go with the same payload lengths one, the favourite first. */
function patternClasses(space: Space, shape: Shape, mask: Mask, favourite: number): number[] {
  if (!shape.has.payload) return [favourite];
  const classes = [favourite];
  for (const group of space.payload.groups) {
    const found = hasBit(group, favourite) ? -1 : firstCommon(group, mask);
    if (found >= 0) classes.push(found);
  }
  return classes;
}

/** The shortest headers, in bytes, that a packet with lengths of these two classes can have; null where there are none. */
export function headersBetween(
  space: Space,
  shape: Shape,
  l3: number,
  payload: number,
  present: number,
  pattern: number,
): number | null {
  const lengths = space.field("l3Length");
  const headers = space.headers(shape, present);
  if (!shape.has.payloadLength) return shortestHeaders(headers, 0, lengths.last(l3));
  const payloads = space.field("payloadLength");
  const { least, most } = space.payload.pattern(pattern);
  const shortest = Math.max(payloads.first(payload), least);
  const longest = Math.min(payloads.last(payload), most);
  if (shortest > longest) return null;
  return shortestHeaders(headers, lengths.first(l3) - longest, lengths.last(l3) - shortest);
}
