// IPv4 segments for tests, and what the images that the compiler makes of them say.

import { expect } from "vitest";
import { PRESENT_REST_UNIFORM, type SectionName } from "../../bundle/abi.ts";
import { checkBlocks4, checkRanges4 } from "../../bundle/address4-consistency.ts";
import { type BlocksWay, images4 } from "./address4-images.ts";
import { BLOCK4_SIZE, SMALL_BLOCK4_SIZE } from "./address4-mix.ts";
import { class4 } from "./decode.ts";

/** Blocks of a /24 or of a /29, of slots that share a class where they can. */
export const UNLABELLED = { size: BLOCK4_SIZE, labels: false } as const;
export const LABELLED = { size: BLOCK4_SIZE, labels: true } as const;
export const SMALL = { size: SMALL_BLOCK4_SIZE, labels: true } as const;
export const SMALL_UNLABELLED = { size: SMALL_BLOCK4_SIZE, labels: false } as const;

export type Part = readonly [first: number, label: number];

/** Parts in order of their first addresses; neighbours of one class are put together, as the sweep does. */
export function segmentsOf(parts: readonly Part[]) {
  const kept = parts.filter(([, label], i) => i === 0 || parts[i - 1]![1] !== label);
  return {
    firsts: Uint32Array.from(kept, ([first]) => first),
    classes: Uint32Array.from(kept, ([, label]) => label),
  };
}

/** Blocks over a background: later blocks lie over earlier ones. */
export function partsOf(
  blocks: readonly (readonly [first: number, size: number, label: number])[],
  background = 0,
) {
  const edges = new Set([0]);
  for (const [first, size] of blocks) edges.add(first).add(Math.min(first + size, 2 ** 32 - 1));
  return [...edges]
    .sort((a, b) => a - b)
    .map((at): Part => {
      const over = blocks.findLast(([first, size]) => at >= first && at < first + size);
      return [at, over ? over[2] : background];
    });
}

export function look(parts: readonly Part[], way: "ranges" | BlocksWay) {
  const { root, ranges, rest, blocks } = images4(segmentsOf(parts), way);
  const images = new Map<SectionName, Uint8Array>();
  if (root) images.set("source4_root", root);
  if (ranges) images.set("source4_ranges", ranges);
  if (blocks) images.set("source4_blocks", blocks.image);
  const blocks4 = {
    regions: blocks?.regions ?? 0,
    small: blocks?.size === SMALL_BLOCK4_SIZE ? 1 : 0,
    classMask: blocks?.classMask ?? 0,
    classIndex: blocks?.classIndex ?? 0,
  };
  // What the reader of a bundle checks holds for whatever the compiler makes.
  const { classes, hasRanges } = checkBlocks4("source4_blocks", blocks4, rest !== null, images);
  expect(root !== null).toBe(rest === null || hasRanges);
  const all = root ? checkRanges4("source4_root", "source4_ranges", images).classes : 0;
  const tables = {
    present: rest === null ? 1 : PRESENT_REST_UNIFORM,
    uniformClass: rest ?? 0,
    blocks4,
  };
  return {
    blocks,
    rest,
    hasRanges,
    classes: Math.max(classes, all),
    at: (address: number) => class4(images, "source", tables, address),
  };
}

/** The first and last address of each part, each compared with the part's class. */
export function expectEachEnd(parts: readonly Part[], at: (address: number) => number): void {
  const wrong: number[] = [];
  parts.forEach(([first, label], i) => {
    const last = (parts[i + 1]?.[0] ?? 2 ** 32) - 1;
    for (const address of [first, last]) if (at(address) !== label) wrong.push(address);
  });
  expect(wrong).toEqual([]);
}
