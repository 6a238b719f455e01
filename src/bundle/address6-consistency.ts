// IPv6 tables to the number of classes that they can give. A BundleError where a root's word does not lead to the range
// of each address in its chunk, ranges do not ascend, slots of one bucket overlap, or an exact table has not the lines that
// its numbers say.

import {
  ADDRESS6_CHUNK_MAX,
  ADDRESS6_RANGE,
  HOST6_CLASS_BITS,
  HOSTS6_MARKED,
  LINE_BYTES,
  NET6_BEGIN_BIT,
  NET6_HOSTS,
  PILOT_SHIFT,
  ROOT_ENTRIES,
  ROOT6_STEP_BITS,
  type SectionName,
} from "./abi.ts";
import type { AddressClasses, Exact6Table } from "./address-consistency.ts";
import { inconsistent } from "./bundle-error.ts";

type Images = ReadonlyMap<SectionName, Uint8Array>;

const RANGE_WORDS = ADDRESS6_RANGE.bytes / 4;
const LINE_WORDS = LINE_BYTES / 4;
const STEP_MASK = 2 ** ROOT6_STEP_BITS - 1;
const CLASS_MAX = 0xffff;
/** Fewer would leave a slot no room for a class, more are no whole number of 53 bits times a hash. */
const BUCKETS_MIN = 256;
const BUCKETS_MAX = 2 ** 21;

export function checkRanges6(rootName: SectionName, rangesName: SectionName, images: Images): AddressClasses {
  const root = wordsOf(imageOf(rootName, images));
  if (root.length !== ROOT_ENTRIES) throw fault(rootName, `${root.length} words; a root has ${ROOT_ENTRIES}`);
  const hasRanges = root.some((word) => (word & STEP_MASK) !== 0);
  const ranges = hasRanges ? wordsOf(imageOf(rangesName, images)) : null;
  const order = ranges && checkOrder(rangesName, ranges);
  let greatest = order?.greatest ?? 0;
  let range = 0; // the last one that does not begin above the chunk's first address
  for (let chunk = 0; chunk < ROOT_ENTRIES; chunk++) {
    const steps = root[chunk]! & STEP_MASK;
    const at = root[chunk]! >>> ROOT6_STEP_BITS;
    let last = range;
    if (ranges) {
      while (range + 1 < order!.count && beginsBy(ranges, range + 1, chunk)) range++;
      last = range;
      while (last + 1 < order!.count && beginsIn(ranges, last + 1, chunk)) last++;
    }
    if (steps === 0) {
      if (at > CLASS_MAX) throw fault(rootName, `chunk ${chunk} has class ${at}`);
      if (ranges && (last !== range || classOf(ranges, range) !== at))
        throw fault(rootName, `chunk ${chunk} is not all of class ${at}`);
      greatest = Math.max(greatest, at);
      continue;
    }
    const end = at + 2 ** steps;
    if (2 ** steps > ADDRESS6_CHUNK_MAX || end * RANGE_WORDS > ranges!.length)
      throw fault(
        rangesName,
        `chunk ${chunk} has more ranges than there are, or than the program looks through`,
      );
    if (at > range || end <= last)
      throw fault(rootName, `chunk ${chunk} has ranges ${at} to ${end - 1}, not ${range} to ${last}`);
    range = last;
  }
  return { classes: greatest + 1, sections: ranges ? [rootName, rangesName] : [rootName] };
}

/** Ranges ascend from the first address; what fills the table up are copies of the last one. */
function checkOrder(name: SectionName, ranges: Uint32Array): { count: number; greatest: number } {
  const all = ranges.length / RANGE_WORDS;
  if (all < 2 || !isZero(ranges, 0)) throw fault(name, "range 0 does not begin at the first address");
  let count = 1;
  let greatest = 0;
  for (let i = 0; i < all; i++) {
    const at = i * RANGE_WORDS;
    if (ranges[at + 5]! !== 0 || ranges[at + 6]! !== 0 || ranges[at + 7]! !== 0)
      throw fault(name, `range ${i}: reserved bytes are not zero`);
    if (classOf(ranges, i) > CLASS_MAX) throw fault(name, `range ${i} has class ${classOf(ranges, i)}`);
    greatest = Math.max(greatest, classOf(ranges, i));
    if (i === 0) continue;
    if (count === i && isBefore(ranges, at - RANGE_WORDS, at)) count++;
    else if (!isCopy(ranges, at - RANGE_WORDS, at)) throw fault(name, `range ${i} is not in order`);
  }
  return { count, greatest };
}

