// Label values of the event metrics. By themselves, because the event worker is made of them, and has no use for the rest of
// the catalogue.

/** From what is shed first to what is shed last. */
export const PRIORITIES = ["normal", "high", "critical", "essential"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Why a valid event was not kept. */
export const SHED_CAUSES = ["rate-limited", "degraded", "backpressure", "queue-full"] as const;
export type ShedCause = (typeof SHED_CAUSES)[number];

/** Every reason why an event that the kernel wanted to sample was not kept. */
export const DROP_CAUSES = [
  "kernel-rate", // the program's budget of samples for the CPU and jiffy was spent
  "ring-full",
  "invalid",
  ...SHED_CAUSES,
  "worker-lost", // in the hands of a worker that crashed
] as const;
export type DropCause = (typeof DROP_CAUSES)[number];

/** What is wrong with a record that is no event. */
export const INVALID_KINDS = ["size", "abi", "fields", "length", "interface"] as const;
export type InvalidKind = (typeof INVALID_KINDS)[number];

/** Sinks outside of the worker. Counts and top lists are inside, and cannot fail. */
export const SINKS = ["json-log", "statsd", "otel"] as const;
export type SinkName = (typeof SINKS)[number];

export const SINK_RESULTS = ["delivered", "failed", "skipped", "lost"] as const;

export const ERROR_TYPES = [
  "invalid-size",
  "invalid-abi",
  "invalid-fields",
  "invalid-length",
  "invalid-interface",
  "unknown-generation",
  "sink-json-log",
  "sink-statsd",
  "sink-otel",
  "worker-crash",
] as const;

export const BREAKER_STATES = ["closed", "half-open", "open"] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** Attack patterns that one packet shows by itself, in the order of their bits. src/runtime/events/patterns.ts finds them. */
export const PATTERNS = [
  "land-attack", // source and destination address are the same
  "syn-fin",
  "tcp-null", // no flag at all
  "tcp-xmas", // FIN, PSH and URG
  "amplification", // UDP from a port whose service answers with more than it was asked
  "overlapping-fragment", // RFC 1858: a fragment that begins within the TCP header
  "tiny-fragment", // a first fragment, or one in the middle, too short to be honest
  "oversize-fragment", // RFC 791: ends behind 65,535
  "smurf", // an echo request to a broadcast address
  "martian-source", // RFC 1812 §5.3.7: no host has such an address
  "port-zero",
] as const;
export type Pattern = (typeof PATTERNS)[number];

export const PERCENTILES = ["p50", "p95", "p99"] as const;

/** Seconds from the packet to the event being kept: upper bounds. */
export const LATENCY_BOUNDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;
