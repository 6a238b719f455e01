// Prometheus' durations and seconds.

import assert from "node:assert/strict";
import type { Duration } from "../../../metrics/query.ts";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

export function secondsOf(duration: Duration): number {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  assert(count !== undefined && unit !== undefined, `no duration with one unit: ${duration}`);
  return Number(count) * SECONDS[unit as keyof typeof SECONDS];
}

/** In the largest unit that needs no fraction. */
export function durationOf(seconds: number): Duration {
  for (const [unit, length] of [
    ["d", SECONDS.d],
    ["h", SECONDS.h],
    ["m", SECONDS.m],
  ] as const)
    if (seconds > 0 && seconds % length === 0) return `${seconds / length}${unit}`;
  return `${seconds}s`;
}
