import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EVERYTHING, fromPrefixes, toPrefixes } from "../../ir/address-set.ts";
import { setSize } from "./set-sizes.ts";

const MAX_6 = 2n ** 128n - 1n;

describe("setSize", () => {
  test("everything is one prefix of each family", () => {
    const bytes = Buffer.from(`00000000ffffffff${"00".repeat(16)}${"ff".repeat(16)}`, "hex");
    expect(setSize(EVERYTHING)).toEqual({
      prefixes4: 1,
      prefixes6: 1,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    });
  });

  test("1 to the last address but one takes 62 prefixes in IPv4 and 254 in IPv6", () => {
    const set = { v4: Uint32Array.of(1, 0xffff_fffe), v6: [1n, MAX_6 - 1n] };
    expect(setSize(set)).toMatchObject({ prefixes4: 62, prefixes6: 254 });
  });

  test("counts the prefixes that toPrefixes gives", () => {
    const range = (max: bigint) =>
      fc
        .tuple(fc.bigInt({ min: 0n, max }), fc.bigInt({ min: 0n, max }))
        .map(([a, b]) => (a < b ? { first: a, last: b } : { first: b, last: a }));
    fc.assert(
      fc.property(fc.array(range(2n ** 32n - 1n)), fc.array(range(MAX_6)), (four, six) => {
        const set = fromPrefixes([
          ...four.map((one) => ({ family: 4 as const, length: 0, ...one })),
          ...six.map((one) => ({ family: 6 as const, length: 0, ...one })),
        ]);
        const prefixes = [...toPrefixes(set)];
        expect(setSize(set)).toMatchObject({
          prefixes4: prefixes.filter(({ family }) => family === 4).length,
          prefixes6: prefixes.filter(({ family }) => family === 6).length,
        });
      }),
    );
  });
});
