// Entries (an address or /24, and its class) to the image of an exact table, struct exact_table in bpf/shared.h. An
// entry that has no room in its bucket is left to the caller.

import { EXACT_EMPTY, EXACT_SLOTS, LINE_BYTES } from "../../bundle/abi.ts";
import { type ExactMask, exactPlace, exactProduct, freeLabelBits } from "./address4-mix.ts";

export interface ExactEntries {
  /** Ascending. */
  readonly addresses: Uint32Array;
  readonly classes: Uint32Array;
}

export interface ExactImage {
  readonly image: Uint8Array;
  readonly buckets: number;
  /** 0: no labels. */
  readonly classBits: number;
  /** Of every entry, where there are no labels. */
  readonly classIndex: number;
}

export interface ExactPlacement extends ExactImage {
  /** 1 for each entry that found a place. */
  readonly placed: Uint8Array;
}

/** Of 8 slots: one bucket in ten is too small for its entries, and one entry in thirty has no place. */
const MEAN_FILL = 5.5;

/** Without labels, entries of other classes than the most frequent have no place: one in this many at most. */
const ODD_CLASSES = 16;

export function placeExact(entries: ExactEntries, mask: ExactMask): ExactPlacement {
  const { addresses, classes } = entries;
  const buckets = Math.max(4, Math.ceil(addresses.length / MEAN_FILL));
  const { classIndex, count } = mostFrequent(classes);
  // Buckets of half the size pay even where there must be more of them, for the tag alone to tell keys apart.
  const tagOnly = Math.max(buckets, mask === 0xffffff00 ? 512 : 131_072);
  if ((classes.length - count) * ODD_CLASSES <= classes.length && tagOnly <= 2 * buckets)
    return place(entries, mask, tagOnly, 0, classIndex);
  return place(entries, mask, buckets, freeLabelBits(mask, buckets), 0);
}

function place(
  { addresses, classes }: ExactEntries,
  mask: ExactMask,
  buckets: number,
  classBits: number,
  classIndex: number,
): ExactPlacement {
  const labelled = classBits > 0;
  const bucketCells = labelled ? 2 * EXACT_SLOTS : EXACT_SLOTS;
  const lineCells = LINE_BYTES / 2;
  const cells = new Uint16Array(Math.ceil((buckets * bucketCells) / lineCells) * lineCells);
  if (!labelled) cells.fill(EXACT_EMPTY);
  else for (let at = 0; at < cells.length; at += bucketCells) cells.fill(EXACT_EMPTY, at, at + EXACT_SLOTS);
  const placed = new Uint8Array(addresses.length);
  const filled = new Uint8Array(buckets);
  const classEnd = labelled ? 2 ** classBits : 0;
  for (let i = 0; i < addresses.length; i++) {
    const label = classes[i]!;
    if (labelled ? label >= classEnd : label !== classIndex) continue;
    const { bucket, tag, label: rest } = exactPlace(exactProduct(addresses[i]!, mask, buckets));
    const slots = filled[bucket]!;
    const first = bucket * bucketCells;
    if (tag === EXACT_EMPTY || slots === EXACT_SLOTS) continue;
    if (labelled) {
      if (cells.subarray(first, first + slots).includes(tag)) continue; // the program reads one label
      cells[first + EXACT_SLOTS + slots] = (rest & -classEnd) | label;
    }
    cells[first + slots] = tag;
    filled[bucket] = slots + 1;
    placed[i] = 1;
  }
  return { image: new Uint8Array(cells.buffer), buckets, classBits, classIndex, placed };
}

function mostFrequent(classes: Uint32Array): { classIndex: number; count: number } {
  const counts: number[] = [];
  let classIndex = 0;
  for (const label of classes) {
    const count = (counts[label] ?? 0) + 1;
    counts[label] = count;
    if (count > (counts[classIndex] ?? 0)) classIndex = label;
  }
  return { classIndex, count: counts[classIndex] ?? 0 };
}
