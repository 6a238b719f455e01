import { describe, expect, it } from "vitest";
import { Pressure, thresholds } from "./pressure.ts";

describe("pressure", () => {
  it("has its levels at 80 %, 90 % and 95 % where the warning is at 80 %", () => {
    expect(thresholds(0.8).map((ratio) => ratio.toFixed(4))).toEqual(["0.8000", "0.9000", "0.9500"]);
  });

  it.each([
    [0.799, 0],
    [0.8, 1],
    [0.899, 1],
    [0.901, 2],
    [0.949, 2],
    [0.951, 3],
    [7, 3],
  ])("at %d is %d", (ratio, level) => {
    expect(new Pressure(0.8).observe(ratio)).toBe(level);
  });

  it("rises at once, over several levels too", () => {
    const pressure = new Pressure(0.8);
    expect([pressure.observe(0.1), pressure.observe(1)]).toEqual([0, 3]);
  });

  it("falls by one level after three readings that are clearly lower", () => {
    const pressure = new Pressure(0.8);
    pressure.observe(1);
    const levels = Array.from({ length: 9 }, () => pressure.observe(0.1));
    expect(levels).toEqual([3, 3, 2, 2, 2, 1, 1, 1, 0]);
  });

  it("does not flutter around a threshold", () => {
    const pressure = new Pressure(0.8);
    pressure.observe(0.81);
    for (let i = 0; i < 20; i++) expect(pressure.observe(i % 2 === 0 ? 0.79 : 0.81)).toBe(1);
    for (let i = 0; i < 20; i++) expect(pressure.observe(0.73)).toBe(1); // below 0.8, and not below 0.72
  });

  it("begins to count anew where a reading in between is higher", () => {
    const pressure = new Pressure(0.8);
    const ratios = [0.85, 0.1, 0.1, 0.78, 0.1, 0.1];
    for (const ratio of ratios) expect(pressure.observe(ratio)).toBe(1);
    expect(pressure.observe(0.1)).toBe(0);
  });
});
