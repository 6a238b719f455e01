// Slots of blocks to the image of `*4_blocks` (bpf/shared.h), filled to FILL: a pilot for each group of blocks steers it to buckets of its
// region that have room. The largest groups choose first, for they find it least. A group that finds none is left to the caller.

import { BLOCK4_FREE, BLOCK4_SLOTS, PILOT4_RANGES, REGION4_BUCKETS } from "../../bundle/abi.ts";
import { blocks4Layout } from "../../bundle/layout.ts";
import {
  BLOCK4_SIZE,
  BLOCK4_TAG_BIT,
  block4Bucket,
  block4Group,
  block4LabelTag,
  block4Product,
  block4Tag,
} from "./address4-mix.ts";
import type { Slots4 } from "./blocks4.ts";
import { type Groups, groupMembers } from "./groups.ts";

export interface Blocks4Shape {
  /** Addresses of a block: BLOCK4_SIZE or SMALL_BLOCK4_SIZE. */
  readonly size: number;
  /** Low bits of a label that are the class of its slot; 0: there are no labels. */
  readonly classMask: number;
  /** Of every slot, where there are no labels; else 0. */
  readonly classIndex: number;
}

export interface Blocks4Image extends Blocks4Shape {
  readonly image: Uint8Array;
  readonly regions: number;
}

export interface Blocks4Placement extends Blocks4Image {
  /** First addresses, ascending, of blocks that found no place. */
  readonly left: readonly number[];
}

/** Of all slots. One block in a thousand then finds no place, where addresses are random. */
const FILL = 0.9;

/** Bytes of the image of so many slots. */
export function blocks4Bytes(slots: number, classMask: number): number {
  return regionsOf(slots, classMask) * blocks4Layout(classMask).regionBytes;
}

function regionsOf(slots: number, classMask: number): number {
  const filled = Math.ceil(slots / (FILL * REGION4_BUCKETS * BLOCK4_SLOTS));
  return Math.max(blocks4Layout(classMask).regionsLeast, filled);
}

export function placeBlocks4(slots: Slots4, shape: Blocks4Shape): Blocks4Placement {
  const { size, classMask } = shape;
  const regions = regionsOf(slots.blocks.length, classMask);
  const { bucketBytes, regionBytes } = blocks4Layout(classMask);
  const bucketCells = bucketBytes / 2;
  const regionCells = regionBytes / 2;
  const cells = new Uint16Array(regions * regionCells);
  const image = new Uint8Array(cells.buffer);
  const { begins, members, buckets } = groupsOf(slots, size, regions);
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
      if (size === BLOCK4_SIZE && classMask === 0) {
        cells[cell] = slots.codes[slot]! | (tag << BLOCK4_TAG_BIT);
        continue;
      }
      const product = block4Product(slots.blocks[slot]!, size, regions);
      cells[cell] = slots.codes[slot]! | block4Tag(product, size);
      if (classMask > 0)
        cells[cell + BLOCK4_SLOTS] = slots.classes[slot]! | (block4LabelTag(product, size) & ~classMask);
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
  return { ...shape, image, regions, left };
}

/** Has the program ask root and ranges for what no slot has, where a pilot is that of one of these blocks. */
export function markBlocks4({ image, size, regions }: Blocks4Image, blocks: readonly number[]): void {
  const regionBytes = image.length / regions;
  for (const block of blocks) {
    const group = block4Group(block4Product(block, size, regions));
    const tag = group % REGION4_BUCKETS;
    image[((group - tag) / REGION4_BUCKETS) * regionBytes + tag]! |= PILOT4_RANGES;
  }
}

interface SlotGroups extends Groups {
  /** Of each member, without a pilot. */
  readonly buckets: Uint8Array;
}

/** By region and tag; the slots of one block stand together. */
function groupsOf({ blocks }: Slots4, size: number, regions: number): SlotGroups {
  const groups = new Uint32Array(blocks.length);
  const own = new Uint8Array(blocks.length);
  for (let i = 0; i < blocks.length; i++) {
    const product = block4Product(blocks[i]!, size, regions);
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
