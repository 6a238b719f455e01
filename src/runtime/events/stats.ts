// The shared account to what people and metrics ask of it. Exact at every moment: submitted is what the kernel wanted to
// sample since the collector began, and each of these is in one place.

import { SAMPLE, SAMPLE_STATE } from "../../bundle/abi.ts";
import {
  BREAKER_STATES,
  type BreakerState,
  type DropCause,
  INVALID_KINDS,
  type InvalidKind,
  LATENCY_BOUNDS,
  PATTERNS,
  type Pattern,
  PRIORITIES,
  type Priority,
  SHED_CAUSES,
  type ShedCause,
  SINKS,
  type SinkName,
} from "../../metrics/event-labels.ts";
import { AT, byName, type Counts, sumOf } from "./counts.ts";
import type { DegradationLevel } from "./degradation.ts";

/** Bytes of the ring buffer that one sample takes, with the kernel's header. */
export const RING_RECORD_BYTES = Math.ceil((SAMPLE.bytes + 8) / 8) * 8;

/** struct sample_state, summed over the CPUs: since the fleet's beginning. */
export interface SampleTotals {
  readonly taken: number;
  readonly suppressed: number;
  readonly lost: number;
}

/** One value of the per-CPU map: every CPU's struct side by side. */
export function sampleTotals(value: Uint8Array): SampleTotals {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const totals = { taken: 0, suppressed: 0, lost: 0 };
  for (let at = 0; at < value.length; at += SAMPLE_STATE.bytes) {
    totals.taken += Number(view.getBigUint64(at + SAMPLE_STATE.taken, true));
    totals.suppressed += Number(view.getBigUint64(at + SAMPLE_STATE.suppressed, true));
    totals.lost += Number(view.getBigUint64(at + SAMPLE_STATE.lost, true));
  }
  return totals;
}

export interface SinkStats {
  readonly offered: number;
  readonly delivered: number;
  readonly failed: number;
  /** Not tried: the breaker was open. */
  readonly skipped: number;
  /** In delivery when the worker crashed. */
  readonly lost: number;
  readonly breaker: BreakerState;
}

export interface Latency {
  /** Events by LATENCY_BOUNDS, and those above the last. Not cumulative. */
  readonly counts: readonly number[];
  readonly sumSeconds: number;
}

export interface EventStats {
  /** What the kernel wanted to sample: kept + dropped + waiting. */
  readonly submitted: number;
  readonly kept: number;
  readonly dropped: Readonly<Record<DropCause, number>>;
  /** In the ring buffer, or in the worker's hands and queue. */
  readonly waiting: number;
  /** Read from the ring buffer. */
  readonly read: number;
  readonly keptByPriority: Readonly<Record<Priority, number>>;
  readonly shedByPriority: Readonly<Record<ShedCause, Readonly<Record<Priority, number>>>>;
  readonly invalid: Readonly<Record<InvalidKind, number>>;
  readonly patterns: Readonly<Record<Pattern, number>>;
  /** Kept all the same: of a program that the agent did not put in charge. */
  readonly unknownGeneration: number;
  /** Those that are configured. */
  readonly sinks: Readonly<Partial<Record<SinkName, SinkStats>>>;
  readonly level: DegradationLevel;
  readonly ratePerSecond: number;
  readonly queueDepth: number;
  readonly queueCapacity: number;
  readonly backpressure: boolean;
  readonly lagMs: number;
  /** Milliseconds since 1970; null before the first. */
  readonly lastEventAtMs: number | null;
  readonly latency: Latency;
  readonly workerCrashes: number;
  readonly workerRestarts: number;
  readonly workerRunning: boolean;
}

/** What the main thread knows besides the shared account. */
export interface HostSide {
  /** Since the collector began. */
  readonly suppressed: number;
  readonly ringFull: number;
  /** Records written to the ring since the collector began. */
  readonly written: number;
  readonly lost: number;
  readonly sinkLost: readonly number[];
  readonly sinks: readonly SinkName[];
  readonly queueCapacity: number;
  readonly crashes: number;
  readonly restarts: number;
  readonly running: boolean;
}

