// A fleet's payload tests to the values of the field `payload` that some packet has. Tests can exclude or include each
// other (two values at one offset, a prefix of a longer value), and a payload too short for a test fails it. So each
// value goes with payloads of certain lengths, and with bytes that show it. Exact.

import { strict as assert } from "node:assert";
import { FIELD_DOMAIN } from "../../ir/nodes.ts";
import { type PayloadTest, payloadBit, payloadEnd } from "../../ir/payload.ts";
import type { Ranges } from "../../ir/ranges.ts";
import type { FieldPartition } from "./field-partition.ts";
import { emptyMask, fullMask, type Mask, setBit } from "./mask.ts";

export interface PayloadPattern {
  /** Of the field. */
  readonly value: number;
  /** Payload lengths that it goes with; beyond `most`, the tests that fail would contradict each other. */
  readonly least: number;
  readonly most: number;
}

/** One class for each value that a packet can have; the first one is 0, where no test holds. */
export interface PayloadPartition extends FieldPartition {
  pattern(index: number): PayloadPattern;
  /** Classes that go with the same lengths. */
  readonly groups: readonly Mask[];
}

const LENGTH_MAX = FIELD_DOMAIN.payloadLength - 1;

export function partitionPayload(tests: readonly PayloadTest[], isAsked: boolean): PayloadPartition {
  const patterns = isAsked ? patternsOf(tests) : [{ value: 0, least: 0, most: LENGTH_MAX }];
  const masks = new Map<Ranges, Mask>();
  return {
    size: patterns.length,
    all: fullMask(patterns.length),
    groups: groupsOf(patterns),
    pattern: (index) => patterns[index]!,
    first: (index) => patterns[index]!.value,
    last: (index) => patterns[index]!.value,
    indexOf: (value) => patterns.findIndex((pattern) => pattern.value === value),
    maskOf(wanted) {
      let mask = masks.get(wanted);
      if (!mask) {
        mask = maskOf(patterns, wanted);
        masks.set(wanted, mask);
      }
      return mask;
    },
  };
}

function groupsOf(patterns: readonly PayloadPattern[]): Mask[] {
  const groups = new Map<number, Uint32Array>();
  for (const [index, { least, most }] of patterns.entries()) {
    const lengths = least * FIELD_DOMAIN.payloadLength + most;
    const group = groups.get(lengths) ?? emptyMask(patterns.length);
    setBit(group, index);
    groups.set(lengths, group);
  }
  return [...groups.values()];
}

/** Both ascend. */
function maskOf(patterns: readonly PayloadPattern[], wanted: Ranges): Mask {
  const mask = emptyMask(patterns.length);
  let at = 0;
  for (const [index, { value }] of patterns.entries()) {
    while (at < wanted.length && wanted[at]![1] < value) at++;
    if (at < wanted.length && wanted[at]![0] <= value) setBit(mask, index);
  }
  return mask;
}

/** Bits of the payload that are settled: by byte, which ones and what they are. */
type Settled = Map<number, { mask: number; value: number }>;

function patternsOf(tests: readonly PayloadTest[]): PayloadPattern[] {
  const found: PayloadPattern[] = [];
  // A test that shares no byte with another can always fail: only the others may get into each other's way.
  const tangled = tests.map((test) => tests.some((other) => other !== test && sharesByte(test, other)));
  const ends = [...new Set(tests.map(payloadEnd))].sort((a, b) => a - b);
  const visit = (index: number, value: number, settled: Settled, least: number) => {
    if (index === tests.length) {
      const most = longest(tests, tangled, value, settled, least, ends);
      if (most !== null) found.push({ value, least, most });
      return;
    }
    const test = tests[index]!;
    visit(index + 1, value, settled, least);
    const more = settle(settled, test);
    if (more) visit(index + 1, value | payloadBit(index), more, Math.max(least, payloadEnd(test)));
  };
  visit(0, 0, new Map(), 0);
  return found.sort((a, b) => a.value - b.value);
}

function sharesByte(a: PayloadTest, b: PayloadTest): boolean {
  return a.offset < payloadEnd(b) && b.offset < payloadEnd(a);
}

