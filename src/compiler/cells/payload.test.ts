// What partitionPayload() says of a few bytes, against trying every payload.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PayloadTest, payloadBit, payloadValue } from "../../ir/payload.ts";
import { partitionPayload, payloadBytes } from "./payload.ts";

const LENGTH_MAX = 4;
/** Every payload of up to 4 bytes of 2 bits each. */
function* payloads(): Generator<Uint8Array> {
  for (let length = 0; length <= LENGTH_MAX; length++)
    for (let bits = 0; bits < 4 ** length; bits++)
      yield Uint8Array.from({ length }, (_, i) => (bits >> (2 * i)) & 3);
}
const small: fc.Arbitrary<PayloadTest> = fc
  .record({
    offset: fc.integer({ min: 0, max: LENGTH_MAX - 1 }),
    bytes: fc.array(fc.tuple(fc.constantFrom(0, 1, 2, 3), fc.constantFrom(0, 1, 2, 3)), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  .filter(({ offset, bytes }) => offset + bytes.length <= LENGTH_MAX && bytes.some(([mask]) => mask > 0))
  .map(({ offset, bytes }) => ({
    offset,
    mask: bytes.map(([mask]) => mask),
    value: bytes.map(([mask, value]) => mask & value),
  }));

function listed(tests: readonly PayloadTest[]): string[] {
  const partition = partitionPayload(tests, true);
  return Array.from({ length: partition.size }, (_, i) => partition.pattern(i)).flatMap(
    ({ value, least, most }) => {
      const lengths: string[] = [];
      for (let length = least; length <= Math.min(most, LENGTH_MAX); length++)
        lengths.push(`${value} ${length}`);
      return lengths;
    },
  );
}

describe("partitionPayload", () => {
  test("values and lengths are those that some payload has, and bytes are made for each", () => {
    fc.assert(
      fc.property(fc.array(small, { minLength: 1, maxLength: 7 }), (tests) => {
        const wanted = new Set<string>();
        for (const bytes of payloads())
          wanted.add(`${payloadValue(bytes, 0, bytes.length, tests)} ${bytes.length}`);
        const found = listed(tests);
        expect(found.toSorted()).toEqual([...wanted].sort());
        for (const one of found) {
          const [value, length] = one.split(" ").map(Number);
          const bytes = new Uint8Array(length!);
          bytes.set(payloadBytes(tests, value!, length!));
          expect(payloadValue(bytes, 0, bytes.length, tests)).toBe(value);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("values at one offset exclude each other: one pattern for each, and one for none", () => {
    const tests = Array.from({ length: 16 }, (_, i): PayloadTest => {
      const value = [...Buffer.from(`sign${String(i).padStart(4, "0")}`)];
      return { offset: 0, mask: value.map(() => 0xff), value };
    });
    const partition = partitionPayload(tests, true);
    expect(partition.size).toBe(17);
    expect(Array.from({ length: 17 }, (_, i) => partition.first(i))).toEqual([
      0,
      ...Array.from({ length: 16 }, (_, i) => payloadBit(15 - i)),
    ]);
  });

  test("sixteen tests that are independent have every pattern", () => {
    const tests = Array.from({ length: 16 }, (_, i): PayloadTest => ({ offset: i, mask: [1], value: [1] }));
    expect(partitionPayload(tests, true).size).toBe(65_536);
  });

  test("two halves of one bit can not both fail where the byte is there", () => {
    const tests: PayloadTest[] = [
      { offset: 3, mask: [0x80], value: [0x80] },
      { offset: 3, mask: [0x80], value: [0] },
    ];
    const partition = partitionPayload(tests, true);
    expect(Array.from({ length: partition.size }, (_, i) => partition.pattern(i))).toEqual([
      { value: 0, least: 0, most: 3 },
      { value: payloadBit(1), least: 4, most: 65_535 },
      { value: payloadBit(0), least: 4, most: 65_535 },
    ]);
  });

  test("without a rule that asks there is one class", () => {
    expect(partitionPayload([{ offset: 0, mask: [1], value: [1] }], false).size).toBe(1);
  });
});
