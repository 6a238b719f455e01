import fc from "fast-check";
import { test } from "vitest";
import {
  expectEachEnd,
  LABELLED,
  look,
  partsOf,
  SMALL,
  SMALL_UNLABELLED,
  UNLABELLED,
} from "./address4-fixture.ts";

test("every address gets the class of its part, with blocks and without", () => {
  const near = fc.oneof(
    fc.nat(2 ** 32 - 1),
    fc.nat(4095).map((at) => 0x0a01_0000 + at),
  );
  const block = fc
    .tuple(near, fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 7, 8, 8, 10, 12, 20), fc.nat(9))
    .map(([at, bits, label]) => [Math.floor(at / 2 ** bits) * 2 ** bits, 2 ** bits, label] as const);
  const arbitrary = [fc.array(block, { maxLength: 300 }), fc.constantFrom(1, 9), fc.nat(9)] as const;
  fc.assert(
    fc.property(
      ...arbitrary,
      fc.constantFrom("ranges" as const, UNLABELLED, LABELLED, SMALL, SMALL_UNLABELLED),
      (blocks, labels, background, way) => {
        const parts = partsOf(
          blocks.map(([first, size, label]) => [first, size, Math.min(label, labels)]),
          background,
        );
        expectEachEnd(parts, look(parts, way).at);
      },
    ),
    { numRuns: 200 },
  );
});
