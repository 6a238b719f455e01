// Slots of /24s to the image of `*4_blocks` (bpf/shared.h), filled to FILL: a pilot for each group of /24s steers it to buckets of its
// region that have room. The largest groups choose first, for they find it least. A group that finds none is left to the caller.

import {
  BLOCK4_FREE,
  BLOCK4_SLOTS,
  PILOT4_RANGES,
  REGION4_BUCKETS,
  REGIONS4_LEAST,
} from "../../bundle/abi.ts";
import { blocks4Layout } from "../../bundle/layout.ts";
import { block4Bucket, block4Group, block4Product } from "./address4-mix.ts";
import type { Slots4 } from "./blocks4.ts";
import { type Groups, groupMembers } from "./groups.ts";

export interface Blocks4Image {
  readonly image: Uint8Array;
  readonly regions: number;
  readonly labelled: boolean;
  /** Of every slot, where there are no labels. */
  readonly classIndex: number;
}

export interface Blocks4Placement extends Blocks4Image {
  /** First addresses, ascending, of /24s that found no place. */
  readonly left: readonly number[];
}

/** Of all slots. One /24 in a thousand then finds no place, where addresses are random. */
const FILL = 0.9;
const TAG_SHIFT = 8;

/** Bytes of the image of so many slots. */
export function blocks4Bytes(slots: number, labelled: boolean): number {
  return regionsOf(slots) * blocks4Layout(labelled).regionBytes;
}

function regionsOf(slots: number): number {
  return Math.max(REGIONS4_LEAST, Math.ceil(slots / (FILL * REGION4_BUCKETS * BLOCK4_SLOTS)));
}

/** `slotClass`: of all slots, or null where each is to have a label. */
export function placeBlocks4(slots: Slots4, slotClass: number | null): Blocks4Placement {
  const regions = regionsOf(slots.blocks.length);
  const labelled = slotClass === null;
  const { bucketBytes, regionBytes } = blocks4Layout(labelled);
  const bucketCells = bucketBytes / 2;
  const regionCells = regionBytes / 2;
  const cells = new Uint16Array(regions * regionCells);
  const image = new Uint8Array(cells.buffer);
  const { begins, members, buckets } = groupsOf(slots, regions);
  const left: number[] = [];
  const used = new Uint8Array(REGION4_BUCKETS);

  const place = (region: number, tag: number) => {
    const group = region * REGION4_BUCKETS + tag;
    const begin = begins[group]!;
    const end = begins[group + 1]!;
    const pilot = pilotOf(buckets, begin, end, used);
    if (pilot < 0) {
      for (let i = begin; i < end; i++) {
        const block = slots.blocks[members[i]!]!;
        if (block !== left.at(-1)) left.push(block);
      }
      return;
    }
    const first = region * regionCells;
    image[2 * first + tag] = pilot;
    for (let i = begin; i < end; i++) {
      const bucket = buckets[i]! ^ pilot;
      const cell = first + REGION4_BUCKETS / 2 + bucket * bucketCells + used[bucket]!++;
      const slot = members[i]!;
      cells[cell] = slots.values[slot]! | (tag << TAG_SHIFT);
      if (labelled) cells[cell + BLOCK4_SLOTS] = slots.classes[slot]!;
    }
  };

  for (let region = 0; region < regions; region++) {
    const firstBucket = region * regionCells + REGION4_BUCKETS / 2;
    for (let cell = firstBucket; cell < (region + 1) * regionCells; cell += bucketCells)
      for (let slot = 0; slot < BLOCK4_SLOTS; slot++) cells[cell + slot] = BLOCK4_FREE;
    used.fill(0);
    const group = region * REGION4_BUCKETS;
    let size = 0;
    for (let tag = 0; tag < REGION4_BUCKETS; tag++)
      size = Math.max(size, begins[group + tag + 1]! - begins[group + tag]!);
    for (; size > 0; size--)
      for (let tag = 0; tag < REGION4_BUCKETS; tag++)
        if (begins[group + tag]! + size === begins[group + tag + 1]) place(region, tag);
  }
  left.sort((a, b) => a - b);
  return { image, regions, labelled, classIndex: slotClass ?? 0, left };
}

/** Has the program ask root and ranges for what no slot has, where a pilot is that of one of these /24s. */
export function markBlocks4({ image, regions }: Blocks4Image, blocks: readonly number[]): void {
  const regionBytes = image.length / regions;
  for (const block of blocks) {
    const group = block4Group(block4Product(block, regions));
    const tag = group % REGION4_BUCKETS;
    image[((group - tag) / REGION4_BUCKETS) * regionBytes + tag]! |= PILOT4_RANGES;
  }
}

interface SlotGroups extends Groups {
  /** Of each member, without a pilot. */
  readonly buckets: Uint8Array;
}

/** By region and tag; the slots of one /24 stand together. */
function groupsOf({ blocks }: Slots4, regions: number): SlotGroups {
  const groups = new Uint32Array(blocks.length);
  const own = new Uint8Array(blocks.length);
  for (let i = 0; i < blocks.length; i++) {
    const product = block4Product(blocks[i]!, regions);
    groups[i] = block4Group(product);
    own[i] = block4Bucket(product);
  }
  const { begins, members } = groupMembers(groups, regions * REGION4_BUCKETS);
  const buckets = new Uint8Array(blocks.length);
  for (let i = 0; i < members.length; i++) buckets[i] = own[members[i]!]!;
  return { begins, members, buckets };
}

/** The first pilot with which all have room, -1 where none is. */
function pilotOf(buckets: Uint8Array, begin: number, end: number, used: Uint8Array): number {
  for (let pilot = 0; pilot < REGION4_BUCKETS; pilot++) {
    let i = begin;
    while (i < end && used[buckets[i]! ^ pilot]! < BLOCK4_SLOTS) used[buckets[i++]! ^ pilot]!++;
    const fits = i === end;
    while (i > begin) used[buckets[--i]! ^ pilot]!--;
    if (fits) return pilot;
  }
  return -1;
}
