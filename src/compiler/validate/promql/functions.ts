// PromQL's functions: what they take and give. https://prometheus.io/docs/prometheus/latest/querying/functions/

export type ValueType = "scalar" | "vector" | "matrix" | "string";

export interface Signature {
  readonly takes: readonly ValueType[];
  /** How many of the last arguments may be missing; -1: the last may be repeated. */
  readonly optional: number;
  readonly gives: ValueType;
}

const of = (takes: readonly ValueType[], gives: ValueType = "vector", optional = 0): Signature => ({
  takes,
  optional,
  gives,
});

const OVER_TIME = of(["matrix"]);
const EACH = of(["vector"]);
const DATE = of(["vector"], "vector", 1);

export const FUNCTIONS: Readonly<Record<string, Signature>> = {
  ...named("absent abs ceil exp floor ln log2 log10 sgn sort sort_desc sqrt timestamp deg rad", EACH),
  ...named("acos acosh asin asinh atan atanh cos cosh sin sinh tan tanh", EACH),
  ...named("histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar", EACH),
  ...named("day_of_month day_of_week day_of_year days_in_month hour minute month year", DATE),
  ...named("rate irate increase delta idelta deriv changes resets absent_over_time", OVER_TIME),
  ...named("avg_over_time min_over_time max_over_time sum_over_time count_over_time", OVER_TIME),
  ...named("stddev_over_time stdvar_over_time last_over_time present_over_time", OVER_TIME),
  clamp: of(["vector", "scalar", "scalar"]),
  clamp_max: of(["vector", "scalar"]),
  clamp_min: of(["vector", "scalar"]),
  histogram_fraction: of(["scalar", "scalar", "vector"]),
  histogram_quantile: of(["scalar", "vector"]),
  holt_winters: of(["matrix", "scalar", "scalar"]),
  label_join: of(["vector", "string", "string", "string"], "vector", -1),
  label_replace: of(["vector", "string", "string", "string", "string"]),
  pi: of([], "scalar"),
  predict_linear: of(["matrix", "scalar"]),
  quantile_over_time: of(["scalar", "matrix"]),
  round: of(["vector", "scalar"], "vector", 1),
  scalar: of(["vector"], "scalar"),
  time: of([], "scalar"),
  vector: of(["scalar"]),
};

function named(names: string, signature: Signature): Record<string, Signature> {
  return Object.fromEntries(names.split(" ").map((name) => [name, signature]));
}

/** Aggregations that take something before the vector. */
export const AGGREGATION_PARAMETER: Readonly<Record<string, ValueType>> = {
  topk: "scalar",
  bottomk: "scalar",
  quantile: "scalar",
  count_values: "string",
};
