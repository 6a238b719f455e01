// PromQL text from typed parts: alerts and dashboards name metrics and labels only through here. A metric that is not in
// the catalogue, a label that it does not have, a value outside the label's list, a rate of a gauge, or a division of
// vectors with different labels (which PromQL answers with nothing) does not compile.

import assert from "node:assert/strict";
import {
  definitionOf,
  fullName,
  type LabelName,
  type LabelValue,
  labelNames,
  type MetricName,
  type MetricNameOf,
} from "./catalogue.ts";

/** Labels that every scraped series has besides the metric's own. Prometheus adds them, with or without Kubernetes. */
export const TARGET_LABELS = ["job", "instance"] as const;
export type TargetLabel = (typeof TARGET_LABELS)[number];

export type Duration = `${number}${"s" | "m" | "h" | "d"}` | "$__rate_interval" | "$__range";

/** An instant vector whose series have the labels L. */
export interface Vector<L extends string> {
  readonly text: string;
  readonly labels: readonly L[];
  /** A binary operation on top: stands in brackets where it is an operand. */
  readonly binary: boolean;
}

/** A vector that is one metric's series as they stand; the only thing that has a rate. */
export interface Selector<N extends MetricName> extends Vector<LabelName<N> | TargetLabel> {
  readonly metric: N;
}

export interface Matcher<V extends string> {
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: V;
}
export type Matchers<N extends MetricName> = {
  readonly [L in LabelName<N>]?: LabelValue<N, L> | Matcher<LabelValue<N, L>> | Matcher<Pattern>;
} & { readonly [L in TargetLabel]?: Matcher<Pattern> };

declare const pattern: unique symbol;
type Pattern = string & { readonly [pattern]: true };

export function not<const V extends string>(value: V): Matcher<V> {
  return { operator: "!=", value };
}
/** RE2 text, anchored at both ends by Prometheus. Grafana variables are written `$name`. */
export function matching(expression: string): Matcher<Pattern> {
  return { operator: "=~", value: expression as Pattern };
}
export function anyOf<const V extends string>(...values: V[]): Matcher<V> {
  // The values are those of the label's list, joined: typed as one of them, so that a wrong one does not compile.
  return { operator: "=~", value: values.map(escapePattern).join("|") as V };
}

export function noneOf<const V extends string>(...values: V[]): Matcher<V> {
  return { ...anyOf(...values), operator: "!~" };
}

type Plain = MetricNameOf<"counter" | "gauge">;

/** Histograms have no series of their own name: see `quantile`. */
export function metric<N extends Plain>(name: N, matchers: Matchers<N> = {}): Selector<N> {
  return {
    metric: name,
    text: `${fullName(name)}${matcherText(matchers)}`,
    labels: [...labelNames(name), ...TARGET_LABELS],
    binary: false,
  };
}

/** `up` is Prometheus' own: 1 where the last scrape of a target succeeded. */
export function up(job: string): Vector<TargetLabel> {
  return { text: `up{job=~${quote(job)}}`, labels: TARGET_LABELS, binary: false };
}

export function rate<N extends MetricNameOf<"counter">>(
  selector: Selector<N>,
  window: Duration,
): Vector<LabelName<N> | TargetLabel> {
  return vector(`rate(${selector.text}[${window}])`, selector.labels);
}
export function increase<N extends MetricNameOf<"counter">>(
  selector: Selector<N>,
  window: Duration,
): Vector<LabelName<N> | TargetLabel> {
  return vector(`increase(${selector.text}[${window}])`, selector.labels);
}

/** Quantile 0..1 of a histogram. */
export function quantile<N extends MetricNameOf<"histogram">, const K extends LabelName<N> | TargetLabel>(
  q: number,
  name: N,
  matchers: Matchers<N>,
  window: Duration,
  by: readonly K[],
): Vector<K> {
  const buckets = `rate(${fullName(name)}_bucket${matcherText(matchers)}[${window}])`;
  return vector(`histogram_quantile(${q}, sum by (${["le", ...by].join(", ")}) (${buckets}))`, by);
}

// ---- Recording rules -------------------------------------------------------------------------------------------------

/** An expression that Prometheus evaluates ahead, and stores under a name: `level:metric:operation`. */
export interface Recording<L extends string> {
  readonly record: `${string}:${string}:${string}`;
  readonly expression: Vector<L>;
}

/** What a recording rule has stored. Its series have the labels of the rule's expression, and no target labels. */
export function recorded<L extends string>(
  { record, expression }: Recording<L>,
  matchers: { readonly [K in L]?: string | Matcher<string> } = {},
): RecordedVector<L> {
  return { ...vector(`${record}${matcherText(matchers)}`, expression.labels), recorded: true };
}
export interface RecordedVector<L extends string> extends Vector<L> {
  readonly recorded: true;
}

/** Sum of all values that were recorded in the window. */
export function sumOverTime<L extends string>(of: RecordedVector<L>, window: Duration): Vector<L> {
  return vector(`sum_over_time(${of.text}[${window}])`, of.labels);
}

