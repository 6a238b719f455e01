import { expect, it } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

it("a duration is numbers with their units", () => {
  expect(["90s", "10m", "1h", "2d", "1h30m", "0.5s"].map(parseDuration)).toEqual([
    90, 600, 3600, 172_800, 5400, 0.5,
  ]);
});
it("what has no unit, no number or no length is none", () => {
  for (const text of ["", "10", "m", "-1m", "1 h", "1w", "0s", "1e3s"])
    expect(parseDuration(text)).toBeNull();
});
it("is shown in its two greatest units", () => {
  expect([1, 59, 60, 3661, 90_000, 0.2].map(formatDuration)).toEqual([
    "1 s",
    "59 s",
    "1 m",
    "1 h 1 m",
    "1 d 1 h",
    "1 s",
  ]);
});
