// A partition of the IPv6 addresses to the images of a root table and its ranges (struct address_root, address6_range in
// bpf/shared.h). A chunk, the addresses that share their first 16 bits, of one class alone has no ranges.

import { ADDRESS_ROOT, ADDRESS6_RANGE, LINE_BYTES, ROOT_ENTRIES } from "../../bundle/abi.ts";
import type { Segments } from "./address-classes.ts";

export interface AddressImages {
  readonly root: Uint8Array;
  /** null where every chunk has one class. */
  readonly ranges: Uint8Array | null;
}

const ROOT_WORDS = ADDRESS_ROOT.bytes / 4;
const RANGE6_WORDS = ADDRESS6_RANGE.bytes / 8;

export function images6({ firsts, classes }: Segments<readonly bigint[]>): AddressImages {
  const chunkOf = Uint16Array.from(firsts, (first) => Number(first >> 112n));
  const chunkMask = (1n << 112n) - 1n;
  const ranges = new BigUint64Array((firsts.length + chunksWithRanges(chunkOf)) * RANGE6_WORDS);
  const { root, count } = chunks(
    firsts.length,
    (segment) => chunkOf[segment]!,
    (segment) => (firsts[segment]! & chunkMask) === 0n,
    (segment) => classes[segment]!,
    (at, segment, begins, chunk) => {
      const first = begins ? BigInt(chunk) << 112n : firsts[segment]!;
      ranges[at * RANGE6_WORDS] = first >> 64n;
      ranges[at * RANGE6_WORDS + 1] = BigInt.asUintN(64, first);
      ranges[at * RANGE6_WORDS + 2] = BigInt(classes[segment]!);
    },
  );
  return { root, ranges: toLines(ranges, count * ADDRESS6_RANGE.bytes) };
}

function chunksWithRanges(chunkOf: Uint16Array): number {
  return new Set(chunkOf).size;
}

/** Walks chunks and segments together. `put` writes one range; `begins`: at the chunk's first address. */
function chunks(
  segmentCount: number,
  chunkOf: (segment: number) => number,
  atChunkStart: (segment: number) => boolean,
  classOf: (segment: number) => number,
  put: (at: number, segment: number, begins: boolean, chunk: number) => void,
): { root: Uint8Array; count: number } {
  const root = new Uint32Array(ROOT_ENTRIES * ROOT_WORDS);
  let count = 0;
  let open = 0; // the segment that covers the chunk's first address
  for (let chunk = 0; chunk < ROOT_ENTRIES; chunk++) {
    let next = open + 1;
    if (next < segmentCount && chunkOf(next) === chunk && atChunkStart(next)) open = next++;
    if (next >= segmentCount || chunkOf(next) !== chunk) {
      root[chunk * ROOT_WORDS] = classOf(open);
      continue;
    }
    const start = count;
    put(count++, open, true, chunk);
    while (next < segmentCount && chunkOf(next) === chunk) {
      open = next++;
      put(count++, open, false, chunk);
    }
    root[chunk * ROOT_WORDS] = start;
    root[chunk * ROOT_WORDS + 1] = count - start;
  }
  return { root: new Uint8Array(root.buffer), count };
}

/** The first `bytes` bytes, filled up with zero to whole lines; null where there are none. */
function toLines(array: BigUint64Array, bytes: number): Uint8Array | null {
  if (bytes === 0) return null;
  const lines = new Uint8Array(Math.ceil(bytes / LINE_BYTES) * LINE_BYTES);
  lines.set(new Uint8Array(array.buffer, 0, bytes));
  return lines;
}
