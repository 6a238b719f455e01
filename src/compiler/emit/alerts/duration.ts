// Seconds to Prometheus' durations; the other way is src/ir/duration.ts.

import type { DurationText } from "../../../ir/site.ts";

const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
] as const;

/** In the largest unit that needs no fraction. */
export function durationOf(seconds: number): DurationText {
  for (const [unit, length] of UNITS)
    if (seconds > 0 && seconds % length === 0) return `${seconds / length}${unit}`;
  return `${seconds}s`;
}
