// Tells the Prometheus operator to scrape every agent.

import type { IPodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import { commonLabels, FLEET_LABEL, WORKER_APP, WORKERS_NAMESPACE } from "../kubernetes.ts";

export function podMonitor(): IPodMonitor {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PodMonitor",
    metadata: { name: WORKER_APP, namespace: WORKERS_NAMESPACE, labels: commonLabels("worker") },
    spec: {
      selector: { matchLabels: { app: WORKER_APP } },
      podTargetLabels: [FLEET_LABEL],
      podMetricsEndpoints: [
        {
          port: "metrics",
          path: "/metrics",
          interval: "15s",
          scrapeTimeout: "10s",
          relabelings: [{ sourceLabels: ["__meta_kubernetes_pod_node_name"], targetLabel: "node" }],
        },
      ],
    },
  };
}
