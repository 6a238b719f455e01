// The labels that log streams have in Loki: what collectors on Kubernetes (Alloy, Promtail, Fluentd's and Fluent Bit's
// Kubernetes filters with Grafana's settings) give to each line of a container. Queries may select by these and no others.

export const LOG_LABELS = ["namespace", "app", "pod", "container", "node_name", "job", "stream"] as const;
export type LogLabel = (typeof LOG_LABELS)[number];

/** What the agents' event lines say, and log queries look for: the words of the operations guide. */
export const LOG_WORDS = {
  /** An enforcing rule, a limit or a block dropped the packet. */
  attack: "attack_detected",
  /** It was above a limit's rate. */
  limited: "rate_limited",
  /** It was dropped, for whatever reason. */
  dropped: "packet_dropped",
} as const;
