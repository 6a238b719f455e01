// Segments of the IPv4 addresses to slots of `*4_blocks` (bpf/shared.h): of each block the few prefixes that differ from what is
// around it. What is left is the rest, for root and ranges.

import { BLOCK4_SLOTS } from "../../bundle/abi.ts";
import { END_4, type Segments } from "./address-classes.ts";
import { Block4Plan, slotCode } from "./block4-plan.ts";

export type Segments4 = Segments<Uint32Array>;

/** Slots in order of their blocks. */
export interface Slots4 {
  /** First addresses of the blocks. */
  readonly blocks: Uint32Array;
  /** Without what a slot has of its block; of each block, the longest prefixes first. */
  readonly codes: Uint16Array;
  readonly classes: Uint16Array;
}

export interface Blocks4 {
  readonly slots: Slots4;
  /** What is left where every block that has slots takes the class of what stands before it. */
  readonly rest: Segments4;
  /** First addresses, ascending, of blocks that have no slots and are not what the rest says either. */
  readonly refused: readonly number[];
}

export interface TakeOptions {
  /** Addresses of a block. */
  readonly size: number;
  /** The class that the rest is to have; null: classes, as segments are too long for slots. */
  readonly restClass: number | null;
  /** The only class that slots may have; null: any. */
  readonly slotClass: number | null;
}

/** A slot is half of a range. */
const SLOTS_PER_RANGE = 2;

/** Of a rest of one class: blocks of prefixes that are longer than SHORT_RUN of them may take this part of the other slots. */
const LONG_RUNS = 1 / 2;
const SHORT_RUN = 4;

/** null where segments are too long for the rest to be of one class. */
export function takeBlocks4(segments: Segments4, options: TakeOptions): Blocks4 | null {
  const { firsts, classes } = segments;
  const { size, restClass, slotClass } = options;
  const whole = slotCode(0, size);
  const isUniform = restClass !== null;
  const slots = new SlotList(firsts.length);
  const plan = new Block4Plan(segments, size, slotClass);
  const rest = new SegmentList(isUniform ? 1 : firsts.length);
  const refused: number[] = [];
  let before = restClass ?? classes[0]!;
  let longRuns = 0;
  rest.add(0, before);

  /** `count` blocks of one class; `after` is the class behind them. */
  const takeRun = (at: number, count: number, label: number, after: number): boolean => {
    if (label === before) return true;
    const isAllowed = slotClass === null || label === slotClass;
    if (isUniform) {
      if (count > SHORT_RUN && (longRuns += count) > firsts.length) return false;
      for (let i = 0; i < count; i++)
        if (isAllowed) slots.add(at + size * i, whole, label);
        else refused.push(at + size * i);
      return true;
    }
    const saved = 1 + Number(label !== after) - Number(after !== before);
    if (isAllowed && count <= SLOTS_PER_RANGE * saved) {
      for (let i = 0; i < count; i++) slots.add(at + size * i, whole, label);
    } else {
      rest.add(at, label);
      before = label;
    }
    return true;
  };

  const addPlan = (at: number) => plan.each((code, label) => slots.add(at, code, label));

  /** A block of the segments `from` to `to`. */
  const takeBlock = (at: number, from: number, to: number, after: number) => {
    const count = plan.make(at, from, to, before);
    if (isUniform) {
      if (count === 0) refused.push(at);
      else addPlan(at);
      return;
    }
    const saved =
      to - from + Number(classes[from] !== before) + Number(classes[to] !== after) - Number(after !== before);
    if (count > 0 && count <= SLOTS_PER_RANGE * saved) {
      addPlan(at);
      return;
    }
    for (let i = from; i <= to; i++) rest.add(Math.max(at, firsts[i]!), classes[i]!);
    before = classes[to]!;
  };

  let at = 0;
  for (let open = 0; at < END_4; ) {
    const end = firsts[open + 1] ?? END_4;
    if (end - at >= size) {
      const count = Math.floor((end - at) / size);
      const next = at + count * size;
      const label = classes[open]!;
      if (next === end) open++;
      if (!takeRun(at, count, label, classes[open] ?? before)) return null;
      at = next;
      continue;
    }
    const next = at + size;
    let last = open;
    while ((firsts[last + 1] ?? END_4) < next) last++;
    const behind = firsts[last + 1] === next ? last + 1 : last;
    takeBlock(at, open, last, next === END_4 ? before : classes[behind]!);
    open = behind;
    at = next;
  }
  if (isUniform && longRuns > LONG_RUNS * (slots.length - longRuns)) return null;
  return { slots: slots.take(), rest: rest.take(), refused };
}

