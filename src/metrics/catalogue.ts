// The one list of metrics: name, type, unit, help and labels. The agent registers its metrics from it (register.ts),
// alerts and dashboards name metrics only through it (query.ts), so a query for what nobody emits does not compile.
//
// Choice of labels. A packet is in exactly one series of `reason_packets_total`, so sums over it are traffic. What a
// rule did stands in `rule_packets_total`, where one packet may count for several rules (limits stack, shadow rules go
// on): sums over it are not traffic. `traffic_*_total` and `packets_dropped_total` carry the same labels, the fleet
// alone, because PromQL divides only series whose labels are equal, and "dropped / traffic" must work as it is written.

import { REASONS, VERDICTS } from "../bundle/abi.ts";
import {
  DROP_CAUSES,
  ERROR_TYPES,
  LATENCY_BOUNDS,
  PATTERNS,
  PERCENTILES,
  PRIORITIES,
  SINK_RESULTS,
  SINKS,
} from "./event-labels.ts";

export const PREFIX = "pistonprotection_";

/** Label value where a rule belongs to no backend. Prometheus takes an empty value for a missing label. */
export const NO_BACKEND = "none";

const OUTCOMES = ["decided", "exceeded", "conformed", "blocked"] as const;
export const ACTIONS = ["pass", "drop", "limit"] as const;
const MODES = ["enforce", "shadow"] as const;
const ATTACH_MODES = ["native", "generic"] as const;
export const SWAP_RESULTS = ["committed", "refused", "failed", "rolled-back"] as const;
/** What the agent looks at in its environment, before start and then every few minutes. */
export const SECURITY_CHECKS = [
  "program",
  "security-modules",
  "container",
  "unprivileged-bpf",
  "open-files",
  "locked-memory",
  "memory",
  "kernel",
  "jit",
  "capabilities",
  "bpffs",
  "pin-path",
  "bundle-path",
] as const;
/** What the agent vouches for: newest bundle readable and verified; a generation serves; all interfaces attached; events are kept; and so on. */
export const COMPONENTS = [
  "bundle",
  "program",
  "interfaces",
  "pins",
  "backends",
  "drift",
  "tls",
  "config",
  "security",
  "events",
  "resources",
] as const;
export const BACKEND_STATUSES = ["healthy", "degraded", "unhealthy"] as const;
export const DRIFT_STATES = ["unknown", "in-sync", "behind", "kernel-differs"] as const;
export const DRIFT_RESULTS = ["clean", "mended", "differs", "failed"] as const;
/** Of what the agent made in the kernel, what a drift check compares. */
export const DRIFT_PARTS = [
  "link",
  "program",
  "table",
  "constants",
  "state",
  "journal",
  "slots",
  "blocks",
] as const;
/** Of the agent's own HTTP API: what it answers, and no path that somebody made up. */
export const API_ROUTES = [
  "/metrics",
  "/healthz",
  "/readyz",
  "/health",
  "/internal/status",
  "/internal/stats",
  "/internal/sync-rules",
  "/internal/gc-maps",
  "/internal/check-drift",
  "/internal/rollback",
  "/internal/block",
  "/internal/unblock",
  "/internal/blocks",
  "other",
] as const;
export const API_METHODS = ["GET", "HEAD", "POST", "other"] as const;
export const STATUS_CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/** What the agent has limits for. */
export const RESOURCES = ["memory", "cpu", "fds"] as const;

/**
 * What a label's values may be where they are not listed: names that policies give, or that the node has few of. There is
 * no domain of addresses, ports or packets, so no metric can have such a label; and a plain string is no value of a
 * domain (`bounded()`), so that none gets in by another label's name.
 */
export type Domain =
  | "fleet"
  | "policy"
  | "rule"
  | "backend"
  | "interface"
  | "map"
  | "generation"
  | "digest"
  | "revision"
  | "part of a bundle"
  | "version"
  | "certificate";

declare const domain: unique symbol;
/** A name that bounded() vouches for. */
export type Bounded<D extends Domain> = string & { readonly [domain]: D };

/** Says where a name comes from. Only for what a bundle's manifest, the node's kernel objects or this program name. */
export function bounded<const D extends Domain>(_domain: D, name: string): Bounded<D> {
  return name as Bounded<D>;
}

export type LabelValues = readonly string[] | `any ${Domain}`;
export type MetricType = "counter" | "gauge" | "histogram";
export type Unit = "packets" | "bytes" | "seconds" | "entries" | "ratio" | "count" | "info";

export interface MetricDefinition {
  readonly type: MetricType;
  readonly unit: Unit;
  readonly help: string;
  /** Label name to its values. Order is that of the exposition. */
  readonly labels: Readonly<Record<string, LabelValues>>;
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
}

