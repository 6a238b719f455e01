import { describe, expect, test } from "vitest";
import type { SectionName } from "../../bundle/abi.ts";
import { checkRanges4 } from "../../bundle/address4-consistency.ts";
import { expectEachEnd, look, type Part, partsOf, segmentsOf } from "./address4-fixture.ts";
import { images4 } from "./address4-images.ts";

describe("a chunk", () => {
  /** Ranges that begin every `step` addresses of 10.1.0.0/16, of alternating classes. */
  const chunk = (count: number, step: number): Part[] =>
    Array.from({ length: count }, (_, i): Part => [i === 0 ? 0 : 0x0a01_0000 + (i - 1) * step, i % 3]);

  test.each([1, 2, 4, 5, 8, 9, 16, 17, 32, 33, 256, 257, 1023, 1024, 1025, 1040, 1041, 4097])(
    "of %i ranges gives each its class",
    (count) => {
      const parts = chunk(count + 1, 13);
      expectEachEnd(parts, look(parts, "ranges").at);
    },
  );

  test.each([3, 16])("of %i lines is refused where their index does not say where they begin", (lines) => {
    const { root, ranges } = images4(segmentsOf(chunk(16 * lines, 13)), "ranges");
    const check = (altered: Uint8Array) =>
      checkRanges4(
        "source4_root",
        "source4_ranges",
        new Map<SectionName, Uint8Array>([
          ["source4_root", root!],
          ["source4_ranges", altered],
        ]),
      );
    expect(check(ranges!).classes).toBe(3);
    for (let at = 0; at < 64; at += 2) {
      const altered = ranges!.slice();
      altered[at]! ^= 1;
      expect(() => check(altered)).toThrow("chunk 2561 has an index that does not say where its lines begin");
    }
  });

  test("of 65,536 ranges gives each address its class", () => {
    const { at } = look(chunk(65_537, 1), "ranges");
    const addresses = [0, 1, 2, 511, 512, 32_767, 32_768, 65_023, 65_534, 65_535];
    expect(addresses.map((low) => at(0x0a01_0000 + low))).toEqual(addresses.map((low) => (low + 1) % 3));
  });

  describe("whose ranges begin at round addresses", () => {
    const CHUNK = 0x0a01;
    const images = (parts: readonly Part[]) => {
      const { root, ranges } = images4(segmentsOf(parts), "ranges");
      return { ranges: ranges!, root: root!, word: new DataView(root!.buffer).getUint32(4 * CHUNK, true) };
    };
    const DIRECT = 4080;

    test.each([
      ["48 /24s", 48, 256, null],
      ["49 /24s", 49, 256, 8],
      ["256 /24s", 256, 256, 8],
      ["112 /25s", 112, 128, null],
      ["113 /25s", 113, 128, 7],
      ["9 blocks of a /20", 9, 4096, 12],
      ["8 blocks of a /20", 8, 4096, null],
    ] as const)("gives each its class: %s", (_, count, step, shift) => {
      const parts = chunk(count + 1, step);
      expect(images(parts).word & 0xfff)[shift === null ? "toBeLessThan" : "toBe"](DIRECT + (shift ?? 0));
      expectEachEnd(parts, look(parts, "ranges").at);
    });

    test("has ranges where one begins between them", () => {
      const parts = [...chunk(65, 256), [0x0a01_f0ff, 9] as const];
      expect(images(parts).word & 0xfff).toBeLessThan(DIRECT);
      expectEachEnd(parts, look(parts, "ranges").at);
    });

    test.each([
      [2 ** 18, true],
      [2 ** 18 + 1, false],
    ])("takes more lines than its ranges only in tables of up to 2^18 of them: %i", (count, direct) => {
      const before = chunk(65, 256);
      const after = Array.from({ length: count - 65 }, (_, i): Part => [0x5000_0000 + 3 * i, i % 3]);
      const { word } = images([...before, ...after]);
      expect((word & 0xfff) === DIRECT + 8).toBe(direct);
    });

    test("is refused where its last line is not there", () => {
      const { root, ranges } = images(chunk(65, 256));
      expect(ranges.length).toBe(64 * 8);
      const check = (lines: number) =>
        checkRanges4(
          "source4_root",
          "source4_ranges",
          new Map<SectionName, Uint8Array>([
            ["source4_root", root],
            ["source4_ranges", ranges.slice(0, 64 * lines)],
          ]),
        );
      expect(check(8).classes).toBe(3);
      expect(() => check(7)).toThrow("chunk 2561 ends beyond line 7");
    });
  });

  test("begins with the range that came into it", () => {
    const { at } = look(partsOf([[0x0a00_ff00, 0x0200, 7]]), "ranges");
    expect([0x0a01_0000, 0x0a01_00ff, 0x0a01_0100].map(at)).toEqual([7, 7, 0]);
  });

  test("that ends with a range of one address gives it to that address alone", () => {
    const { at } = look(partsOf([[0x0a01_ffff, 1, 7]]), "ranges");
    expect([0x0a01_fffe, 0x0a01_ffff, 0x0a02_0000].map(at)).toEqual([0, 7, 0]);
  });
});
