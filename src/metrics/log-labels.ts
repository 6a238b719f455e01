// The labels that log streams have in Loki: what collectors on Kubernetes (Alloy, Promtail, Fluentd's and Fluent Bit's
// Kubernetes filters with Grafana's settings) give to each line of a container. Queries may select by these and no others.

export const LOG_LABELS = ["namespace", "app", "pod", "container", "node_name", "job", "stream"] as const;
export type LogLabel = (typeof LOG_LABELS)[number];
