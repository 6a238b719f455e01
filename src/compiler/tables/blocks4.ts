// Segments of the IPv4 addresses to slots of `*4_blocks` (bpf/shared.h): of each /24 the few addresses and the prefix that differ from
// what is around it. What is left is the rest, for root and ranges.

import { BLOCK4_FREE, BLOCK4_SLOTS } from "../../bundle/abi.ts";
import type { Segments } from "./address-classes.ts";
import { BLOCK4_ADDRESSES } from "./address4-mix.ts";

export type Segments4 = Segments<Uint32Array>;

/** Slots in order of their /24s. */
export interface Slots4 {
  /** First addresses of the /24s. */
  readonly blocks: Uint32Array;
  /** Without the tag. */
  readonly values: Uint16Array;
  readonly classes: Uint16Array;
}

export interface Blocks4 {
  readonly slots: Slots4;
  /** What is left where every /24 that has slots takes the class of what stands before it. */
  readonly rest: Segments4;
  /** First addresses, ascending, of /24s that have no slots and are not what the rest says either. */
  readonly refused: readonly number[];
}

export interface TakeOptions {
  /** The class that the rest is to have; null: classes, as segments are too long for slots. */
  readonly restClass: number | null;
  /** The only class that slots may have; null: any. */
  readonly slotClass: number | null;
}

const END = 2 ** 32;

/** A slot is half of a range. */
const SLOTS_PER_RANGE = 2;

/** Of a rest of one class: /24s of prefixes that are longer than SHORT_RUN of them may take this part of the other slots. */
const LONG_RUNS = 1 / 2;
const SHORT_RUN = 4;

/** null where segments are too long for the rest to be of one class. */
export function takeBlocks4(segments: Segments4, options: TakeOptions): Blocks4 | null {
  const { firsts, classes } = segments;
  const { restClass, slotClass } = options;
  const isUniform = restClass !== null;
  const slots = new SlotList(firsts.length);
  const plan = new BlockPlan(segments, slotClass);
  const rest = new SegmentList(isUniform ? 1 : firsts.length);
  const refused: number[] = [];
  let before = restClass ?? classes[0]!;
  let longRuns = 0;
  rest.add(0, before);

  /** `count` /24s of one class; `after` is the class behind them. */
  const takeRun = (at: number, count: number, label: number, after: number): boolean => {
    if (label === before) return true;
    const isAllowed = slotClass === null || label === slotClass;
    if (isUniform) {
      if (count > SHORT_RUN && (longRuns += count) > firsts.length) return false;
      for (let i = 0; i < count; i++)
        if (isAllowed) slots.add(at + BLOCK4_ADDRESSES * i, WHOLE, label);
        else refused.push(at + BLOCK4_ADDRESSES * i);
      return true;
    }
    const saved = 1 + Number(label !== after) - Number(after !== before);
    if (isAllowed && count <= SLOTS_PER_RANGE * saved) {
      for (let i = 0; i < count; i++) slots.add(at + BLOCK4_ADDRESSES * i, WHOLE, label);
    } else {
      rest.add(at, label);
      before = label;
    }
    return true;
  };

  /** A /24 of the segments `from` to `to`. */
  const takeBlock = (at: number, from: number, to: number, after: number) => {
    const count = plan.make(at, from, to, before);
    if (isUniform) {
      if (count === 0) refused.push(at);
      else plan.addTo(slots);
      return;
    }
    const saved =
      to - from + Number(classes[from] !== before) + Number(classes[to] !== after) - Number(after !== before);
    if (count > 0 && count <= SLOTS_PER_RANGE * saved) {
      plan.addTo(slots);
      return;
    }
    for (let i = from; i <= to; i++) rest.add(Math.max(at, firsts[i]!), classes[i]!);
    before = classes[to]!;
  };

  let at = 0;
  for (let open = 0; at < END; ) {
    const end = firsts[open + 1] ?? END;
    if (end - at >= BLOCK4_ADDRESSES) {
      const count = Math.floor((end - at) / BLOCK4_ADDRESSES);
      const next = at + count * BLOCK4_ADDRESSES;
      const label = classes[open]!;
      if (next === end) open++;
      if (!takeRun(at, count, label, classes[open] ?? before)) return null;
      at = next;
      continue;
    }
    const next = at + BLOCK4_ADDRESSES;
    let last = open;
    while ((firsts[last + 1] ?? END) < next) last++;
    const behind = firsts[last + 1] === next ? last + 1 : last;
    takeBlock(at, open, last, next === END ? before : classes[behind]!);
    open = behind;
    at = next;
  }
  if (isUniform && longRuns > LONG_RUNS * (slots.length - longRuns)) return null;
  return { slots: slots.take(), rest: rest.take(), refused };
}