const RULE_LABELS = {
  fleet: "any fleet",
  policy: "any policy",
  rule: "any rule",
  backend: "any backend",
  action: ACTIONS,
  mode: MODES,
  outcome: OUTCOMES,
} as const;
const REASON_LABELS = { fleet: "any fleet", reason: REASONS, verdict: VERDICTS } as const;

export const CATALOGUE = {
  // ---- Traffic: mirrors of the program's counters -----------------------------------------------------------------
  traffic_packets_total: {
    type: "counter",
    unit: "packets",
    help: "Packets judged, whatever the verdict.",
    labels: { fleet: "any fleet" },
  },
  traffic_bytes_total: {
    type: "counter",
    unit: "bytes",
    help: "Bytes of the frames judged, from the Ethernet header on.",
    labels: { fleet: "any fleet" },
  },
  packets_dropped_total: {
    type: "counter",
    unit: "packets",
    help: "Packets dropped, for any reason.",
    labels: { fleet: "any fleet" },
  },
  bytes_dropped_total: {
    type: "counter",
    unit: "bytes",
    help: "Bytes of the frames dropped, for any reason.",
    labels: { fleet: "any fleet" },
  },
  reason_packets_total: {
    type: "counter",
    unit: "packets",
    help: "Packets by what decided and the verdict. Every packet is in exactly one series.",
    labels: REASON_LABELS,
  },
  reason_bytes_total: {
    type: "counter",
    unit: "bytes",
    help: "Bytes of frames by what decided and the verdict. Every frame is in exactly one series.",
    labels: REASON_LABELS,
  },
  rule_packets_total: {
    type: "counter",
    unit: "packets",
    help: "Packets by rule and outcome: decided (pass or drop), exceeded or conformed (limit), blocked (source blocked by the rule). Mode shadow: what it would have done.",
    labels: RULE_LABELS,
  },
  rule_bytes_total: {
    type: "counter",
    unit: "bytes",
    help: "Bytes of frames by rule and outcome, as rule_packets_total.",
    labels: RULE_LABELS,
  },
  attacks_detected_total: {
    type: "counter",
    unit: "packets",
    help: "Packets dropped by an enforcing rule, a limit or a temporary block, by the rule's backend (none: rule or block without one). Drops by parse class or default verdict are not in it.",
    labels: { fleet: "any fleet", backend: "any backend" },
  },
  samples_total: {
    type: "counter",
    unit: "count",
    help: "Packet samples read from the ring buffer.",
    labels: { fleet: "any fleet" },
  },

  // ---- Events: samples on their way to the sinks. submitted = processed + dropped + those that wait ----------------
  events_submitted_total: {
    type: "counter",
    unit: "count",
    help: "Packets that the kernel was to sample since the agent started: not passed, or matched by a rule in shadow.",
    labels: {},
  },
  events_processed_total: {
    type: "counter",
    unit: "count",
    help: "Events kept, by priority.",
    labels: { priority: PRIORITIES },
  },
  events_dropped_total: {
    type: "counter",
    unit: "count",
    help: "Events not kept, by the one cause. kernel-rate and ring-full: no sample was taken; worker-lost: read by a worker that crashed.",
    labels: { cause: DROP_CAUSES },
  },
  event_patterns_total: {
    type: "counter",
    unit: "count",
    help: "Events kept by attack pattern that the packet shows; one event may show several, or none.",
    labels: { pattern: PATTERNS },
  },
  event_errors_total: {
    type: "counter",
    unit: "count",
    help: "Errors of event processing by type: records that are no event, events that a sink did not take, crashes of the worker.",
    labels: { type: ERROR_TYPES },
  },
  event_processing_duration_seconds: {
    type: "histogram",
    unit: "seconds",
    help: "From the packet to its event being kept.",
    labels: {},
    buckets: LATENCY_BOUNDS,
  },
  event_processing_percentile_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Percentiles of event_processing_duration_seconds over the last minute; absent where there was no event.",
    labels: { percentile: PERCENTILES },
  },
  event_queue_depth: {
    type: "gauge",
    unit: "entries",
    help: "Events that wait for the sinks.",
    labels: {},
  },
  event_queue_capacity: {
    type: "gauge",
    unit: "entries",
    help: "Events that can wait for the sinks.",
    labels: {},
  },
  event_backpressure_active: {
    type: "gauge",
    unit: "info",
    help: "1 from the queue's high watermark to its low one: events of normal priority are dropped.",
    labels: {},
  },
  degradation_level: {
    type: "gauge",
    unit: "count",
    help: "What of the events is kept: 0 all, 1 normal ones only in part, 2 high and above, 3 critical and essential. Filtering is the same at each.",
    labels: {},
  },
  event_rate_limit_per_second: {
    type: "gauge",
    unit: "count",
    help: "Events a second that the rate limiter lets through now.",
    labels: {},
  },
  circuit_breaker_state: {
    type: "gauge",
    unit: "ratio",
    help: "Of each configured sink: 0 closed, 0.5 half-open, 1 open.",
    labels: { sink: SINKS },
  },
  event_sink_events_total: {
    type: "counter",
    unit: "count",
    help: "Events handed to each configured sink, by what became of them. skipped: the breaker was open; lost: in delivery when the worker crashed.",
    labels: { sink: SINKS, result: SINK_RESULTS },
  },
  event_worker_restarts_total: {
    type: "counter",
    unit: "count",
    help: "Starts of the event worker after it had ended on its own.",
    labels: {},
  },
  last_event_timestamp_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Unix time of the packet of the last event kept; absent before the first.",
    labels: {},
  },

  // ---- Generations ------------------------------------------------------------------------------------------------
  generation_info: {
    type: "gauge",
    unit: "info",
    help: "1 for the generation that serves; no other series is present.",
    labels: {
      fleet: "any fleet",
      generation: "any generation",
      bundle_digest: "any digest",
      revision: "any revision",
    },
  },
  generation_committed_timestamp_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Unix time at which the serving generation was committed.",
    labels: { fleet: "any fleet" },
  },
  generation_swaps_total: {
    type: "counter",
    unit: "count",
    help: "Attempts to put a generation in charge. refused: the bundle was not accepted; failed: the kernel or a witness stopped it.",
    labels: { fleet: "any fleet", result: SWAP_RESULTS },
  },
  bundle_refused_total: {
    type: "counter",
    unit: "count",
    help: "Bundles refused, by the part that is wrong: header, manifest, section <name>, signature, witness and so on.",
    labels: { fleet: "any fleet", part: "any part of a bundle" },
  },
  swap_duration_seconds: {
    type: "histogram",
    unit: "seconds",
    help: "From reading a bundle to its commit: verify, build, prove, link update.",
    labels: { fleet: "any fleet" },
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5],
  },

  // ---- Drift: the kernel against the generation that serves, and that against the bundle path ------------------------
  drift_state: {
    type: "gauge",
    unit: "info",
    help: "1 in the series of the state that holds, 0 in the others. behind: the bundle path wants another bundle than serves; kernel-differs: the kernel was changed from outside, and the agent could not put it right.",
    labels: { fleet: "any fleet", state: DRIFT_STATES },
  },
  drift_checks_total: {
    type: "counter",
    unit: "count",
    help: "Whole comparisons of the kernel with the serving generation, by result.",
    labels: { fleet: "any fleet", result: DRIFT_RESULTS },
  },
  drift_found_total: {
    type: "counter",
    unit: "count",
    help: "Differences found, mended or not, by what was changed.",
    labels: { fleet: "any fleet", part: DRIFT_PARTS },
  },
  drift_checked_timestamp_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Unix time of the last whole comparison. Absent before the first.",
    labels: { fleet: "any fleet" },
  },

  // ---- Kernel objects ---------------------------------------------------------------------------------------------
  interface_attached: {
    type: "gauge",
    unit: "info",
    help: "1 where the interface has the program attached, 0 where it should have and has not.",
    labels: { fleet: "any fleet", interface: "any interface", mode: ATTACH_MODES },
  },
  ebpf_map_entries: {
    type: "gauge",
    unit: "entries",
    help: "Entries in use of a map that fills up at run time.",
    labels: { map_name: "any map" },
  },
  ebpf_map_max_entries: {
    type: "gauge",
    unit: "entries",
    help: "Entries that the map has room for.",
    labels: { map_name: "any map" },
  },
  ebpf_map_memory_bytes: {
    type: "gauge",
    unit: "bytes",
    help: "Kernel memory of a map, as the kernel reports it.",
    labels: { map_name: "any map" },
  },

  // ---- Backends: what the health checks of the policies find ---------------------------------------------------------
  backend_health: {
    type: "gauge",
    unit: "info",
    help: "1 in the series of the backend's status, 0 in the others: healthy where all its origins are, unhealthy where none is. Absent until each origin has a verdict, and without a health check.",
    labels: { fleet: "any fleet", backend: "any backend", status: BACKEND_STATUSES },
  },
  backend_healthy_origins: {
    type: "gauge",
    unit: "count",
    help: "Origins of the backend that its health check finds healthy. Absent as backend_health.",
    labels: { fleet: "any fleet", backend: "any backend" },
  },
  backend_total_origins: {
    type: "gauge",
    unit: "count",
    help: "Origins of a backend that has a health check.",
    labels: { fleet: "any fleet", backend: "any backend" },
  },

  // ---- The agent --------------------------------------------------------------------------------------------------
  component_health: {
    type: "gauge",
    unit: "ratio",
    help: "1 healthy, 0.5 degraded, 0 failed.",
    labels: { component: COMPONENTS },
  },
  security_check: {
    type: "gauge",
    unit: "ratio",
    help: "What the agent's check of its environment found: 1 ok, 0.5 warning, 0 error.",
    labels: { check: SECURITY_CHECKS },
  },
  security_checked_timestamp_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Unix time of the last security check.",
    labels: {},
  },
  certificate_expiry_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Seconds until the certificate of the agent's ports expires, negative after. Absent without TLS.",
    labels: { domain: "any certificate" },
  },
  component_errors_total: {
    type: "counter",
    unit: "count",
    help: "Errors of a component since the agent started. /health names the last one's code.",
    labels: { component: COMPONENTS },
  },
  api_latency: {
    type: "histogram",
    unit: "seconds",
    help: "Seconds from a request's head to the end of its answer, of the agent's own HTTP API.",
    labels: { route: API_ROUTES, method: API_METHODS, status: STATUS_CLASSES },
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  },
  build_info: {
    type: "gauge",
    unit: "info",
    help: "1, with the agent's version.",
    labels: { version: "any version" },
  },
  process_resident_memory_bytes: {
    type: "gauge",
    unit: "bytes",
    help: "Resident memory of the agent.",
    labels: {},
  },
  process_cpu_seconds_total: {
    type: "counter",
    unit: "seconds",
    help: "User and system CPU time of the agent.",
    labels: {},
  },
  process_open_fds: {
    type: "gauge",
    unit: "count",
    help: "Open file descriptors of the agent.",
    labels: {},
  },
  process_max_fds: {
    type: "gauge",
    unit: "count",
    help: "File descriptors that the agent may open: the least of its configured limit and RLIMIT_NOFILE.",
    labels: {},
  },
  resource_usage_ratio: {
    type: "gauge",
    unit: "ratio",
    help: "Use of a limit: resident memory of the configured limit or the cgroup's memory of the cgroup's, CPU time of the agent's share over 5 s, open file descriptors. 1 is all of it.",
    labels: { resource: RESOURCES },
  },
  resource_pressure_level: {
    type: "gauge",
    unit: "count",
    help: "0 normal, 1 reduced, 2 minimal, 3 emergency: what the agent gives up to stay within a limit.",
    labels: { resource: RESOURCES },
  },
  event_loop_lag_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "The latest that a timer of the agent came in the last second or so.",
    labels: {},
  },
  process_threads: {
    type: "gauge",
    unit: "count",
    help: "Threads of the agent.",
    labels: {},
  },
  process_start_time_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Unix time at which the agent started.",
    labels: {},
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type Catalogue = typeof CATALOGUE;
/** Without the prefix. */
export type MetricName = keyof Catalogue;
export type MetricNameOf<T extends MetricType> = {
  [N in MetricName]: Catalogue[N]["type"] extends T ? N : never;
}[MetricName];