/** `rest` with the blocks of `blocks`, first addresses in ascending order, as `segments` has them. */
export function withBlocks4(
  rest: Segments4,
  segments: Segments4,
  blocks: readonly number[],
  size: number,
): Segments4 {
  if (blocks.length === 0) return rest;
  const merged = new SegmentList(rest.firsts.length + 2 * blocks.length);
  let open = 0; // of the rest: the next
  let own = 0; // of the segments: the last one that does not begin behind the block
  for (const block of blocks) {
    for (; open < rest.firsts.length && rest.firsts[open]! <= block; open++)
      merged.add(rest.firsts[open]!, rest.classes[open]!);
    own = lastFrom(segments.firsts, own, block);
    merged.put(block, segments.classes[own]!);
    const end = block + size;
    while ((segments.firsts[own + 1] ?? END_4) < end)
      merged.add(segments.firsts[++own]!, segments.classes[own]!);
    while (open < rest.firsts.length && rest.firsts[open]! <= end) open++;
    if (end < END_4) merged.add(end, rest.classes[open - 1]!);
  }
  for (; open < rest.firsts.length; open++) merged.add(rest.firsts[open]!, rest.classes[open]!);
  return merged.take();
}

/** The last of ascending addresses, from `from` on, that is not above `address`; that one is not. */
function lastFrom(firsts: Uint32Array, from: number, address: number): number {
  let low = from;
  let high = firsts.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (firsts[middle]! <= address) low = middle;
    else high = middle;
  }
  return low;
}

class SlotList {
  #blocks: Uint32Array;
  #codes: Uint16Array;
  #classes: Uint16Array;
  length = 0;

  constructor(room: number) {
    this.#blocks = new Uint32Array(room);
    this.#codes = new Uint16Array(room);
    this.#classes = new Uint16Array(room);
  }

  add(block: number, code: number, label: number): void {
    if (this.length === this.#blocks.length) this.#grow();
    this.#blocks[this.length] = block;
    this.#codes[this.length] = code;
    this.#classes[this.length++] = label;
  }

  take(): Slots4 {
    return {
      blocks: this.#blocks.subarray(0, this.length),
      codes: this.#codes.subarray(0, this.length),
      classes: this.#classes.subarray(0, this.length),
    };
  }

  #grow(): void {
    const room = 2 * this.length + BLOCK4_SLOTS;
    const { blocks, codes, classes } = this.take();
    (this.#blocks = new Uint32Array(room)).set(blocks);
    (this.#codes = new Uint16Array(room)).set(codes);
    (this.#classes = new Uint16Array(room)).set(classes);
  }
}

class SegmentList {
  #firsts: Uint32Array;
  #classes: Uint32Array;
  #length = 0;

  constructor(room: number) {
    this.#firsts = new Uint32Array(room);
    this.#classes = new Uint32Array(room);
  }

  /** Nothing where it is of the class that is there already. */
  add(first: number, label: number): void {
    if (this.#length > 0 && this.#classes[this.#length - 1] === label) return;
    if (this.#length === this.#firsts.length) this.#grow();
    this.#firsts[this.#length] = first;
    this.#classes[this.#length++] = label;
  }

  /** As add(), in place of one that begins there. */
  put(first: number, label: number): void {
    if (this.#length > 0 && this.#firsts[this.#length - 1] === first) this.#length--;
    this.add(first, label);
  }

  take(): Segments4 {
    return {
      firsts: this.#firsts.slice(0, this.#length),
      classes: this.#classes.slice(0, this.#length),
    };
  }

  #grow(): void {
    const { firsts, classes } = this.take();
    (this.#firsts = new Uint32Array(2 * this.#length + 16)).set(firsts);
    (this.#classes = new Uint32Array(2 * this.#length + 16)).set(classes);
  }
}
