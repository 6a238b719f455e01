// IPv4 tables to the number of classes that they can give. A BundleError where a root's word points outside its lines,
// a chunk's ranges are not in order from its first address, or blocks have not the bytes that their numbers say.

import {
  BLOCK4_SLOTS,
  LINE_BYTES,
  PILOT4_RANGES,
  RANGE_GROUPS,
  RANGE_INDEX_LEAST,
  RANGE_INDEX_MOST,
  REGION4_BUCKETS,
  ROOT_DIRECT,
  ROOT_ENTRIES,
  ROOT_KIND_BITS,
  ROOT_LINES,
  type SectionName,
} from "./abi.ts";
import type { AddressClasses, Blocks4Table } from "./address-consistency.ts";
import { inconsistent } from "./bundle-error.ts";
import { blocks4Layout } from "./layout.ts";

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

/** The program reads no byte beyond what is checked here, and what slots say is an answer whatever they say. */
export function checkBlocks4(
  name: SectionName,
  { regions, small, classMask, classIndex }: Blocks4Table,
  isRestUniform: boolean,
  images: Images,
): AddressClasses & { readonly hasRanges: boolean } {
  const numbers = (what: string) => inconsistent("section config", `${name}: ${what}`);
  if (regions === 0) {
    if (small !== 0 || classMask !== 0 || classIndex !== 0)
      throw numbers("there is no table, and something is said of it");
    return { classes: 0, sections: [], hasRanges: false };
  }
  if (small > 1) throw numbers("its blocks are neither small nor not");
  if (classMask > 0xffff || (classMask & (classMask + 1)) !== 0)
    throw numbers("the classes of labels are not their low bits");
  if (classMask > 0 && classIndex !== 0) throw numbers("it has labels, and one class");
  const { regionBytes, regionsLeast } = blocks4Layout(classMask);
  if (regions < regionsLeast || regions > REGIONS4_MOST)
    throw numbers(`${regions} regions do not tell addresses apart`);
  const image = images.get(name);
  if (!image) throw fault(name, "it is missing");
  if (image.length !== regions * regionBytes)
    throw fault(name, `${image.length} bytes; ${regions} regions take ${regions * regionBytes}`);
  let pilots = 0;
  for (let region = 0; region < image.length; region += regionBytes)
    for (let i = region; i < region + REGION4_BUCKETS; i++) pilots |= image[i]!;
  const hasRanges = pilots >= PILOT4_RANGES;
  if (hasRanges && !isRestUniform)
    throw fault(name, "a pilot leads to ranges, where all that has no slot does");
  const greatest = classMask > 0 ? greatestLabel(cellsOf(image), regionBytes / 2, classMask) : classIndex;
  return { classes: greatest + 1, sections: [name], hasRanges };
}

/** Above this the product by which blocks are found has more bits than a double holds. */
const REGIONS4_MOST = 2 ** 21;

function greatestLabel(cells: Uint16Array, regionCells: number, classMask: number): number {
  let greatest = 0;
  for (let region = 0; region < cells.length; region += regionCells)
    for (let bucket = REGION4_BUCKETS / 2; bucket < regionCells; bucket += 2 * BLOCK4_SLOTS)
      for (let slot = bucket + BLOCK4_SLOTS; slot < bucket + 2 * BLOCK4_SLOTS; slot++)
        greatest = Math.max(greatest, cells[region + slot]! & classMask);
  return greatest;
}

function cellsOf(image: Uint8Array): Uint16Array {
  return new Uint16Array(image.buffer, image.byteOffset, image.length / 2);
}

function fault(section: SectionName, what: string) {
  return inconsistent(`section ${section}`, what);
}
