// A partition of the IPv4 addresses to the images of its tables. Ranges alone serve small and middling sets. Where they
// would not stay in a core's cache, single addresses and /24s whose class differs from their surroundings move to exact
// tables (two bytes an entry instead of eight), and ranges hold the rest. Which way is taken depends on counts alone, so
// the same sets give the same bytes.

import type { Segments } from "./address-classes.ts";
import type { ExactMask } from "./address4-mix.ts";
import { type ExactEntries, type ExactImage, placeExact } from "./exact-image.ts";
import { type Ranges4Images, ranges4Images } from "./ranges4-image.ts";

export interface Address4Images extends Ranges4Images {
  readonly hosts: ExactImage | null;
  readonly nets: ExactImage | null;
}

/** 1 MiB of ranges: with the root, they stay in the second-level cache of the servers of these years. */
const RANGES_ALONE = 2 ** 18;

/** An exact table costs one more line for each packet. It must save this part of the ranges. */
const WORTH = 1 / 8;

type Segments4 = Segments<Uint32Array>;

/** `alone`: up to so many segments get no exact tables. For tests of small sets. */
export function images4(segments: Segments4, alone = RANGES_ALONE): Address4Images {
  if (segments.firsts.length <= alone) return { ...ranges4Images(segments), hosts: null, nets: null };
  const hosts = takeOut(segments, 0xffffffff);
  const nets = takeOut(hosts.rest, 0xffffff00);
  return { ...ranges4Images(nets.rest), hosts: hosts.exact, nets: nets.exact };
}

/** Moves blocks of the mask's size to an exact table where that is worth it. The segments around them close up. */
function takeOut(segments: Segments4, mask: ExactMask): { exact: ExactImage | null; rest: Segments4 } {
  const size = 2 ** 32 - mask;
  const blocks = blocksOf(segments, size);
  if (2 * blocks.addresses.length < segments.firsts.length * WORTH) return { exact: null, rest: segments };
  const { placed, ...exact } = placeExact(blocks, mask);
  return { exact, rest: without(segments, blocks.addresses, placed) };
}

/** Segments of exactly one aligned block. */
function blocksOf({ firsts, classes }: Segments4, size: number): ExactEntries {
  const addresses = new Uint32Array(firsts.length);
  const labels = new Uint32Array(firsts.length);
  let count = 0;
  for (let i = 0; i < firsts.length; i++) {
    const first = firsts[i]!;
    if (first % size !== 0 || (firsts[i + 1] ?? 2 ** 32) - first !== size) continue;
    addresses[count] = first;
    labels[count++] = classes[i]!;
  }
  return { addresses: addresses.slice(0, count), classes: labels.slice(0, count) };
}

/** What is left where each placed block takes the class of what stands before it; neighbours of one class join. */
function without({ firsts, classes }: Segments4, blocks: Uint32Array, placed: Uint8Array): Segments4 {
  const left = new Uint32Array(firsts.length);
  const labels = new Uint32Array(firsts.length);
  let count = 0;
  let block = 0;
  for (let i = 0; i < firsts.length; i++) {
    const first = firsts[i]!;
    // `blocks` are some of the segments, in the same order.
    if (first === blocks[block] && placed[block++] === 1 && count > 0) continue;
    if (count > 0 && labels[count - 1] === classes[i]) continue;
    left[count] = first;
    labels[count++] = classes[i]!;
  }
  return { firsts: left.slice(0, count), classes: labels.slice(0, count) };
}