export function statsOf(counts: Counts, host: HostSide): EventStats {
  const at = <N extends readonly string[]>(first: number, names: N) => byName(counts, first, names);
  const shedByPriority = Object.fromEntries(
    SHED_CAUSES.map((cause, row) => [cause, at(AT.shed + row * PRIORITIES.length, PRIORITIES)]),
  ) as EventStats["shedByPriority"];
  const shed = Object.fromEntries(
    SHED_CAUSES.map((cause) => [cause, Object.values(shedByPriority[cause]).reduce((a, b) => a + b, 0)]),
  ) as Record<ShedCause, number>;
  const read = counts[AT.read]!;
  const kept = sumOf(counts, "kept");
  const dropped: Record<DropCause, number> = {
    "kernel-rate": host.suppressed,
    "ring-full": host.ringFull,
    invalid: sumOf(counts, "invalid"),
    ...shed,
    "worker-lost": host.lost,
  };
  const submitted = host.written + host.suppressed + host.ringFull;
  const lastEventAtMs = counts[AT.lastEventAtMs]!;
  return {
    submitted,
    kept,
    dropped,
    waiting: submitted - kept - Object.values(dropped).reduce((a, b) => a + b, 0),
    read,
    keptByPriority: at(AT.kept, PRIORITIES),
    shedByPriority,
    invalid: at(AT.invalid, INVALID_KINDS),
    patterns: at(AT.patterns, PATTERNS),
    unknownGeneration: counts[AT.unknownGeneration]!,
    sinks: Object.fromEntries(host.sinks.map((name) => [name, sinkStats(counts, name, host)])),
    level: counts[AT.level] as DegradationLevel,
    ratePerSecond: counts[AT.rate]!,
    queueDepth: counts[AT.depth]!,
    queueCapacity: host.queueCapacity,
    backpressure: counts[AT.watermark] === 1,
    lagMs: counts[AT.lagMs]!,
    lastEventAtMs: lastEventAtMs === 0 ? null : lastEventAtMs,
    latency: latencyOf(counts),
    workerCrashes: host.crashes,
    workerRestarts: host.restarts,
    workerRunning: host.running,
  };
}

function sinkStats(counts: Counts, name: SinkName, host: HostSide): SinkStats {
  const index = SINKS.indexOf(name);
  return {
    offered: counts[AT.sinkOffered + index]!,
    delivered: counts[AT.sinkDelivered + index]!,
    failed: counts[AT.sinkFailed + index]!,
    skipped: counts[AT.sinkSkipped + index]!,
    lost: host.sinkLost[index]!,
    breaker: BREAKER_STATES[counts[AT.breaker + index]!] ?? "closed",
  };
}

function latencyOf(counts: Counts): Latency {
  return {
    counts: Array.from({ length: LATENCY_BOUNDS.length + 1 }, (_, i) => counts[AT.latency + i]!),
    sumSeconds: counts[AT.latencySum]!,
  };
}

/** As histogram_quantile() reckons: evenly within a bucket; of the last one, its lower bound. NaN where there is none. */
export function quantile(latency: Latency, q: number): number {
  const total = latency.counts.reduce((a, b) => a + b, 0);
  if (total === 0) return Number.NaN;
  let rank = q * total;
  for (const [i, count] of latency.counts.entries()) {
    if (rank > count || count === 0) {
      rank -= count;
      continue;
    }
    const lower = i === 0 ? 0 : LATENCY_BOUNDS[i - 1]!;
    const upper = LATENCY_BOUNDS[i] ?? lower;
    return lower + (upper - lower) * (rank / count);
  }
  return LATENCY_BOUNDS.at(-1)!;
}

/** What came between two readings. */
export function latencySince(now: Latency, before: Latency): Latency {
  return {
    counts: now.counts.map((count, i) => count - before.counts[i]!),
    sumSeconds: now.sumSeconds - before.sumSeconds,
  };
}
