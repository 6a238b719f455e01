// The collector's account, in memory that both threads see, so that a worker that dies takes no count with it. Every
// record that was read from the ring is in exactly one of: invalid, dropped for a cause, kept; or it is still in the
// worker's hands, and lost when the worker is.
//
// Each word has one writer: the worker, the addon (`read`), or the main thread (`host`). An aligned 8-byte store is one
// store on the machines that this runs on, so a reader never sees half a number.

import { INVALID_KINDS, LATENCY_BOUNDS, PRIORITIES, SHED_CAUSES, SINKS } from "../../metrics/event-labels.ts";

/** First word and number of words of each group. Two-dimensional groups are row by row. */
const GROUPS = {
  // ---- Totals: they only grow, over all workers.
  read: 1,
  kept: PRIORITIES.length,
  shed: SHED_CAUSES.length * PRIORITIES.length,
  invalid: INVALID_KINDS.length,
  patterns: 16,
  unknownGeneration: 1,
  sinkOffered: SINKS.length,
  sinkDelivered: SINKS.length,
  sinkFailed: SINKS.length,
  sinkSkipped: SINKS.length,
  latency: LATENCY_BOUNDS.length + 1,
  latencySum: 1,
  // ---- What is: set by the worker while it lives.
  level: 1,
  rate: 1,
  depth: 1,
  watermark: 1,
  breaker: SINKS.length,
  aliveAtMs: 1,
  lastEventAtMs: 1,
  lagMs: 1,
  // ---- What the main thread tells the worker.
  hostCpuRatio: 1,
  hostLagMs: 1,
  hostMemory: 1,
  hostCpu: 1,
  hostFds: 1,
} as const;
type Group = keyof typeof GROUPS;

const entries = Object.entries(GROUPS) as [Group, number][];
/** First word of each group. */
export const AT = Object.fromEntries(
  entries.map(([name], index) => [name, entries.slice(0, index).reduce((sum, [, words]) => sum + words, 0)]),
) as Record<Group, number>;
const WORDS = entries.reduce((sum, [, words]) => sum + words, 0);

export type Counts = Float64Array<SharedArrayBuffer>;

export function createCounts(): Counts {
  return new Float64Array(new SharedArrayBuffer(8 * WORDS));
}

export function add(counts: Counts, at: number, amount = 1): void {
  counts[at] = counts[at]! + amount;
}

export function sumOf(counts: Counts, group: Group): number {
  let sum = 0;
  for (let i = 0; i < GROUPS[group]; i++) sum += counts[AT[group] + i]!;
  return sum;
}

/** Records that are in the account, whatever became of them. */
export function accounted(counts: Counts): number {
  return sumOf(counts, "kept") + sumOf(counts, "shed") + sumOf(counts, "invalid");
}

/** A dead worker has no state. Its last event and the rate that it went by stay what they are. */
export function clearState(counts: Counts): void {
  counts[AT.level] = 0;
  counts[AT.depth] = 0;
  counts[AT.watermark] = 0;
  counts[AT.lagMs] = 0;
  counts.fill(0, AT.breaker, AT.breaker + SINKS.length);
}

export function byName<const N extends readonly string[]>(
  counts: Counts,
  at: number,
  names: N,
): Record<N[number], number> {
  return Object.fromEntries(names.map((name, index) => [name, counts[at + index]!])) as Record<
    N[number],
    number
  >;
}
