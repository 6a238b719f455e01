// The root and ranges of one side's IPv6 addresses to the number of classes that they can give; a BundleError where a chunk
// points outside its ranges, does not begin at its first address, or is not in order.

import { ADDRESS_ROOT, ADDRESS6_CHUNK_MAX, ADDRESS6_RANGE, ROOT_ENTRIES, type SectionName } from "./abi.ts";
import type { AddressClasses } from "./address-consistency.ts";
import { inconsistent } from "./bundle-error.ts";

const WORDS6 = ADDRESS6_RANGE.bytes / 4;

export function checkRanges6(
  rootName: SectionName,
  rangesName: SectionName,
  images: ReadonlyMap<SectionName, Uint8Array>,
): AddressClasses {
  const rootImage = images.get(rootName);
  if (!rootImage) throw fault(rootName, "it is missing");
  if (rootImage.length !== ROOT_ENTRIES * ADDRESS_ROOT.bytes)
    throw fault(rootName, `${rootImage.length} bytes; a root has ${ROOT_ENTRIES * ADDRESS_ROOT.bytes}`);
  const root = new Uint32Array(rootImage.buffer, rootImage.byteOffset, rootImage.length / 4);
  const rangesImage = images.get(rangesName) ?? new Uint8Array(0);
  const ranges = new Uint32Array(rangesImage.buffer, rangesImage.byteOffset, rangesImage.length / 4);
  const entries = ranges.length / WORDS6;
  let greatest = 0;
  let rangesUsed = false;
  for (let chunk = 0; chunk < ROOT_ENTRIES; chunk++) {
    const start = root[2 * chunk]!;
    const count = root[2 * chunk + 1]!;
    if (count === 0) {
      greatest = Math.max(greatest, start);
      continue;
    }
    if (start + count > entries)
      throw fault(rangesName, `chunk ${chunk} ends at range ${start + count} of ${entries}`);
    if (count > ADDRESS6_CHUNK_MAX)
      throw fault(rangesName, `chunk ${chunk} has ${count} ranges; the program looks through 2^20`);
    rangesUsed = true;
    const found = checkChunk6(ranges, chunk, start, count);
    if (found < 0) throw fault(rangesName, `chunk ${chunk} is not in order from its first address`);
    greatest = Math.max(greatest, found);
  }
  return { classes: greatest + 1, sections: rangesUsed ? [rootName, rangesName] : [rootName] };
}

/** The greatest class in the chunk, -1 where it is out of order. */
function checkChunk6(ranges: Uint32Array, chunk: number, start: number, count: number): number {
  let greatest = 0;
  for (let i = start; i < start + count; i++) {
    const at = i * WORDS6;
    if (ranges[at + 1]! >>> 16 !== chunk) return -1;
    const bitsAfterChunk = ranges[at]! | (ranges[at + 1]! & 0xffff) | ranges[at + 2]! | ranges[at + 3]!;
    const begins = bitsAfterChunk === 0;
    if (i === start ? !begins : !before6(ranges, at - WORDS6, at)) return -1;
    if (ranges[at + 5]! !== 0 || ranges[at + 6]! !== 0 || ranges[at + 7]! !== 0) return -1;
    greatest = Math.max(greatest, ranges[at + 4]!);
  }
  return greatest;
}

/** Words of a u64 in memory: low half, then high half; first_high stands before first_low. */
const SIGNIFICANCE = [1, 0, 3, 2] as const;

function before6(ranges: Uint32Array, a: number, b: number): boolean {
  for (const word of SIGNIFICANCE)
    if (ranges[a + word]! !== ranges[b + word]!) return ranges[a + word]! < ranges[b + word]!;
  return false;
}

function fault(section: SectionName, what: string) {
  return inconsistent(`section ${section}`, what);
}
