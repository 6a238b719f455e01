// The slots of one block of IPv4 addresses (bpf/shared.h, `*4_blocks`): prefixes, the longest first, of which the first that has an
// address says its class.

import { BLOCK4_SLOTS } from "../../bundle/abi.ts";
import { END_4 } from "./address-classes.ts";
import type { Segments4 } from "./blocks4.ts";

/** Part of a block that is a prefix, and what its two halves are where it is of more than one segment. */
interface PlanNode {
  readonly low: number;
  readonly size: number;
  /** The classes that it may have for what is in it to take the fewest slots. */
  readonly labels: readonly number[];
  readonly halves: readonly PlanNode[];
}

/** Of a block with slots: a prefix in the midst of another's addresses makes two more. */
export const SEGMENTS_MOST = 2 * BLOCK4_SLOTS + 1;

/** Without its tag: those of the prefix's bits that are below the block, then a one, and zeroes. */
export function slotCode(low: number, size: number): number {
  return 2 * low + size;
}

/** As few slots as may be, by optimal routing table construction (ORTC; Draves, King, Venkatachary, Zill, INFOCOM 1999). */
export class Block4Plan {
  readonly #segments: Segments4;
  readonly #size: number;
  readonly #slotClass: number | null;
  #at = 0;
  #around = 0;
  #count = 0;
  readonly #codes = new Uint16Array(BLOCK4_SLOTS);
  readonly #labels = new Uint16Array(BLOCK4_SLOTS);

  /** `size`: addresses of a block. `slotClass`: the only class that slots may have; null: any. */
  constructor(segments: Segments4, size: number, slotClass: number | null) {
    this.#segments = segments;
    this.#size = size;
    this.#slotClass = slotClass;
  }

  /** How many for the block of segments `from` to `to`, 0 where that is none or more than a bucket has. `around`: the class of what has no slot. */
  make(at: number, from: number, to: number, around: number): number {
    this.#at = at;
    this.#around = around;
    this.#count = 0;
    if (to - from >= SEGMENTS_MOST) return 0;
    const isPlanned =
      this.#slotClass === null
        ? this.#planOne(from, to) || this.#plan(this.#nodeOf(0, this.#size, from, to), around)
        : this.#planSameClass(from, to);
    return isPlanned ? this.#count : 0;
  }

  /** Calls `add` for each slot of the last plan. */
  each(add: (code: number, label: number) => void): void {
    for (let i = 0; i < this.#count; i++) add(this.#codes[i]!, this.#labels[i]!);
  }

  /** Whether one segment differs, and is a prefix, as it is in nearly all blocks. */
  #planOne(from: number, to: number): boolean {
    const { classes } = this.#segments;
    let only = -1;
    for (let i = from; i <= to; i++) {
      if (classes[i] === this.#around) continue;
      if (only >= 0) return false;
      only = i;
    }
    if (only < 0) return false;
    const low = this.#begin(only);
    const size = this.#end(only) - low;
    return (size & (size - 1)) === 0 && low % size === 0 && this.#add(low, size, classes[only]!);
  }

  /** The prefixes that make up the segments: slots of one class can not say where another one lies in theirs. */
  #planSameClass(from: number, to: number): boolean {
    for (let i = from; i <= to; i++) {
      const label = this.#segments.classes[i]!;
      if (label === this.#around) continue;
      if (label !== this.#slotClass) return false;
      const end = this.#end(i);
      for (let low = this.#begin(i); low < end; ) {
        let size = low === 0 ? this.#size : low & -low;
        while (low + size > end) size /= 2;
        if (!this.#add(low, size, label)) return false;
        low += size;
      }
    }
    return true;
  }

  #nodeOf(low: number, size: number, from: number, to: number): PlanNode {
    if (from === to) return { low, size, labels: [this.#segments.classes[from]!], halves: [] };
    const half = size / 2;
    let middle = from; // the last segment that begins in the lower half
    while (middle < to && this.#begin(middle + 1) < low + half) middle++;
    const isCut = middle < to && this.#begin(middle + 1) === low + half;
    const halves = [
      this.#nodeOf(low, half, from, middle),
      this.#nodeOf(low + half, half, isCut ? middle + 1 : middle, to),
    ] as const;
    const [lower, upper] = [halves[0].labels, halves[1].labels];
    const both = lower.filter((label) => upper.includes(label));
    return { low, size, labels: both.length > 0 ? both : [...lower, ...upper], halves };
  }

  /** False where it takes too many slots. `inherited`: of the prefix around. */
  #plan({ low, size, labels, halves }: PlanNode, inherited: number): boolean {
    const label = labels.includes(inherited) ? inherited : labels[0]!;
    return (
      halves.every((half) => this.#plan(half, label)) && (label === inherited || this.#add(low, size, label))
    );
  }

  #add(low: number, size: number, label: number): boolean {
    if (this.#count === BLOCK4_SLOTS) return false;
    this.#codes[this.#count] = slotCode(low, size);
    this.#labels[this.#count++] = label;
    return true;
  }

  #begin(segment: number): number {
    return Math.max(0, this.#segments.firsts[segment]! - this.#at);
  }

  #end(segment: number): number {
    return Math.min(this.#size, (this.#segments.firsts[segment + 1] ?? END_4) - this.#at);
  }
}