export type LabelName<N extends MetricName> = keyof Catalogue[N]["labels"] & string;
export type LabelValue<
  N extends MetricName,
  L extends LabelName<N>,
> = Catalogue[N]["labels"][L] extends infer V
  ? V extends readonly (infer S extends string)[]
    ? S
    : string
  : never;
/** Exactly the metric's labels, with values that series may have. */
export type Labels<N extends MetricName> = {
  readonly [L in LabelName<N>]: Catalogue[N]["labels"][L] extends `any ${infer D extends Domain}`
    ? Bounded<D>
    : LabelValue<N, L>;
};

/** Name in the exposition and in queries. */
export function fullName<N extends MetricName>(name: N): `${typeof PREFIX}${N}` {
  return `${PREFIX}${name}`;
}

export function definitionOf(name: MetricName): MetricDefinition {
  return CATALOGUE[name];
}

export function labelNames<N extends MetricName>(name: N): LabelName<N>[] {
  return Object.keys(CATALOGUE[name].labels) as LabelName<N>[];
}

export const METRIC_NAMES = Object.keys(CATALOGUE) as MetricName[];

/** The metric that a series in a query belongs to; null where it is none of ours. Histograms have no series of their own name. */
export function catalogueName(text: string): MetricName | null {
  if (!text.startsWith(PREFIX)) return null;
  const bare = text.slice(PREFIX.length);
  const plain = METRIC_NAMES.find((name) => name === bare && definitionOf(name).type !== "histogram");
  if (plain !== undefined) return plain;
  const base = /^(.*)_(bucket|sum|count)$/.exec(bare)?.[1];
  return METRIC_NAMES.find((name) => name === base && definitionOf(name).type === "histogram") ?? null;
}