function classOf(ranges: Uint32Array, range: number): number {
  return ranges[range * RANGE_WORDS + 4]!;
}

function isCopy(ranges: Uint32Array, a: number, b: number): boolean {
  for (let word = 0; word < RANGE_WORDS; word++) if (ranges[a + word] !== ranges[b + word]) return false;
  return true;
}

function isZero(ranges: Uint32Array, at: number): boolean {
  return (ranges[at]! | ranges[at + 1]! | ranges[at + 2]! | ranges[at + 3]!) === 0;
}

/** Memory has the low half of a u64 first. */
function beginsIn(ranges: Uint32Array, range: number, chunk: number): boolean {
  return ranges[range * RANGE_WORDS + 1]! >>> 16 === chunk;
}

/** Whether the range begins at or before the chunk's first address. */
function beginsBy(ranges: Uint32Array, range: number, chunk: number): boolean {
  const at = range * RANGE_WORDS;
  const own = ranges[at + 1]! >>> 16;
  if (own !== chunk) return own < chunk;
  return (ranges[at]! | (ranges[at + 1]! & 0xffff) | ranges[at + 2]! | ranges[at + 3]!) === 0;
}

const SIGNIFICANCE = [1, 0, 3, 2] as const;

function isBefore(ranges: Uint32Array, a: number, b: number): boolean {
  for (const word of SIGNIFICANCE)
    if (ranges[a + word]! !== ranges[b + word]!) return ranges[a + word]! < ranges[b + word]!;
  return false;
}

/** The buckets of an exact table; null where there is none. */
function bucketsOf(
  name: SectionName,
  { buckets, pilots, pilotMask, keyShift }: Exact6Table,
  images: Images,
): Uint32Array | null {
  const numbers = (what: string) => inconsistent("section config", `${name}: ${what}`);
  if (buckets === 0) {
    if (pilots !== 0 || pilotMask !== 0 || keyShift !== 0)
      throw numbers("there is no table, and it has pilots");
    return null;
  }
  if (buckets < BUCKETS_MIN || buckets > BUCKETS_MAX)
    throw numbers(`${buckets} buckets, not ${BUCKETS_MIN} to ${BUCKETS_MAX}`);
  // What a pilot changes may not choose it.
  if (
    pilotMask !== pilots - 1 ||
    (pilots & pilotMask) !== 0 ||
    pilots < LINE_BYTES ||
    pilots > 2 ** PILOT_SHIFT
  )
    throw numbers(`${pilots} pilots are not chosen by the bits ${pilotMask}`);
  const image = imageOf(name, images);
  const bytes = pilots + buckets * LINE_BYTES;
  if (image.length !== bytes)
    throw fault(name, `${image.length} bytes; ${pilots} pilots and ${buckets} buckets take ${bytes}`);
  return wordsOf(image.subarray(pilots));
}

export function checkHosts6(
  name: SectionName,
  table: Exact6Table,
  hasNets: boolean,
  images: Images,
): AddressClasses {
  const words = bucketsOf(name, table, images);
  if (!words) return { classes: 0, sections: [] };
  if (table.keyShift !== 0 && (table.keyShift !== HOSTS6_MARKED || !hasNets))
    throw inconsistent("section config", `${name}: nets do not say which prefixes have hosts`);
  const slotWords = 4;
  let greatest = 0;
  for (let at = 0; at < words.length; at += slotWords) {
    if (isZero(words, at)) continue;
    const code = words[at]! & (2 ** HOST6_CLASS_BITS - 1);
    if (code === 0) throw fault(name, `slot ${at / slotWords} has no class`);
    // The program puts together what it finds: no address may find two.
    for (let other = at - (at % LINE_WORDS); other < at; other += slotWords)
      if (isOneHost(words, other, at))
        throw fault(name, `slots ${other / slotWords} and ${at / slotWords} are for one address`);
    greatest = Math.max(greatest, code);
  }
  return { classes: greatest, sections: [name] };
}

