// Tells the Prometheus operator to scrape every agent.

import type { IPodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import type { SiteIr } from "../../../ir/site.ts";
import { commonLabels, FLEET_LABEL, WORKER_APP } from "../kubernetes.ts";

export function podMonitor({ namespaces, prometheus }: SiteIr): IPodMonitor {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PodMonitor",
    metadata: {
      name: WORKER_APP,
      namespace: namespaces.workers.name,
      labels: { ...commonLabels("worker"), ...prometheus.labels },
    },
    spec: {
      selector: { matchLabels: { app: WORKER_APP } },
      podTargetLabels: [FLEET_LABEL],
      podMetricsEndpoints: [
        {
          port: "metrics",
          path: "/metrics",
          interval: prometheus.scrapeInterval,
          scrapeTimeout: prometheus.scrapeTimeout,
          relabelings: [{ sourceLabels: ["__meta_kubernetes_pod_node_name"], targetLabel: "node" }],
        },
      ],
    },
  };
}
