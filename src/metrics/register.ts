// Catalogue to prom-client: the only place that makes metrics. A name that is not in the catalogue, a missing label, one
// too many, or a value outside a label's list does not compile.

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

export interface TypedHistogram<N extends MetricName> {
  observe(labels: Labels<N>, value: number): void;
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
    const histogram = new Histogram<string>({
      ...this.#configuration(name),
      buckets: [...(definitionOf(name).buckets ?? [])],
    });
    return { observe: (labels, value) => histogram.observe({ ...labels }, value) };
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