/** With the test's bits; null where they contradict. */
function settle(settled: Settled, { offset, mask, value }: PayloadTest): Settled | null {
  const result: Settled = new Map(settled);
  for (const [i, bits] of mask.entries()) {
    const known = result.get(offset + i) ?? { mask: 0, value: 0 };
    if (((known.value ^ value[i]!) & known.mask & bits) !== 0) return null;
    result.set(offset + i, { mask: known.mask | bits, value: known.value | value[i]! });
  }
  return result;
}

/** The greatest length for which the other tests can fail; null: not even the least. More length means more tests to fail. */
function longest(
  tests: readonly PayloadTest[],
  tangled: readonly boolean[],
  value: number,
  settled: Settled,
  least: number,
  ends: readonly number[],
): number | null {
  let most = LENGTH_MAX;
  for (const end of ends.toReversed()) {
    if (end < least) break;
    if (failing(tests, value, settled, end, tangled)) return most;
    most = end - 1;
  }
  return most >= least && failing(tests, value, settled, Math.min(most, least), tangled) ? most : null;
}

/** Bits settled so that every test whose bit is not in `value`, and for which the length is enough, fails. */
function failing(
  tests: readonly PayloadTest[],
  value: number,
  settled: Settled,
  length: number,
  among?: readonly boolean[],
): Settled | null {
  const left = tests.filter(
    (test, index) =>
      (value & payloadBit(index)) === 0 && payloadEnd(test) <= length && among?.[index] !== false,
  );
  return failAll(left, settled);
}

function failAll(tests: readonly PayloadTest[], settled: Settled): Settled | null {
  // The test with the fewest ways left goes first.
  let fewest: { test: PayloadTest; ways: [at: number, bit: number, set: number][] } | null = null;
  for (const test of tests) {
    const ways = waysToFail(test, settled);
    if (ways === "fails") continue;
    if (!fewest || ways.length < fewest.ways.length) fewest = { test, ways };
  }
  if (!fewest) return settled;
  const { test, ways } = fewest;
  const others = tests.filter((other) => other !== test);
  for (const [at, bit, set] of ways) {
    const known = settled.get(at) ?? { mask: 0, value: 0 };
    const next: Settled = new Map(settled).set(at, { mask: known.mask | bit, value: known.value | set });
    const result = failAll(others, next);
    if (result) return result;
  }
  return null;
}

function waysToFail({ offset, mask, value }: PayloadTest, settled: Settled) {
  const ways: [at: number, bit: number, set: number][] = [];
  for (const [i, bits] of mask.entries()) {
    const known = settled.get(offset + i) ?? { mask: 0, value: 0 };
    if (((known.value ^ value[i]!) & known.mask & bits) !== 0) return "fails";
    for (let bit = 1; bit <= 0x80; bit <<= 1)
      if ((bits & ~known.mask & bit) !== 0) ways.push([offset + i, bit, ~value[i]! & bit]);
  }
  return ways;
}

/** The first bytes of a payload of `length` bytes that has the value; what follows is zeros. */
export function payloadBytes(tests: readonly PayloadTest[], value: number, length: number): Uint8Array {
  let settled: Settled | null = new Map();
  for (const [index, test] of tests.entries())
    if (settled && (value & payloadBit(index)) !== 0) settled = settle(settled, test);
  // Zeros where they do, so that an example says no more than it has to.
  const zeros = settled && bytesOf(settled, length);
  if (zeros && tests.every((test, index) => (value & payloadBit(index)) !== 0 || !holds(zeros, test, length)))
    return zeros;
  settled = settled && failing(tests, value, settled, length);
  assert(settled, `a packet can have the payload value ${value}`);
  return bytesOf(settled, length);
}

function bytesOf(settled: Settled, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(length, Math.max(0, ...[...settled.keys()].map((at) => at + 1))));
  for (const [at, { value }] of settled) if (at < bytes.length) bytes[at] = value;
  return bytes;
}

function holds(bytes: Uint8Array, test: PayloadTest, length: number): boolean {
  if (payloadEnd(test) > length) return false;
  return test.mask.every((bits, i) => ((bytes[test.offset + i] ?? 0) & bits) === test.value[i]);
}
