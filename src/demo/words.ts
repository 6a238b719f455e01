// Figures to words: the same ones wherever the demo speaks.

import type { Range } from "./expect.ts";

export function within(value: number, { least, most }: Range): boolean {
  return least <= value && value <= most;
}
export function mark(ok: boolean): string {
  return ok ? "ok" : "WRONG";
}
export function count(value: number): string {
  return value.toLocaleString("en-US");
}
export function range({ least, most }: Range): string {
  return least === most ? count(least) : `${count(least)}–${count(most)}`;
}

export function total(durationMs: unknown): number {
  if (typeof durationMs === "number") return durationMs;
  const stages = Object.entries((durationMs ?? {}) as Record<string, number>).filter(
    ([name]) => name !== "total",
  );
  return stages.reduce((sum, [, ms]) => sum + ms, 0);
}

export function describeDuration(durationMs: unknown): string {
  const stages = Object.entries((durationMs ?? {}) as Record<string, number>).filter(
    ([name]) => name !== "total",
  );
  return `${total(durationMs).toFixed(1)} ms (${stages.map(([name, ms]) => `${name} ${ms.toFixed(1)}`).join(", ")})`;
}
