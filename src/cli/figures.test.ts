import { describe, expect, it } from "vitest";
import { percent, shortNumber } from "./figures.ts";

describe("a number for people", () => {
  it.each([
    [0, "0"],
    [0.4, "0.4"],
    [12.4, "12"],
    [9_999, "9,999"],
    [10_000, "10.0 k"],
    [99_940, "99.9 k"],
    [99_960, "100 k"],
    [999_400, "999 k"],
    [999_600, "1.00 M"],
    [7_500_000, "7.50 M"],
    [12_345_678_901, "12.3 G"],
  ])("%d is %s", (value, text) => expect(shortNumber(value)).toBe(text));
});

describe("a share for people", () => {
  it.each([
    [0, 10, "0 %"],
    [1, 0, "0 %"],
    [1, 100_000, "< 0.1 %"],
    [1, 250, "0.4 %"],
    [92, 100, "92 %"],
    [9_999, 10_000, "99 %"],
    [10, 10, "100 %"],
  ])("%d of %d is %s", (part, whole, text) => expect(percent(part, whole)).toBe(text));
});
