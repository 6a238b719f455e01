// What a scrape would bring, in two states: just too little for an alert, and just enough. The generated promtool tests
// switch between the two. Series are typed by the catalogue: a test cannot feed what nobody emits.

import { fullName, type LabelName, type LabelValue, type MetricNameOf } from "../../../metrics/catalogue.ts";
import type { TargetLabel } from "../../../metrics/query.ts";

/** `Quiet`: the alert must not fire. Counters: per second. null: no such series. */
export interface Levels {
  readonly quiet: number | null;
  readonly firing: number | null;
}

export interface Signal extends Levels {
  readonly kind: "counter" | "gauge";
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

type PlainLabels<N extends MetricNameOf<"counter" | "gauge" | "histogram">> = {
  readonly [L in LabelName<N>]: LabelValue<N, L>;
};

/** The target that tests scrape. `instance` tells nodes apart. */
const JOB = "pistonprotection-workers/pistonprotection-worker";
export const INSTANCE = "10.0.0.1:9090";

function target(instance: string): Readonly<Record<TargetLabel, string>> {
  return { job: JOB, instance };
}

export function gauge<N extends MetricNameOf<"gauge">>(
  name: N,
  labels: PlainLabels<N>,
  levels: Levels,
  instance = INSTANCE,
): Signal {
  return { kind: "gauge", name: fullName(name), labels: { ...labels, ...target(instance) }, ...levels };
}

export function counter<N extends MetricNameOf<"counter">>(
  name: N,
  labels: PlainLabels<N>,
  perSecond: Levels,
  instance = INSTANCE,
): Signal {
  return { kind: "counter", name: fullName(name), labels: { ...labels, ...target(instance) }, ...perSecond };
}

/** One observation a second, in the bucket with this upper bound; `bounds` are the metric's own. */
export function histogram<N extends MetricNameOf<"histogram">>(
  name: N,
  labels: PlainLabels<N>,
  bounds: readonly number[],
  bucket: { readonly quiet: number; readonly firing: number },
): Signal[] {
  return [...bounds, Number.POSITIVE_INFINITY].map((bound) => ({
    kind: "counter",
    name: `${fullName(name)}_bucket`,
    labels: { ...labels, ...target(INSTANCE), le: Number.isFinite(bound) ? String(bound) : "+Inf" },
    quiet: Number(bucket.quiet <= bound),
    firing: Number(bucket.firing <= bound),
  }));
}

/** Prometheus' own: whether the last scrape succeeded. */
export function upSignal(levels: Levels): Signal {
  return { kind: "gauge", name: "up", labels: target(INSTANCE), ...levels };
}

/** One part in a hundred to either side of a threshold. */
export function around(threshold: number, factor = 1): { readonly quiet: number; readonly firing: number } {
  return { quiet: exact(threshold * 0.99 * factor), firing: exact(threshold * 1.01 * factor) };
}

/** Without the tail of binary fractions: 0.7 * 3 is 2.1. */
export function exact(value: number): number {
  return Number(value.toPrecision(12));
}
