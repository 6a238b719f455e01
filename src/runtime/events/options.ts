// What the collector is told: the sections `events` and `sinks` of the agent's configuration, and times that only tests
// change.

import type { AgentConfig } from "../config/config.generated.ts";

export interface RateLimitOptions {
  readonly perSecond: number;
  readonly burst: number;
  readonly adaptive: boolean;
  readonly minPerSecond: number;
  readonly maxPerSecond: number;
}

export interface BackpressureOptions {
  /** Shares of the queue's size. */
  readonly highRatio: number;
  readonly lowRatio: number;
  readonly timeoutSeconds: number;
}

export interface CircuitBreakerOptions {
  readonly failureRatio: number;
  readonly openSeconds: number;
  readonly halfOpenTrials: number;
}

export interface EventOptions {
  readonly enabled: boolean;
  /** Events that wait for sinks, at most. */
  readonly bufferSize: number;
  /** Events that sinks get at once, at most. */
  readonly batchSize: number;
  /** Between two looks at the ring buffer, at most. */
  readonly intervalMs: number;
  readonly rateLimit: RateLimitOptions;
  readonly backpressure: BackpressureOptions;
  readonly circuitBreaker: CircuitBreakerOptions;
}

export interface SinkOptions {
  readonly jsonLog: boolean;
  readonly statsd: { readonly address: string; readonly prefix: string } | null;
  readonly otel: { readonly endpoint: string } | null;
  readonly topK: { readonly size: number };
}

export interface Timing {
  /** A sink that takes longer for a batch has failed. */
  readonly sinkTimeoutMs: number;
  /** Between two looks at load: rate, level, breakers. */
  readonly controlMs: number;
  /** Pressure must be lower for so long before the degradation level falls by one. */
  readonly recoverMs: number;
  /** Above it the event loop is late enough to slow down; ten times that, to degrade. */
  readonly lagMs: number;
  /** A worker that has shown no sign of life for so long is replaced. */
  readonly hungMs: number;
  /** Before a crashed worker is started again: first, and longest. */
  readonly restartMs: number;
  readonly restartMaxMs: number;
  /** Samples of a generation that is not known yet may come so long: the kernel knows of a commit first. */
  readonly foreignGraceMs: number;
  /** A dropped share above DROP_SHARE within the last so many milliseconds is a degraded component. */
  readonly dropWindowMs: number;
}

export interface CollectorOptions {
  readonly events: EventOptions;
  readonly sinks: SinkOptions;
  readonly timing: Timing;
  /** Heap of the worker, without what its sinks need. */
  readonly heapMiB: number;
}

/** The agent's configuration as the collector takes it. */
export function collectorOptions({
  events,
  sinks,
  retry,
}: Pick<AgentConfig, "events" | "sinks" | "retry">): CollectorOptions {
  const timing = { ...DEFAULT_COLLECTOR.timing, restartMs: retry.initialMs, restartMaxMs: retry.maxMs };
  return { events, sinks, timing, heapMiB: DEFAULT_COLLECTOR.heapMiB };
}

/** The document's numbers, as src/runtime/config has them too. */
export const DEFAULT_COLLECTOR: CollectorOptions = {
  events: {
    enabled: true,
    bufferSize: 10_000,
    batchSize: 100,
    intervalMs: 100,
    rateLimit: {
      perSecond: 10_000,
      burst: 20_000,
      adaptive: true,
      minPerSecond: 1_000,
      maxPerSecond: 50_000,
    },
    backpressure: { highRatio: 0.8, lowRatio: 0.2, timeoutSeconds: 300 },
    circuitBreaker: { failureRatio: 0.5, openSeconds: 30, halfOpenTrials: 10 },
  },
  sinks: { jsonLog: false, statsd: null, otel: null, topK: { size: 20 } },
  timing: {
    sinkTimeoutMs: 2_000,
    controlMs: 1_000,
    recoverMs: 5_000,
    lagMs: 100,
    hungMs: 30_000,
    restartMs: 1_000,
    restartMaxMs: 30_000,
    foreignGraceMs: 5_000,
    dropWindowMs: 10_000,
  },
  heapMiB: 16,
};
