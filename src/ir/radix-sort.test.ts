import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { radixSort } from "./radix-sort.ts";

const keysOf = (...keys: number[]) => Uint32Array.from(keys);
const places = (count: number) => Uint32Array.from({ length: count }, (_, i) => i);

describe("radixSort", () => {
  it("orders keys as unsigned numbers, the ends among them", () => {
    const { keys, values } = radixSort(keysOf(0xffff_ffff, 0x8000_0000, 0, 0x7fff_ffff, 1), places(5));
    expect([...keys]).toEqual([0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]);
    expect([...values]).toEqual([2, 4, 3, 1, 0]);
  });

  it("leaves values of one key in their order", () => {
    const { values } = radixSort(keysOf(7, 3, 7, 3, 7), places(5));
    expect([...values]).toEqual([1, 3, 0, 2, 4]);
  });

  it("tells keys apart by every one of their digits", () => {
    const keys = [1 << 10, 1 << 11, 1 << 21, 1 << 22, 2 ** 31, 1, 2 ** 31 + 1];
    expect([...radixSort(keysOf(...keys), places(7)).keys]).toEqual(keys.toSorted((a, b) => a - b));
  });

  it("takes none and one", () => {
    expect(radixSort(keysOf(), places(0)).keys).toHaveLength(0);
    expect([...radixSort(keysOf(9), keysOf(4)).values]).toEqual([4]);
  });

  it("agrees with a sort by comparison", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff_ffff)), (list) => {
        const { keys, values } = radixSort(keysOf(...list), places(list.length));
        expect([...keys]).toEqual(list.toSorted((a, b) => a - b));
        expect([...values].map((place) => list[place])).toEqual([...keys]);
      }),
    );
  });
});
