// Where things stand in a bundle file (docs/BUNDLE.md), and what the sections cost in the kernel. All integers are
// little-endian.

import {
  BLOCK4_SLOTS,
  CONFIG,
  LINE_BYTES,
  REGION4_BUCKETS,
  REGIONS4_LEAST,
  type SectionName,
} from "./abi.ts";

export const FORMAT_VERSION = 1;
const PAGE_BYTES = 4096;
/** `PISTONB` and a zero byte. */
export const MAGIC = Uint8Array.of(0x50, 0x49, 0x53, 0x54, 0x4f, 0x4e, 0x42, 0);

/** Offsets in bytes. */
export const HEADER = {
  bytes: 128,
  magic: 0,
  formatVersion: 8,
  abiVersion: 12,
  totalLength: 16,
  manifestLength: 24,
  manifestSha256: 32,
  headerSha256: 64,
  zero: 96,
} as const;

export function toPage(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

/** Value size of the map of this name. */
export function entryBytesOf(name: SectionName): number {
  return name === "config" ? CONFIG.bytes : LINE_BYTES;
}

/** Of `*4_blocks`, whose labels have their classes in `classMask` (0: there are none). */
export function blocks4Layout(classMask: number): {
  /** Of a bucket, with its labels. */
  readonly bucketBytes: number;
  /** Of a region: its pilots, and then its buckets. */
  readonly regionBytes: number;
  /** With fewer, neither slots nor labels tell blocks apart. */
  readonly regionsLeast: number;
} {
  const bucketBytes = 2 * BLOCK4_SLOTS * (classMask > 0 ? 2 : 1);
  const told = classMask > 0 ? LABELS / (classMask + 1) : 1;
  return {
    bucketBytes,
    regionBytes: REGION4_BUCKETS * (1 + bucketBytes),
    regionsLeast: Math.max(1, REGIONS4_LEAST / told),
  };
}

/** That 16 bits can be. */
const LABELS = 65536;

/**
 * Kernel memory of the maps, in bytes: an mmap-able array takes one page for struct bpf_array and whole pages for its
 * elements (kernel/bpf/arraymap.c, array_map_alloc).
 */
export function tableMemoryBytes(lengths: Iterable<number>): number {
  let total = 0;
  for (const length of lengths) total += PAGE_BYTES + toPage(length);
  return total;
}
