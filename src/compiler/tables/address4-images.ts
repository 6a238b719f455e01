// A partition of the IPv4 addresses to the images of its tables. Ranges alone serve small sets. For larger ones, blocks in which
// little differs from their surroundings move to a table of two or four bytes a slot, and ranges hold the rest. Which way is
// taken depends on counts alone, so the same sets give the same bytes.

import { BLOCK4_SIZE, SMALL_BLOCK4_SIZE } from "./address4-mix.ts";
import { SEGMENTS_MOST } from "./block4-plan.ts";
import { type Segments4, type Slots4, takeBlocks4, withBlocks4 } from "./blocks4.ts";
import {
  type Blocks4Image,
  type Blocks4Shape,
  blocks4Bytes,
  markBlocks4,
  placeBlocks4,
} from "./blocks4-image.ts";
import { ranges4Images } from "./ranges4-image.ts";

export interface Address4Images {
  /** null where no pilot leads there, and `rest` is the class of all that no slot has. */
  readonly root: Uint8Array | null;
  readonly ranges: Uint8Array | null;
  readonly rest: number | null;
  readonly blocks: Blocks4Image | null;
}

/** 64 KiB of ranges: of so few, a source in none is found a little sooner than in blocks, and one in some not much later. */
const RANGES_ALONE = 2 ** 14;

/** Of a range: its first address and its class. */
const RANGE_BYTES = 4;

/** Blocks of which little leads to ranges are one line instead of two: worth so many times the memory that they save. */
const WORTH_OF_A_LINE = 2;

/** Labels are a second word to compare: worth it where the table is more than so many times as large without them. */
const WORTH_OF_A_WORD = 2;

/** One in this many of the segments that begin inside a /24, and these are one in INSIDE of all. */
const CROWDED = 8;
const INSIDE = 4;

/** Without labels, slots of other classes than the most frequent have no place: one in this many at most. */
const ODD_CLASSES = 16;

/** Segments longer than this say nothing of the classes of slots. */
const SHORT = 1024;

/** Blocks though the counts do not ask for them. */
export interface BlocksWay {
  readonly size: typeof BLOCK4_SIZE | typeof SMALL_BLOCK4_SIZE;
  /** Where one class does not need them. */
  readonly labels: boolean;
}

/** `way`: not what the counts say. For tests of small sets. */
export function images4(segments: Segments4, way?: "ranges" | BlocksWay): Address4Images {
  const count = segments.firsts.length;
  if (way === "ranges" || (!way && count <= RANGES_ALONE)) return withoutBlocks(segments);
  const size = way?.size ?? (isCrowded(segments) ? SMALL_BLOCK4_SIZE : BLOCK4_SIZE);
  const restClass = widestClass(segments);
  const slotClass = frequentClass(segments, restClass);
  const uniform = takeBlocks4(segments, { size, restClass, slotClass });
  const { slots, refused, ...taken } =
    uniform ?? takeBlocks4(segments, { size, restClass: null, slotClass })!;
  const unplaced = withBlocks4(taken.rest, segments, refused, size);
  const saved = RANGE_BYTES * (count - unplaced.firsts.length) * (uniform ? WORTH_OF_A_LINE : 1);
  const shape = { size, ...labelsOf(slots, slotClass, way) };
  if (!way && blocks4Bytes(slots.blocks.length, shape.classMask) > saved) return withoutBlocks(segments);
  const { left, ...blocks } = placeBlocks4(slots, shape);
  const rest = withBlocks4(unplaced, segments, left, size);
  if (rest.firsts.length === 1) return { root: null, ranges: null, rest: rest.classes[0]!, blocks };
  if (uniform) for (const addresses of [refused, left]) markBlocks4(blocks, addresses);
  return { ...ranges4Images(rest), rest: uniform ? restClass : null, blocks };
}

/** Whether addresses stand so close that slots of /24s have no room for many of those that are in them. */
function isCrowded({ firsts }: Segments4): boolean {
  let inside = 0;
  let crowded = 0;
  for (let from = 0, to = 0; from < firsts.length; from = to) {
    const block = firsts[from]! >>> 8;
    while (to < firsts.length && firsts[to]! >>> 8 === block) to++;
    const own = to - from - Number((firsts[from]! & 0xff) === 0);
    inside += own;
    if (own >= SEGMENTS_MOST) crowded += own;
  }
  return crowded * CROWDED > inside && inside * INSIDE > firsts.length;
}

/** Labels for `slots`, or none where they are of one class, and the table is not much smaller with labels that tell blocks apart. */
function labelsOf(slots: Slots4, slotClass: number | null, way?: BlocksWay): Omit<Blocks4Shape, "size"> {
  const greatest = slotClass ?? slots.classes.reduce((most, label) => Math.max(most, label), 0);
  const classMask = 2 ** (32 - Math.clz32(greatest | 1)) - 1;
  const bytes = (mask: number) => blocks4Bytes(slots.blocks.length, mask);
  const isWorth = way?.labels ?? bytes(0) > WORTH_OF_A_WORD * bytes(classMask);
  return slotClass === null || isWorth
    ? { classMask, classIndex: 0 }
    : { classMask: 0, classIndex: slotClass };
}

function withoutBlocks(segments: Segments4): Address4Images {
  return { ...ranges4Images(segments), rest: null, blocks: null };
}

/** That most addresses are of. */
function widestClass({ firsts, classes }: Segments4): number {
  const addresses: number[] = [];
  let widest = classes[0]!;
  classes.forEach((label, i) => {
    addresses[label] = (addresses[label] ?? 0) + (firsts[i + 1] ?? 2 ** 32) - firsts[i]!;
  });
  addresses.forEach((count, label) => {
    if (count > addresses[widest]!) widest = label;
  });
  return widest;
}

/** That of nearly all short segments of another class than `widest`; null where there is none. */
function frequentClass({ firsts, classes }: Segments4, widest: number): number | null {
  const counts: number[] = [];
  let all = 0;
  let frequent = 0;
  for (let i = 0; i < classes.length; i++) {
    const label = classes[i]!;
    if (label === widest || (firsts[i + 1] ?? 2 ** 32) - firsts[i]! > SHORT) continue;
    all++;
    const own = (counts[label] ?? 0) + 1;
    counts[label] = own;
    if (own > (counts[frequent] ?? 0)) frequent = label;
  }
  return all > 0 && (all - counts[frequent]!) * ODD_CLASSES <= all ? frequent : null;
}
