// Durations of a site (`30s`, `5m`, `1h`, `7d`) to what their readers take.

import { strict as assert } from "node:assert";
import type { DurationText } from "../policy/index.ts";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

export function secondsOf(duration: DurationText): number {
  const found = /^([1-9]\d*)([smhd])$/.exec(duration);
  assert(found, `not a duration: ${duration}`);
  return Number(found[1]) * SECONDS[found[2] as keyof typeof SECONDS];
}

/** As Go and so most Kubernetes kinds read it: it has no days. Prometheus reads both. */
export function goDuration(duration: DurationText): string {
  return duration.endsWith("d") ? `${secondsOf(duration) / 3600}h` : duration;
}
