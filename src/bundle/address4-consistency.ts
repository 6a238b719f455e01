// IPv4 tables to the number of classes that they can give. A BundleError where a root's word points outside its lines,
// a chunk's ranges are not in order from its first address, or an exact table has not the lines that its numbers say.

import {
  EXACT_EMPTY,
  EXACT_SLOTS,
  LINE_BYTES,
  RANGE_GROUPS,
  RANGE_INDEX_LEAST,
  RANGE_INDEX_MOST,
  ROOT_DIRECT,
  ROOT_ENTRIES,
  ROOT_KIND_BITS,
  ROOT_LINES,
  type SectionName,
} from "./abi.ts";
import type { AddressClasses, ExactTable } from "./address-consistency.ts";
import { inconsistent } from "./bundle-error.ts";

const CELLS = LINE_BYTES / 2;
const LINE_RANGES = CELLS / 2;
const GROUP = LINE_RANGES / RANGE_GROUPS;
const KIND_MASK = 2 ** ROOT_KIND_BITS - 1;
/** A chunk has no more different addresses. */
const LINES_MAX = 65536 / LINE_RANGES;

type Images = ReadonlyMap<SectionName, Uint8Array>;

export function checkRanges4(rootName: SectionName, rangesName: SectionName, images: Images): AddressClasses {
  const rootImage = images.get(rootName);
  if (!rootImage) throw fault(rootName, "it is missing");
  if (rootImage.length !== 4 * ROOT_ENTRIES)
    throw fault(rootName, `${rootImage.length} bytes; a root has ${4 * ROOT_ENTRIES}`);
  const root = new Uint32Array(rootImage.buffer, rootImage.byteOffset, ROOT_ENTRIES);
  const ranges = cellsOf(images.get(rangesName) ?? new Uint8Array(0));
  const lineCount = ranges.length / CELLS;
  let greatest = 0;
  let rangesUsed = false;
  for (let chunk = 0; chunk < ROOT_ENTRIES; chunk++) {
    const word = root[chunk]!;
    if (chunk > 0 && word === root[chunk - 1]) continue; // as most are
    const kind = word & KIND_MASK;
    const at = word >>> ROOT_KIND_BITS;
    if (kind === 0) {
      if (at > 0xffff) throw fault(rootName, `chunk ${chunk} has class ${at}`);
      greatest = Math.max(greatest, at);
      continue;
    }
    rangesUsed = true;
    if (kind >= ROOT_DIRECT) {
      const end = at + Math.ceil(2 ** (16 - (kind - ROOT_DIRECT)) / CELLS);
      if (end > lineCount) throw fault(rangesName, `chunk ${chunk} ends beyond line ${lineCount}`);
      for (let cell = at * CELLS; cell < end * CELLS; cell++) greatest = Math.max(greatest, ranges[cell]!);
      continue;
    }
    const where = placesOf(kind);
    if (!where) throw fault(rootName, `chunk ${chunk} has no ranges of kind ${kind}`);
    const { hasIndex, first, end } = where;
    const line = hasIndex ? at + 1 : at;
    if (line + Math.ceil(end / LINE_RANGES) > lineCount)
      throw fault(rangesName, `chunk ${chunk} ends beyond line ${lineCount}`);
    const found = checkPlaces(ranges, line, first, end);
    if (found < 0) throw fault(rangesName, `chunk ${chunk} is not in order from its first address`);
    if (hasIndex && !isIndex(ranges, at, end / LINE_RANGES))
      throw fault(rangesName, `chunk ${chunk} has an index that does not say where its lines begin`);
    greatest = Math.max(greatest, found);
  }
  return { classes: greatest + 1, sections: rangesUsed ? [rootName, rangesName] : [rootName] };
}

interface Places {
  /** A line before them has the first address of each line. */
  readonly hasIndex: boolean;
  readonly first: number;
  /** The place after the last. */
  readonly end: number;
}

/** Counted from the first line of ranges; null where the kind has no meaning. */
function placesOf(kind: number): Places | null {
  if (kind >= ROOT_LINES) {
    const n = kind - ROOT_LINES;
    const lines = n < 64 ? n + 1 : 2 * n - 62;
    const hasIndex = lines >= RANGE_INDEX_LEAST && lines <= RANGE_INDEX_MOST;
    return lines <= LINES_MAX ? { hasIndex, first: 0, end: lines * LINE_RANGES } : null;
  }
  const first = (kind - 1) >>> 1;
  const end = first + 1 + ((kind - 1) & 1);
  return end <= RANGE_GROUPS ? { hasIndex: false, first: first * GROUP, end: end * GROUP } : null;
}

