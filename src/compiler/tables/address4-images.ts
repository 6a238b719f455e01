// A partition of the IPv4 addresses to the images of its tables. Ranges alone serve small and middling sets. Where they
// would not stay in a core's cache, /24s in which little differs from their surroundings move to a table of two bytes a
// slot, and ranges hold the rest. Which way is taken depends on counts alone, so the same sets give the same bytes.

import { type Segments4, takeBlocks4, withBlocks4 } from "./blocks4.ts";
import { type Blocks4Image, blocks4Bytes, markBlocks4, placeBlocks4 } from "./blocks4-image.ts";
import { ranges4Images } from "./ranges4-image.ts";

export interface Address4Images {
  /** null where no pilot leads there, and `rest` is the class of all that no slot has. */
  readonly root: Uint8Array | null;
  readonly ranges: Uint8Array | null;
  readonly rest: number | null;
  readonly blocks: Blocks4Image | null;
}

/** 512 KiB of ranges: with the root, they stay in the second-level cache of the servers of these years. */
const RANGES_ALONE = 2 ** 17;

/** Of a range: its first address and its class. */
const RANGE_BYTES = 4;

/** Blocks of which little leads to ranges are one line instead of two: worth so many times the memory that they save. */
const WORTH_OF_A_LINE = 2;

/** Without labels, slots of other classes than the most frequent have no place: one in this many at most. */
const ODD_CLASSES = 16;

/** Segments longer than this say nothing of the classes of slots. */
const SHORT = 1024;

/** `way`: not what the counts say. For tests of small sets. */
export function images4(segments: Segments4, way?: "ranges" | "blocks"): Address4Images {
  const count = segments.firsts.length;
  if (way === "ranges" || (way !== "blocks" && count <= RANGES_ALONE)) return withoutBlocks(segments);
  const restClass = widestClass(segments);
  const slotClass = frequentClass(segments, restClass);
  const uniform = takeBlocks4(segments, { restClass, slotClass });
  const { slots, refused, ...taken } = uniform ?? takeBlocks4(segments, { restClass: null, slotClass })!;
  const unplaced = withBlocks4(taken.rest, segments, refused);
  const saved = RANGE_BYTES * (count - unplaced.firsts.length) * (uniform ? WORTH_OF_A_LINE : 1);
  if (way !== "blocks" && blocks4Bytes(slots.blocks.length, slotClass === null) > saved)
    return withoutBlocks(segments);
  const { left, ...blocks } = placeBlocks4(slots, slotClass);
  const rest = withBlocks4(unplaced, segments, left);
  if (rest.firsts.length === 1) return { root: null, ranges: null, rest: rest.classes[0]!, blocks };
  if (uniform) for (const addresses of [refused, left]) markBlocks4(blocks, addresses);
  return { ...ranges4Images(rest), rest: uniform ? restClass : null, blocks };
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
