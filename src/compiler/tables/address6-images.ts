// A partition of the IPv6 addresses to the images of its tables. A small set is ranges alone; in a larger one single
// addresses and prefixes of up to 64 bits whose class differs from their surroundings stand in exact tables, for they
// crowd in few chunks, and a search there has many steps.

import { ADDRESS6_RANGE, LINE_BYTES, ROOT_ENTRIES } from "../../bundle/abi.ts";
import type { Segments } from "./address-classes.ts";
import type { ExactImage, ExactPlacement } from "./exact-image.ts";
import { type Entry6, placeHosts6, placeNets6 } from "./exact6-images.ts";

export interface Address6Images {
  readonly root: Uint8Array;
  readonly ranges: Uint8Array;
  readonly hosts: ExactImage | null;
  readonly nets: ExactImage | null;
}

type Segments6 = Segments<readonly bigint[]>;

const END = 1n << 128n;
const RANGE_WORDS = ADDRESS6_RANGE.bytes / 8;
const ROOT_WORDS = Math.ceil((4 * (ROOT_ENTRIES + 1)) / LINE_BYTES) * (LINE_BYTES / 4);

/** 64 KiB of ranges. */
const RANGES_ALONE = 2 ** 11;

/** An exact table costs one more line for each packet. It must save this part of the ranges. */
const WORTH = 1 / 8;

/** `alone`: up to so many segments get no exact tables. For tests of small sets. */
export function images6(segments: Segments6, alone = RANGES_ALONE): Address6Images {
  if (segments.firsts.length <= alone) return { ...ranges6Images(segments), hosts: null, nets: null };
  const hosts = takeOut(segments, (length) => length === 128, placeHosts6);
  const nets = takeOut(hosts.rest, (length) => length >= 32 && length <= 64, placeNets6);
  return { ...ranges6Images(nets.rest), hosts: hosts.exact, nets: nets.exact };
}

/** Moves prefixes to an exact table where that is worth it. The segments around them close up. */
function takeOut(
  segments: Segments6,
  takes: (length: number) => boolean,
  place: (entries: readonly Entry6[]) => ExactPlacement,
): { exact: ExactImage | null; rest: Segments6 } {
  const { firsts, classes } = segments;
  const entries: Entry6[] = [];
  for (let i = 0; i < firsts.length; i++) {
    const length = prefixLength(firsts[i]!, firsts[i + 1] ?? END);
    if (length !== null && takes(length)) entries.push({ first: firsts[i]!, length, label: classes[i]! });
  }
  if (entries.length === 0 || 2 * entries.length < firsts.length * WORTH)
    return { exact: null, rest: segments };
  const { placed, ...exact } = place(entries);
  return { exact, rest: without(segments, entries, placed) };
}

/** Null where the addresses are no prefix. */
function prefixLength(first: bigint, end: bigint): number | null {
  const size = end - first;
  if ((size & (size - 1n)) !== 0n || (first & (size - 1n)) !== 0n) return null;
  return 129 - size.toString(2).length;
}

/** What is left where each placed prefix takes the class of what stands before it; neighbours of one class join. */
function without({ firsts, classes }: Segments6, entries: readonly Entry6[], placed: Uint8Array): Segments6 {
  const left: bigint[] = [];
  const labels: number[] = [];
  let entry = 0;
  for (let i = 0; i < firsts.length; i++) {
    // The entries are some of the segments, in the same order.
    if (firsts[i] === entries[entry]?.first && placed[entry++] === 1 && left.length > 0) continue;
    if (labels.at(-1) === classes[i]) continue;
    left.push(firsts[i]!);
    labels.push(classes[i]!);
  }
  return { firsts: left, classes: Uint32Array.from(labels) };
}

function ranges6Images({ firsts, classes }: Segments6): { root: Uint8Array; ranges: Uint8Array } {
  const lineWords = LINE_BYTES / 8;
  const ranges = new BigUint64Array(Math.ceil((firsts.length * RANGE_WORDS) / lineWords) * lineWords);
  const root = new Uint32Array(ROOT_WORDS);
  let chunk = 0; // the first one whose word is not written
  firsts.forEach((first, i) => {
    ranges[i * RANGE_WORDS] = first >> 64n;
    ranges[i * RANGE_WORDS + 1] = BigInt.asUintN(64, first);
    ranges[i * RANGE_WORDS + 2] = BigInt(classes[i]!);
    const end = Number(((firsts[i + 1] ?? END) - 1n) >> 112n) + 1; // chunks that begin before the next range
    root.fill(i, chunk, end);
    chunk = Math.max(chunk, end);
  });
  root[ROOT_ENTRIES] = firsts.length - 1;
  return { root: new Uint8Array(root.buffer), ranges: new Uint8Array(ranges.buffer) };
}