/** Observations of a histogram each second: the requests of a histogram of their latencies. */
export function requests<N extends MetricNameOf<"histogram">>(
  name: N,
  matchers: Matchers<N>,
  window: Duration,
): Vector<LabelName<N> | TargetLabel> {
  return vector(`rate(${fullName(name)}_count${matcherText(matchers)}[${window}])`, [
    ...labelNames(name),
    ...TARGET_LABELS,
  ]);
}

type Aggregation = "sum" | "max" | "min" | "count";
function aggregate<K extends string>(
  operation: Aggregation,
  of: Vector<string>,
  by: readonly K[],
): Vector<K> {
  const grouping = by.length > 0 ? ` by (${by.join(", ")}) ` : "";
  return vector(`${operation}${grouping}(${of.text})`, by);
}
export function sumBy<L extends string, const K extends L>(by: readonly K[], of: Vector<L>): Vector<K> {
  return aggregate("sum", of, by);
}
export function maxBy<L extends string, const K extends L>(by: readonly K[], of: Vector<L>): Vector<K> {
  return aggregate("max", of, by);
}
export function minBy<L extends string, const K extends L>(by: readonly K[], of: Vector<L>): Vector<K> {
  return aggregate("min", of, by);
}
export function countBy<L extends string, const K extends L>(by: readonly K[], of: Vector<L>): Vector<K> {
  return aggregate("count", of, by);
}

/** The series with the highest values. */
export function topK<L extends string>(count: number, of: Vector<L>): Vector<L> {
  return vector(`topk(${count}, ${of.text})`, of.labels);
}

/** 1 where the vector is empty; has no labels of its own. */
export function absent(of: Vector<string>): Vector<never> {
  return vector(`absent(${of.text})`, []);
}

type Same<L extends string, M extends string> = [L] extends [M] ? ([M] extends [L] ? M : never) : never;

/** Series divide series of equal labels. */
export function divide<L extends string, M extends string>(
  dividend: Vector<L>,
  divisor: Vector<M> & Vector<Same<L, M>>,
): Vector<L> {
  assert.deepEqual([...dividend.labels].sort(), [...divisor.labels].sort(), "division of unlike vectors");
  return operation(`${operand(dividend)} / ${operand(divisor)}`, dividend.labels);
}
/** Series that both have; a series that one of them lacks is lost. */
export function plus<L extends string, M extends string>(
  one: Vector<L>,
  other: Vector<M> & Vector<Same<L, M>>,
): Vector<L> {
  assert.deepEqual([...one.labels].sort(), [...other.labels].sort(), "sum of unlike vectors");
  return operation(`${operand(one)} + ${operand(other)}`, one.labels);
}
/** Series of the first that the second has too. */
export function and<L extends string, M extends string>(
  one: Vector<L>,
  other: Vector<M> & Vector<Same<L, M>>,
): Vector<L> {
  assert.deepEqual([...one.labels].sort(), [...other.labels].sort(), "intersection of unlike vectors");
  return operation(`${operand(one)} and ${operand(other)}`, one.labels);
}
/** What is missing to one, of a ratio. */
export function complement<L extends string>(of: Vector<L>): Vector<L> {
  return operation(`1 - ${operand(of)}`, of.labels);
}
export function times<L extends string>(of: Vector<L>, factor: number): Vector<L> {
  return operation(`${operand(of)} * ${factor}`, of.labels);
}
/** Current time less the value, in seconds: the age of a timestamp. */
export function age<L extends string>(of: Vector<L>): Vector<L> {
  return operation(`time() - ${operand(of)}`, of.labels);
}
export function compare<L extends string>(
  of: Vector<L>,
  operator: ">" | ">=" | "<" | "<=" | "==" | "!=",
  threshold: number,
): Vector<L> {
  return operation(`${operand(of)} ${operator} ${threshold}`, of.labels);
}

/** Every metric that a dashboard variable may list: `label_values(metric, label)` of Grafana. */
export function labelValues<N extends Plain>(name: N, label: LabelName<N>): string {
  return `label_values(${fullName(name)}, ${label})`;
}

function vector<L extends string>(text: string, labels: readonly L[]): Vector<L> {
  return { text, labels, binary: false };
}
function operation<L extends string>(text: string, labels: readonly L[]): Vector<L> {
  return { text, labels, binary: true };
}
function operand(of: Vector<string>): string {
  return of.binary ? `(${of.text})` : of.text;
}

function matcherText(matchers: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(matchers)
    .filter(([, matcher]) => matcher !== undefined)
    .map(([label, matcher]) => {
      if (typeof matcher === "string") return `${label}=${quote(matcher)}`;
      const { operator, value } = matcher as Matcher<string>;
      return `${label}${operator}${quote(value)}`;
    });
  return parts.length > 0 ? `{${parts.join(", ")}}` : "";
}

/** PromQL strings have the escapes of Go, of which JSON's are a part. */
function quote(text: string): string {
  return JSON.stringify(text);
}
function escapePattern(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}

/** For messages and checks: what a selector of the metric may carry. */
export function queryableLabels(name: MetricName): readonly string[] {
  const own: string[] = [...labelNames(name), ...TARGET_LABELS];
  return definitionOf(name).type === "histogram" ? [...own, "le"] : own;
}
