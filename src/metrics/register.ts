// Catalogue to prom-client: the only place that makes metrics. A name that is not in the catalogue, a missing label, one
// too many, or a value outside a label's list does not compile.

import assert from "node:assert/strict";
import { isDeepStrictEqual as isSame } from "node:util";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import {
  definitionOf,
  fullName,
  type Labels,
  labelNames,
  METRIC_NAMES,
  type MetricName,
  type MetricNameOf,
} from "./catalogue.ts";

/** One series and its value. */
export type Row<N extends MetricName> = readonly [labels: Labels<N>, value: number];

export interface TypedCounter<N extends MetricName> {
  /** `amount` is not negative. */
  inc(labels: Labels<N>, amount?: number): void;
  /** Takes over totals that are counted elsewhere (the kernel): series that are not among the rows disappear. */
  mirror(rows: Iterable<Row<N>>): void;
}

export interface TypedGauge<N extends MetricName> {
  set(labels: Labels<N>, value: number): void;
  remove(labels: Labels<N>): void;
  /** Series that are not among the rows disappear. */
  replace(rows: Iterable<Row<N>>): void;
}

/** A histogram that was counted elsewhere. */
export interface CountedBuckets {
  /** By the buckets of the catalogue, each one's own: not cumulative. */
  readonly counts: readonly number[];
  /** Above the last bucket. */
  readonly above: number;
  readonly sum: number;
}

export interface TypedHistogram<N extends MetricName> {
  observe(labels: Labels<N>, value: number): void;
  /** From now on the series is what was counted elsewhere. */
  mirror(labels: Labels<N>, counted: CountedBuckets): void;
}

/** prom-client keeps a histogram's series in a map of this shape, and has no way to set them. */
interface HistogramSeries {
  readonly labels: object;
  readonly bucketValues: Readonly<Record<number, number>>;
  readonly sum: number;
  readonly count: number;
}

/** Called before each exposition: the place to mirror the kernel's counters once, and not for each metric. */
export type Collector = () => void | Promise<void>;

export class MetricRegister {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #registered = new Set<MetricName>();
  readonly #collectors: Collector[] = [];

  constructor() {
    this.contentType = this.#registry.contentType;
  }

  counter<N extends MetricNameOf<"counter">>(name: N): TypedCounter<N> {
    const counter = new Counter<string>(this.#configuration(name));
    return {
      inc: (labels, amount = 1) => counter.inc({ ...labels }, amount),
      mirror: (rows) => {
        counter.reset();
        for (const [labels, total] of rows) counter.inc({ ...labels }, total);
      },
    };
  }

  gauge<N extends MetricNameOf<"gauge">>(name: N): TypedGauge<N> {
    const gauge = new Gauge<string>(this.#configuration(name));
    return {
      set: (labels, value) => gauge.set({ ...labels }, value),
      remove: (labels) => gauge.remove({ ...labels }),
      replace: (rows) => {
        gauge.reset();
        for (const [labels, value] of rows) gauge.set({ ...labels }, value);
      },
    };
  }

  histogram<N extends MetricNameOf<"histogram">>(name: N): TypedHistogram<N> {
    const buckets = [...(definitionOf(name).buckets ?? [])];
    const histogram = new Histogram<string>({ ...this.#configuration(name), buckets });
    return {
      observe: (labels, value) => histogram.observe({ ...labels }, value),
      mirror: (labels, { counts, above, sum }) => {
        histogram.zero({ ...labels });
        const { hashMap } = histogram as unknown as { hashMap: Record<string, HistogramSeries> };
        const key = Object.keys(hashMap).find((one) => isSame(hashMap[one]!.labels, labels));
        assert(key !== undefined, "prom-client has another way to keep a histogram's series");
        hashMap[key] = {
          labels: { ...labels },
          bucketValues: Object.fromEntries(buckets.map((bound, i) => [bound, counts[i] ?? 0])),
          sum,
          count: counts.reduce((total, count) => total + count, above),
        };
      },
    };
  }

  beforeExposition(collector: Collector): void {
    this.#collectors.push(collector);
  }

  /** Text of `/metrics`. */
  async exposition(): Promise<string> {
    for (const collect of this.#collectors) await collect();
    return this.#registry.metrics();
  }

  /** Metrics of the catalogue that nobody has registered: alerts on them would be silent for ever. */
  unregistered(): MetricName[] {
    return METRIC_NAMES.filter((name) => !this.#registered.has(name));
  }

  #configuration<N extends MetricName>(name: N) {
    // A second registration under one name throws in prom-client, naming the metric.
    const configuration = {
      name: fullName(name),
      help: definitionOf(name).help,
      labelNames: labelNames(name) as string[],
      registers: [this.#registry],
    };
    this.#registered.add(name);
    return configuration;
  }
}