/** The cells of line `index` are the first ones of the `lines` lines behind it, and 0 after that. */
function isIndex(ranges: Uint16Array, index: number, lines: number): boolean {
  for (let i = 0; i < CELLS; i++)
    if (ranges[index * CELLS + i] !== (i < lines ? ranges[(index + 1 + i) * CELLS] : 0)) return false;
  return true;
}

/**
 * The greatest class in places [first, end), -1 where their addresses do not ascend. The chunk's first address is 0, and
 * so is what is left behind the last range; the others stand as 2^16 less the address.
 */
function checkPlaces(ranges: Uint16Array, line: number, first: number, end: number): number {
  let greatest = 0;
  let before = 65536;
  for (let place = first; place < end; place++) {
    const cell = (line + Math.floor(place / LINE_RANGES)) * CELLS + (place % LINE_RANGES);
    const negated = ranges[cell]!;
    if (place === first ? negated !== 0 : negated >= before && before + negated > 0) return -1;
    if (place > first) before = negated;
    if (place === first || negated !== 0) greatest = Math.max(greatest, ranges[cell + LINE_RANGES]!);
  }
  return greatest;
}

/** `keyBits`: of the addresses that it tells apart. */
export function checkExact4(
  name: SectionName,
  { buckets, classBits, classIndex }: ExactTable,
  keyBits: 24 | 32,
  images: Images,
): AddressClasses {
  const numbers = (what: string) => inconsistent("section config", `${name}: ${what}`);
  if (buckets === 0) {
    if (classBits !== 0 || classIndex !== 0) throw numbers("there is no table, and it has a class");
    return { classes: 0, sections: [] };
  }
  // 32 - floor(log2(buckets)) bits of the product tell keys apart, less for shorter keys; the tag has 15 of them.
  const freeBits = 30 - Math.clz32(buckets) + 32 - keyBits;
  if (classBits > Math.min(16, freeBits) || (classBits === 0 && freeBits < 16))
    throw numbers(`${buckets} buckets do not tell addresses apart with ${classBits} bits of class`);
  if (classBits > 0 && classIndex !== 0) throw numbers("it has labels, and one class");
  const image = images.get(name);
  if (!image) throw fault(name, "it is missing");
  const bucketCells = classBits > 0 ? 2 * EXACT_SLOTS : EXACT_SLOTS;
  const bytes = Math.ceil((2 * buckets * bucketCells) / LINE_BYTES) * LINE_BYTES;
  if (image.length !== bytes) throw fault(name, `${image.length} bytes; ${buckets} buckets take ${bytes}`);
  const cells = cellsOf(image);
  if (classBits === 0) {
    if (cells.some((tag) => tag > EXACT_EMPTY)) throw fault(name, "a tag has more than 15 bits");
    return { classes: classIndex + 1, sections: [name] };
  }
  const greatest = greatestLabel(cells, 2 ** classBits - 1);
  if (greatest < 0) throw fault(name, "a bucket has a tag twice, or one of more than 15 bits");
  return { classes: greatest + 1, sections: [name] };
}

/** -1 where a tag is twice in its bucket, or too long: the program would put two labels together. */
function greatestLabel(cells: Uint16Array, classMask: number): number {
  const bucketOfTag = new Int32Array(65536).fill(-1);
  let greatest = 0;
  for (let bucket = 0; bucket < cells.length; bucket += 2 * EXACT_SLOTS)
    for (let slot = bucket; slot < bucket + EXACT_SLOTS; slot++) {
      const tag = cells[slot]!;
      if (tag === EXACT_EMPTY) continue;
      if (tag > EXACT_EMPTY || bucketOfTag[tag] === bucket) return -1;
      bucketOfTag[tag] = bucket;
      greatest = Math.max(greatest, cells[slot + EXACT_SLOTS]! & classMask);
    }
  return greatest;
}

function cellsOf(image: Uint8Array): Uint16Array {
  return new Uint16Array(image.buffer, image.byteOffset, image.length / 2);
}

function fault(section: SectionName, what: string) {
  return inconsistent(`section ${section}`, what);
}