/** Whether two slots are the same but for the class. */
function isOneHost(words: Uint32Array, a: number, b: number): boolean {
  return (
    words[a + 1] === words[b + 1] &&
    words[a + 2] === words[b + 2] &&
    words[a + 3] === words[b + 3] &&
    (words[a]! ^ words[b]!) >>> HOST6_CLASS_BITS === 0
  );
}

/** `hasMarks`: slots say which /64s have hosts. */
export function checkNets6(
  name: SectionName,
  table: Exact6Table,
  hasMarks: boolean,
  images: Images,
): AddressClasses {
  const words = bucketsOf(name, table, images);
  if (!words) return { classes: 0, sections: [] };
  if (table.keyShift > 32)
    throw inconsistent("section config", `${name}: ${64 - table.keyShift} bits choose the bucket`);
  let greatest = 0;
  for (let line = 0; line < words.length; line += LINE_WORDS) {
    const found = checkBucket(words, line, hasMarks);
    if (typeof found === "string") throw fault(name, `bucket ${line / LINE_WORDS}: ${found}`);
    greatest = Math.max(greatest, found);
  }
  return { classes: greatest, sections: [name] };
}

/** The greatest code of a bucket, or what is wrong with it. */
function checkBucket(words: Uint32Array, line: number, hasMarks: boolean): number | string {
  const codes = (slot: number) => (words[line + (slot >>> 2)]! >>> (8 * (slot & 3))) & 0xff;
  if (codes(0) !== 0) return "slot 0 has no word, and has a class";
  let greatest = 0;
  // Where the slot before ends.
  let upper = 0;
  let lower = 0;
  for (let slot = 1; slot < LINE_WORDS / 2; slot++) {
    const low = words[line + 2 * slot]!;
    const high = words[line + 2 * slot + 1]!;
    const code = codes(slot);
    if ((low | high) === 0) {
      if (code !== 0) return `slot ${slot} is free, and has a class`;
      if ((upper | lower) !== 0) return `slot ${slot} is free, and the one before is not`;
      continue;
    }
    const shift = low & 63;
    const hasHosts = (low & NET6_HOSTS) !== 0;
    const begin = (low & (-1 << NET6_BEGIN_BIT)) >>> 0;
    if (shift < NET6_BEGIN_BIT || shift > NET6_BEGIN_BIT + 32) return `slot ${slot} is shifted ${shift} bits`;
    if (hasHosts && (!hasMarks || shift !== NET6_BEGIN_BIT)) return `slot ${slot} is no /64 of hosts`;
    if (code === 0 && !hasHosts) return `slot ${slot} has no class, and no hosts`;
    const below = shift > 32 ? begin | (high & (2 ** (shift - 32) - 1)) : begin & (2 ** shift - 1);
    if (high > 0x7fffffff || below !== 0) return `slot ${slot} does not begin with its prefix`;
    if (high < upper || (high === upper && begin < lower)) return `slot ${slot} begins in the one before`;
    const sum = shift >= 32 ? begin : begin + 2 ** shift;
    upper = high + (shift >= 32 ? 2 ** (shift - 32) : sum > 0xffffffff ? 1 : 0);
    lower = sum % 2 ** 32;
    greatest = Math.max(greatest, code);
  }
  return greatest;
}

function wordsOf(image: Uint8Array): Uint32Array {
  return new Uint32Array(image.buffer, image.byteOffset, image.length / 4);
}

function imageOf(name: SectionName, images: Images): Uint8Array {
  const image = images.get(name);
  if (!image) throw fault(name, "it is missing");
  return image;
}

function fault(section: SectionName, what: string) {
  return inconsistent(`section ${section}`, what);
}
