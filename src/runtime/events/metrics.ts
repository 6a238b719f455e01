// The collector's account to the metrics of the catalogue.

import {
  BREAKER_STATES,
  DROP_CAUSES,
  INVALID_KINDS,
  LATENCY_BOUNDS,
  PATTERNS,
  PERCENTILES,
  PRIORITIES,
  SINK_RESULTS,
  SINKS,
} from "../../metrics/event-labels.ts";
import type { MetricRegister } from "../../metrics/register.ts";
import { type EventStats, type Latency, quantile } from "./stats.ts";

/** `recent`: the latency of the last minute. */
export function eventMetrics(register: MetricRegister): (stats: EventStats, recent: Latency) => void {
  const submitted = register.counter("events_submitted_total");
  const processed = register.counter("events_processed_total");
  const dropped = register.counter("events_dropped_total");
  const patterns = register.counter("event_patterns_total");
  const errors = register.counter("event_errors_total");
  const seconds = register.histogram("event_processing_duration_seconds");
  const percentiles = register.gauge("event_processing_percentile_seconds");
  const depth = register.gauge("event_queue_depth");
  const capacity = register.gauge("event_queue_capacity");
  const backpressure = register.gauge("event_backpressure_active");
  const level = register.gauge("degradation_level");
  const rate = register.gauge("event_rate_limit_per_second");
  const breaker = register.gauge("circuit_breaker_state");
  const deliveries = register.counter("event_sink_events_total");
  const restarts = register.counter("event_worker_restarts_total");
  const lastEvent = register.gauge("last_event_timestamp_seconds");
  return (stats, recent) => {
    submitted.mirror([[{}, stats.submitted]]);
    processed.mirror(PRIORITIES.map((priority) => [{ priority }, stats.keptByPriority[priority]]));
    dropped.mirror(DROP_CAUSES.map((cause) => [{ cause }, stats.dropped[cause]]));
    patterns.mirror(PATTERNS.map((pattern) => [{ pattern }, stats.patterns[pattern]]));
    errors.mirror([
      ...INVALID_KINDS.map((kind) => [{ type: `invalid-${kind}` }, stats.invalid[kind]] as const),
      ...SINKS.map((sink) => [{ type: `sink-${sink}` }, stats.sinks[sink]?.failed ?? 0] as const),
      [{ type: "unknown-generation" }, stats.unknownGeneration],
      [{ type: "worker-crash" }, stats.workerCrashes],
    ]);
    seconds.mirror(
      {},
      {
        counts: stats.latency.counts.slice(0, LATENCY_BOUNDS.length),
        above: stats.latency.counts.at(-1)!,
        sum: stats.latency.sumSeconds,
      },
    );
    percentiles.replace(
      PERCENTILES.map(
        (percentile) => [{ percentile }, quantile(recent, Number(percentile.slice(1)) / 100)] as const,
      ).filter(([, value]) => !Number.isNaN(value)),
    );
    depth.set({}, stats.queueDepth);
    capacity.set({}, stats.queueCapacity);
    backpressure.set({}, Number(stats.backpressure));
    level.set({}, stats.level);
    rate.set({}, stats.ratePerSecond);
    const configured = SINKS.flatMap((sink) => {
      const one = stats.sinks[sink];
      return one ? [{ sink, ...one }] : [];
    });
    breaker.replace(
      configured.map(({ sink, breaker: state }) => [
        { sink },
        BREAKER_STATES.indexOf(state) / (BREAKER_STATES.length - 1),
      ]),
    );
    deliveries.mirror(
      configured.flatMap(({ sink, ...one }) =>
        SINK_RESULTS.map((result) => [{ sink, result }, one[result]] as const),
      ),
    );
    restarts.mirror([[{}, stats.workerRestarts]]);
    if (stats.lastEventAtMs !== null) lastEvent.set({}, stats.lastEventAtMs / 1000);
  };
}
