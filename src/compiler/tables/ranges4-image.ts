// A partition of the IPv4 addresses to the images of a root and its lines of ranges, as bpf/shared.h lays them out. A
// chunk is the addresses that share their first 16 bits; one of one class has no ranges, one of up to eight
// ranges has groups of one line, a longer one has lines of its own. Where it has many and all begin at round addresses, as
// /24s do, it has a class for each of these instead: the program then reads one line, and searches nothing.

import { strict as assert } from "node:assert";
import {
  LINE_BYTES,
  RANGE_GROUPS,
  RANGE_INDEX_LEAST,
  RANGE_INDEX_MOST,
  RANGE4_LINES_MAX,
  ROOT_DIRECT,
  ROOT_ENTRIES,
  ROOT_KIND_BITS,
  ROOT_LINES,
} from "../../bundle/abi.ts";
import type { Segments } from "./address-classes.ts";

export interface Ranges4Images {
  readonly root: Uint8Array;
  /** null where every chunk has one class. */
  readonly ranges: Uint8Array | null;
}

const CELLS = LINE_BYTES / 2;
const LINE_RANGES = CELLS / 2;
const GROUP = LINE_RANGES / RANGE_GROUPS;
/** Ranges that two groups hold. */
const FEW = 2 * GROUP;

/** A direct chunk may take so many times the lines of its ranges, while all segments are at most so many. */
const DIRECT_GROWTH = 2;
const DIRECT_SEGMENTS = 2 ** 18;

/** Segments that are sure to fit in RANGE4_LINES_MAX lines, however they lie: a chunk wastes two lines at most. */
export const SEGMENTS4_MAX = (RANGE4_LINES_MAX - 2 * ROOT_ENTRIES) * LINE_RANGES - ROOT_ENTRIES;

export function ranges4Images({ firsts, classes }: Segments<Uint32Array>): Ranges4Images {
  assert(firsts.length <= SEGMENTS4_MAX, "the capacity check refuses more");
  const root = new Uint32Array(ROOT_ENTRIES);
  const lines = new RangeLines(firsts.length);
  let open = 0; // the segment that covers the chunk's first address
  for (let chunk = 0; chunk < ROOT_ENTRIES; chunk++) {
    const alone = open + 1 < firsts.length ? firsts[open + 1]! >>> 16 : ROOT_ENTRIES;
    if (alone > chunk) {
      root.fill((classes[open]! << ROOT_KIND_BITS) >>> 0, chunk, alone);
      chunk = alone - 1;
      continue;
    }
    const end = (chunk + 1) * 65536;
    let next = open + 1;
    if (next < firsts.length && firsts[next] === chunk * 65536) open = next++;
    const begin = open;
    while (next < firsts.length && firsts[next]! < end) open = next++;
    root[chunk] =
      open === begin
        ? (classes[begin]! << ROOT_KIND_BITS) >>> 0
        : lines.add(firsts, classes, begin, open - begin + 1);
  }
  return { root: new Uint8Array(root.buffer), ranges: lines.image() };
}

class RangeLines {
  #cells: Uint16Array;
  #lineCount = 0;
  readonly #directGrowth: number;
  /** By free groups at their end: lines that have room. */
  readonly #withRoom: number[][] = Array.from({ length: RANGE_GROUPS }, () => []);

  constructor(segments: number) {
    this.#cells = new Uint16Array((Math.ceil(segments / LINE_RANGES) + 16) * CELLS);
    this.#directGrowth = segments <= DIRECT_SEGMENTS ? DIRECT_GROWTH : 1;
  }

  /** One chunk's ranges; returns the root's word. The first one begins, for the chunk, at its first address. */
  add(firsts: Uint32Array, classes: Uint32Array, begin: number, count: number): number {
    if (count > FEW) {
      const lines = Math.ceil(count / LINE_RANGES);
      const shift = zeroBits(firsts, begin, count);
      const directLines = Math.ceil(2 ** (16 - shift) / CELLS);
      if (directLines <= this.#directGrowth * lines) {
        const line = this.#newLines(directLines);
        this.#fillDirect(line, shift, firsts, classes, begin, count);
        return word(line, ROOT_DIRECT + shift);
      }
      const n = lines <= 64 ? lines - 1 : Math.ceil((lines + 62) / 2);
      const hasIndex = lines >= RANGE_INDEX_LEAST && lines <= RANGE_INDEX_MOST;
      const line = this.#newLines((lines <= 64 ? lines : 2 * n - 62) + (hasIndex ? 1 : 0));
      if (hasIndex)
        for (let i = 1; i < lines; i++) this.#cells[line * CELLS + i] = -firsts[begin + LINE_RANGES * i]!;
      this.#fill(line + (hasIndex ? 1 : 0), 0, firsts, classes, begin, count);
      return word(line, ROOT_LINES + n);
    }
    const groups = Math.ceil(count / GROUP);
    let free = groups;
    while (free < RANGE_GROUPS && this.#withRoom[free]!.length === 0) free++;
    const line = free < RANGE_GROUPS ? this.#withRoom[free]!.pop()! : this.#newLines(1);
    const first = RANGE_GROUPS - free;
    if (free > groups) this.#withRoom[free - groups]!.push(line);
    this.#fill(line, first * GROUP, firsts, classes, begin, count);
    return word(line, 1 + 2 * first + (groups - 1));
  }

  #fillDirect(
    line: number,
    shift: number,
    firsts: Uint32Array,
    classes: Uint32Array,
    begin: number,
    count: number,
  ): void {
    const first = line * CELLS;
    let at = 0;
    for (let i = 0; i < count; i++) {
      const end = i === count - 1 ? 2 ** (16 - shift) : (firsts[begin + i + 1]! & 0xffff) >>> shift;
      this.#cells.fill(classes[begin + i]!, first + at, first + end);
      at = end;
    }
  }

  image(): Uint8Array | null {
    if (this.#lineCount === 0) return null;
    return new Uint8Array(this.#cells.slice(0, this.#lineCount * CELLS).buffer);
  }

  #newLines(count: number): number {
    const line = this.#lineCount;
    this.#lineCount += count;
    if (this.#lineCount * CELLS > this.#cells.length) {
      const grown = new Uint16Array(Math.max(this.#lineCount, 2 * line) * CELLS);
      grown.set(this.#cells);
      this.#cells = grown;
    }
    return line;
  }

  /** From `place` of the line on. The first range begins at the chunk's first address: its place stays 0. */
  #fill(
    line: number,
    place: number,
    firsts: Uint32Array,
    classes: Uint32Array,
    begin: number,
    count: number,
  ): void {
    for (let i = 0; i < count; i++) {
      const at = (line + Math.floor((place + i) / LINE_RANGES)) * CELLS + ((place + i) % LINE_RANGES);
      if (i > 0) this.#cells[at] = -firsts[begin + i]!; // cut to 16 bits
      this.#cells[at + LINE_RANGES] = classes[begin + i]!;
    }
  }
}

/** Low bits that are 0 in the addresses at which a chunk's ranges begin, the first of which is its own. */
function zeroBits(firsts: Uint32Array, begin: number, count: number): number {
  let bits = 1 << 15;
  for (let i = begin + 1; i < begin + count; i++) bits |= firsts[i]!;
  return 31 - Math.clz32(bits & -bits);
}

function word(line: number, kind: number): number {
  assert(line < RANGE4_LINES_MAX);
  return line * 2 ** ROOT_KIND_BITS + kind;
}
