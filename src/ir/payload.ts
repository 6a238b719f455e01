// Tests of payload bytes: each of a fleet's tests has a bit in the field `payload`, the first one the highest, so that
// "test 0 holds" is one range of values however many tests there are. docs/SEMANTICS.md §4, "Payload".

import { FIELD_DOMAIN } from "./nodes.ts";
import { type Ranges, ranges } from "./ranges.ts";

export interface PayloadTest {
  /** Bytes from the payload's first. */
  readonly offset: number;
  /** 1 to 8 bytes, not all of them 0. */
  readonly mask: readonly number[];
  /** As many bytes; no bit of it is outside the mask. */
  readonly value: readonly number[];
}

export const NO_PAYLOAD_TESTS: readonly PayloadTest[] = Object.freeze([]);

const BITS = Math.log2(FIELD_DOMAIN.payload);

export function payloadBit(test: number): number {
  return 1 << (BITS - 1 - test);
}

/** Length of the shortest payload that has the bytes. */
export function payloadEnd({ offset, mask }: PayloadTest): number {
  return offset + mask.length;
}

/** The field's value for the payload from `start` to before `end`. A test for which the payload is too short fails. */
export function payloadValue(
  frame: Uint8Array,
  start: number,
  end: number,
  tests: readonly PayloadTest[],
): number {
  let value = 0;
  for (const [index, test] of tests.entries())
    if (start + payloadEnd(test) <= end && holds(frame, start, test)) value |= payloadBit(index);
  return value;
}

function holds(frame: Uint8Array, start: number, { offset, mask, value }: PayloadTest): boolean {
  const at = start + offset;
  return mask.every((bits, i) => (frame[at + i]! & bits) === value[i]);
}

/** Values with the bit of at least one of the tests, which are indexes. */
export function payloadRanges(tests: readonly number[]): Ranges {
  const step = payloadBit(Math.max(...tests));
  const wanted = tests.reduce((bits, test) => bits | payloadBit(test), 0);
  const pairs: [number, number][] = [];
  for (let value = 0; value < FIELD_DOMAIN.payload; value += step)
    if ((value & wanted) !== 0) pairs.push([value, value + step - 1]);
  return ranges(pairs);
}

/** `0x54536f75 at 4`, with its mask where that is not all ones. */
export function formatPayloadTest({ offset, mask, value }: PayloadTest): string {
  const masked = mask.every((bits) => bits === 0xff) ? "" : ` mask 0x${Buffer.from(mask).toString("hex")}`;
  return `0x${Buffer.from(value).toString("hex")}${masked} at ${offset}`;
}
