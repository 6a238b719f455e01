// What the two exact tables of IPv6 have in common: pilots, then buckets, and struct exact6_table.

import { LINE_BYTES } from "../../bundle/abi.ts";
import type { Steering } from "./pilots.ts";

export interface Exact6Image {
  readonly image: Uint8Array;
  readonly buckets: number;
  /** Bytes before the buckets. */
  readonly pilots: number;
  readonly pilotMask: number;
  readonly keyShift: number;
}

export interface Exact6Placement extends Exact6Image {
  /** 1 for each entry that found a place. */
  readonly placed: Uint8Array;
}

/** `cells`: of the buckets, all free. */
export function exact6Image({ pilots, bucketCount }: Steering) {
  const image = new Uint8Array(pilots.length + bucketCount * LINE_BYTES);
  image.set(pilots);
  return {
    image,
    cells: new Uint32Array(image.buffer, pilots.length),
    table: { buckets: bucketCount, pilots: pilots.length, pilotMask: pilots.length - 1 },
  };
}
