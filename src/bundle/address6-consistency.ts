// IPv6 tables to the number of classes that they can give. A BundleError where a root's word is not the range that has its
// chunk's first address, ranges do not ascend, or an exact table has not the lines that its numbers say.

import {
  ADDRESS6_CHUNK_MAX,
  ADDRESS6_RANGE,
  LINE_BYTES,
  NET6_SHIFT_BITS,
  ROOT_ENTRIES,
  type SectionName,
} from "./abi.ts";
import type { AddressClasses, ExactTable } from "./address-consistency.ts";
import { inconsistent } from "./bundle-error.ts";

type Images = ReadonlyMap<SectionName, Uint8Array>;

const RANGE_WORDS = ADDRESS6_RANGE.bytes / 4;
const LINE_WORDS = LINE_BYTES / 4;
const ROOT_BYTES = Math.ceil((4 * (ROOT_ENTRIES + 1)) / LINE_BYTES) * LINE_BYTES;

export function checkRanges6(rootName: SectionName, rangesName: SectionName, images: Images): AddressClasses {
  const rootImage = imageOf(rootName, images);
  if (rootImage.length !== ROOT_BYTES)
    throw fault(rootName, `${rootImage.length} bytes; a root has ${ROOT_BYTES}`);
  const root = new Uint32Array(rootImage.buffer, rootImage.byteOffset, rootImage.length / 4);
  const image = imageOf(rangesName, images);
  const ranges = new Uint32Array(image.buffer, image.byteOffset, image.length / 4);
  const count = root[ROOT_ENTRIES]! + 1;
  const bytes = Math.ceil((count * ADDRESS6_RANGE.bytes) / LINE_BYTES) * LINE_BYTES;
  if (image.length !== bytes) throw fault(rangesName, `${image.length} bytes; ${count} ranges take ${bytes}`);
  let greatest = 0;
  for (let i = 0; i < count; i++) {
    const at = i * RANGE_WORDS;
    const first = i === 0;
    if (first ? !isZero(ranges, at) : !isBefore(ranges, at - RANGE_WORDS, at))
      throw fault(rangesName, `range ${i} is not in order from the first address`);
    if (ranges[at + 5]! !== 0 || ranges[at + 6]! !== 0 || ranges[at + 7]! !== 0)
      throw fault(rangesName, `range ${i}: reserved bytes are not zero`);
    greatest = Math.max(greatest, ranges[at + 4]!);
  }
  checkRoot(rootName, root, ranges, count);
  return { classes: greatest + 1, sections: [rootName, rangesName] };
}

/** Each word is the last range that does not begin above its chunk's first address. */
function checkRoot(name: SectionName, root: Uint32Array, ranges: Uint32Array, count: number): void {
  let expected = 0;
  for (let chunk = 0; chunk < ROOT_ENTRIES; chunk++) {
    while (expected + 1 < count && beginsBy(ranges, (expected + 1) * RANGE_WORDS, chunk)) expected++;
    if (root[chunk]! !== expected)
      throw fault(name, `chunk ${chunk} has range ${root[chunk]}, not ${expected}`);
    const next = root[chunk + 1]!;
    if (next - expected + 1 > ADDRESS6_CHUNK_MAX)
      throw fault(name, `chunk ${chunk} has more ranges than the program looks through`);
  }
}

function isZero(ranges: Uint32Array, at: number): boolean {
  return (ranges[at]! | ranges[at + 1]! | ranges[at + 2]! | ranges[at + 3]!) === 0;
}

/** Whether the range begins at or before the chunk's first address. Memory has the low half of a u64 first. */
function beginsBy(ranges: Uint32Array, at: number, chunk: number): boolean {
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

export function checkExact6(
  name: SectionName,
  kind: "hosts" | "nets",
  { buckets, classBits, classIndex, keyBits }: ExactTable,
  images: Images,
): AddressClasses {
  const numbers = (what: string) => inconsistent("section config", `${name}: ${what}`);
  if (buckets === 0) {
    if (classBits !== 0 || classIndex !== 0 || keyBits !== 0)
      throw numbers("there is no table, and it has a class");
    return { classes: 0, sections: [] };
  }
  const isNets = kind === "nets";
  const bits = 31 - Math.clz32(buckets);
  const shift = isNets ? NET6_SHIFT_BITS : 0;
  if (classBits < 1 || classBits !== bits - shift || bits > 22)
    throw numbers(`${buckets} buckets do not have ${classBits} bits of class`);
  if (isNets ? keyBits < 32 || keyBits > 64 : keyBits !== 0 || classIndex !== 0)
    throw numbers(`${keyBits} bits choose the bucket, from class ${classIndex}`);
  const image = imageOf(name, images);
  if (image.length !== buckets * LINE_BYTES)
    throw fault(name, `${image.length} bytes; ${buckets} buckets take ${buckets * LINE_BYTES}`);
  const words = new Uint32Array(image.buffer, image.byteOffset, image.length / 4);
  const slotWords = isNets ? 2 : 4;
  let greatest = 0;
  for (let at = 0; at < words.length; at += slotWords) {
    if (isFree(words, at, slotWords)) continue;
    const code = (words[at]! >>> shift) & (2 ** classBits - 1);
    const shifted = words[at]! & (2 ** NET6_SHIFT_BITS - 1);
    if (code === 0 || classIndex + code > 65536) throw fault(name, `slot ${at / slotWords} has no class`);
    if (isNets && (shifted < bits || shifted > bits + 32))
      throw fault(name, `slot ${at / slotWords} is shifted ${shifted} bits`);
    // The program puts together what it finds: no address may find two.
    for (let other = at - (at % LINE_WORDS); other < at; other += slotWords)
      if (!isFree(words, other, slotWords) && overlap(words, other, at, isNets ? null : bits))
        throw fault(name, `slots ${other / slotWords} and ${at / slotWords} are for one address`);
    greatest = Math.max(greatest, code);
  }
  return { classes: classIndex + greatest, sections: [name] };
}

function isFree(words: Uint32Array, at: number, slotWords: number): boolean {
  for (let i = at; i < at + slotWords; i++) if (words[i] !== 0) return false;
  return true;
}

/** `bits`: of a host's class; null for nets, where the wider prefix decides. */
function overlap(words: Uint32Array, a: number, b: number, bits: number | null): boolean {
  if (bits !== null)
    return words[a + 2] === words[b + 2] && words[a + 3] === words[b + 3] && sameAbove(words, a, b, bits);
  const mask = 2 ** NET6_SHIFT_BITS - 1;
  return sameAbove(words, a, b, Math.max(words[a]! & mask, words[b]! & mask));
}

/** Whether two 64-bit words are the same without their lowest `bits`. */
function sameAbove(words: Uint32Array, a: number, b: number, bits: number): boolean {
  const high = words[a + 1]! ^ words[b + 1]!;
  return bits >= 32 ? high >>> (bits - 32) === 0 : high === 0 && (words[a]! ^ words[b]!) >>> bits === 0;
}

function imageOf(name: SectionName, images: Images): Uint8Array {
  const image = images.get(name);
  if (!image) throw fault(name, "it is missing");
  return image;
}

function fault(section: SectionName, what: string) {
  return inconsistent(`section ${section}`, what);
}
