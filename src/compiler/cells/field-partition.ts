// The domain of one small field, cut at every value where some rule's ranges begin or end. All values of one class are
// alike to every rule, so a rule's ranges become a mask of classes.

import type { Ranges } from "../../ir/ranges.ts";
import { emptyMask, fullMask, type Mask, setBit } from "./mask.ts";

export interface FieldPartition {
  readonly size: number;
  readonly all: Mask;
  /** First and last value of a class; classes ascend. */
  first(index: number): number;
  last(index: number): number;
  /** The class that holds a value. */
  indexOf(value: number): number;
  /** The classes that make up `ranges`, which must be one of the ranges that the partition was cut for. */
  maskOf(ranges: Ranges): Mask;
}

export function partitionField(cutFor: Iterable<Ranges>, domain: number): FieldPartition {
  const starts = new Set<number>([0]);
  for (const ranges of cutFor)
    for (const [first, last] of ranges) {
      starts.add(first);
      if (last + 1 < domain) starts.add(last + 1);
    }
  const firsts = Uint32Array.from(starts).sort();
  const size = firsts.length;
  const masks = new Map<Ranges, Mask>();
  const last = (index: number) => (index + 1 < size ? firsts[index + 1]! - 1 : domain - 1);
  const indexAtOrAfter = (value: number) => {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (firsts[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    size,
    all: fullMask(size),
    first: (index) => firsts[index]!,
    last,
    indexOf(value) {
      const index = indexAtOrAfter(value);
      return index < size && firsts[index] === value ? index : index - 1;
    },
    maskOf(ranges) {
      let mask = masks.get(ranges);
      if (!mask) {
        const bits = emptyMask(size);
        for (const [first, end] of ranges)
          for (let index = indexAtOrAfter(first); index < size && last(index) <= end; index++)
            setBit(bits, index);
        mask = bits;
        masks.set(ranges, mask);
      }
      return mask;
    },
  };
}