/** `rest` with the /24s of `blocks`, first addresses in ascending order, as `segments` has them. */
export function withBlocks4(rest: Segments4, segments: Segments4, blocks: readonly number[]): Segments4 {
  if (blocks.length === 0) return rest;
  const merged = new SegmentList(rest.firsts.length + 2 * blocks.length);
  let open = 0; // of the rest: the next
  let own = 0; // of the segments: the last one that does not begin behind the /24
  for (const block of blocks) {
    for (; open < rest.firsts.length && rest.firsts[open]! <= block; open++)
      merged.add(rest.firsts[open]!, rest.classes[open]!);
    own = lastFrom(segments.firsts, own, block);
    merged.put(block, segments.classes[own]!);
    const end = block + BLOCK4_ADDRESSES;
    while ((segments.firsts[own + 1] ?? END) < end)
      merged.add(segments.firsts[++own]!, segments.classes[own]!);
    while (open < rest.firsts.length && rest.firsts[open]! <= end) open++;
    if (end < END) merged.add(end, rest.classes[open - 1]!);
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

/** The next multiple of `size` that is not below `from`. */
function toMultiple(from: number, size: number): number {
  return Math.ceil(from / size) * size;
}

/** The slot of a prefix without its tag: those of its bits that are below the /24, a one, and zeroes. */
function prefixValue(low: number, size: number): number {
  return BLOCK4_FREE | low | (size / 2);
}

const WHOLE = prefixValue(0, BLOCK4_ADDRESSES);

/** Slots of one /24, as few as may be. */
class BlockPlan {
  readonly #segments: Segments4;
  readonly #slotClass: number | null;
  #at = 0;
  #count = 0;
  readonly #values = new Uint16Array(BLOCK4_SLOTS);
  readonly #classes = new Uint16Array(BLOCK4_SLOTS);

  constructor(segments: Segments4, slotClass: number | null) {
    this.#segments = segments;
    this.#slotClass = slotClass;
  }

  /** How many; 0 where a bucket's slots are too few, or a class may not be theirs. `around`: the class of what has no slot. */
  make(at: number, from: number, to: number, around: number): number {
    this.#at = at;
    const { firsts, classes } = this.#segments;
    let longest = from;
    let begin = 0;
    let most = 0;
    let parts = 0;
    for (let i = from; i <= to; i++) {
      if (classes[i] === around) continue;
      parts++;
      const first = Math.max(0, firsts[i]! - at);
      const size = Math.min(BLOCK4_ADDRESSES, (firsts[i + 1] ?? END) - at) - first;
      if (size <= most) continue;
      most = size;
      begin = first;
      longest = i;
    }
    const label = classes[longest]!;
    if (parts === 1 && (most & (most - 1)) === 0 && begin % most === 0) {
      // As nearly all are: one address, or one prefix.
      if (!this.#isAllowed(label)) return 0;
      this.#values[0] = most === 1 ? begin : prefixValue(begin, most);
      this.#classes[0] = label;
      return (this.#count = 1);
    }
    // The smallest prefix that has the longest part, the largest that is in it, or none: whichever takes the fewest slots.
    const outer = 2 ** (32 - Math.clz32(begin ^ (begin + most - 1)));
    let inner = 2 ** (31 - Math.clz32(most));
    while (toMultiple(begin, inner) + inner > begin + most) inner /= 2;
    const plans = [
      { first: 0, size: 0 },
      { first: begin - (begin % outer), size: outer },
      { first: toMultiple(begin, inner), size: inner },
    ].filter(({ size }) => size !== 1);
    let best = plans[0]!;
    let fewest = 0;
    for (const plan of plans) {
      const count = this.#fill(from, to, around, plan, label);
      if (count === 0 || (fewest > 0 && count >= fewest)) continue;
      fewest = count;
      best = plan;
    }
    if (fewest > 0) this.#fill(from, to, around, best, label);
    return (this.#count = fewest);
  }

  addTo(slots: SlotList): void {
    for (let i = 0; i < this.#count; i++) slots.add(this.#at, this.#values[i]!, this.#classes[i]!);
  }

  /** A prefix of class `label`, where it has a size, and each address that is of neither its class nor that around. 0: too many. */
  #fill(
    from: number,
    to: number,
    around: number,
    { first, size }: { readonly first: number; readonly size: number },
    label: number,
  ): number {
    const { classes } = this.#segments;
    let count = 0;
    if (size > 0) {
      if (!this.#isAllowed(label)) return 0;
      this.#values[count] = prefixValue(first, size);
      this.#classes[count++] = label;
    }
    for (let i = from; i <= to; i++) {
      const own = classes[i]!;
      const end = this.#end(i);
      for (let address = this.#begin(i); address < end; address++) {
        const isInside = address >= first && address < first + size;
        if (own === (isInside ? label : around)) {
          // The rest of the segment up to where the prefix begins or ends is the same.
          address = Math.min(end, isInside ? first + size : address < first ? first : end) - 1;
          continue;
        }
        if (count === BLOCK4_SLOTS || !this.#isAllowed(own)) return 0;
        this.#values[count] = address;
        this.#classes[count++] = own;
      }
    }
    return count;
  }

  #isAllowed(label: number): boolean {
    return this.#slotClass === null || label === this.#slotClass;
  }

  #begin(segment: number): number {
    return Math.max(0, this.#segments.firsts[segment]! - this.#at);
  }

  #end(segment: number): number {
    return Math.min(BLOCK4_ADDRESSES, (this.#segments.firsts[segment + 1] ?? END) - this.#at);
  }
}

class SlotList {
  #blocks: Uint32Array;
  #values: Uint16Array;
  #classes: Uint16Array;
  length = 0;

  constructor(room: number) {
    this.#blocks = new Uint32Array(room);
    this.#values = new Uint16Array(room);
    this.#classes = new Uint16Array(room);
  }

  add(block: number, value: number, label: number): void {
    if (this.length === this.#blocks.length) this.#grow();
    this.#blocks[this.length] = block;
    this.#values[this.length] = value;
    this.#classes[this.length++] = label;
  }

  take(): Slots4 {
    return {
      blocks: this.#blocks.subarray(0, this.length),
      values: this.#values.subarray(0, this.length),
      classes: this.#classes.subarray(0, this.length),
    };
  }

  #grow(): void {
    const room = 2 * this.length + BLOCK4_SLOTS;
    const { blocks, values, classes } = this.take();
    (this.#blocks = new Uint32Array(room)).set(blocks);
    (this.#values = new Uint16Array(room)).set(values);
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
