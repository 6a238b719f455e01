// The configuration of a Prometheus without the operator: what to scrape, which rules to read, whom to tell. Once with
// Kubernetes' own discovery, and once with targets from files, for nodes without Kubernetes and for builds of Prometheus
// without that discovery (Debian's is one: its promtool knows no `kubernetes_sd_configs`).

import type { SiteIr } from "../../../ir/site.ts";
import { FLEET_LABEL, WORKER_APP } from "../kubernetes.ts";

/** Relative to the configuration: Prometheus looks from there, wherever `dist/` is. */
const RULE_FILES = "../alerts/*.rules.yaml";

export const GATEWAY_APP = "pistonprotection-gateway";

export type Discovery = "kubernetes" | "files";

export function prometheusConfiguration(
  { prometheus: settings, namespaces }: SiteIr,
  discovery: Discovery,
): unknown {
  return {
    global: {
      scrape_interval: settings.scrapeInterval,
      scrape_timeout: settings.scrapeTimeout,
      evaluation_interval: settings.evaluationInterval,
    },
    rule_files: [RULE_FILES],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [...settings.alertmanagers] }] }] },
    scrape_configs:
      discovery === "files"
        ? [GATEWAY_APP, WORKER_APP].map(fromFiles)
        : [gatewayByService(namespaces.platform.name), workerByPod(namespaces.workers.name)],
  };
}

function fromFiles(job: string): unknown {
  return {
    job_name: job,
    file_sd_configs: [{ files: [`targets/${job}/*.json`], refresh_interval: "1m" }],
  };
}

function keep(label: string, regex: string): unknown {
  return { source_labels: [label], regex, action: "keep" };
}

/** A gateway has a Service: the pods behind it that are ready, by its port named `metrics`. */
function gatewayByService(namespace: string): unknown {
  return {
    job_name: GATEWAY_APP,
    kubernetes_sd_configs: [{ role: "endpoints", namespaces: { names: [namespace] } }],
    relabel_configs: [
      keep("__meta_kubernetes_service_name", GATEWAY_APP),
      keep("__meta_kubernetes_endpoint_port_name", "metrics"),
      { source_labels: ["__meta_kubernetes_pod_name"], target_label: "pod" },
    ],
  };
}

/** An agent is scraped whether or not it is ready: the one that is not is the one whose metrics are wanted most. */
function workerByPod(namespace: string): unknown {
  return {
    job_name: WORKER_APP,
    kubernetes_sd_configs: [{ role: "pod", namespaces: { names: [namespace] } }],
    relabel_configs: [
      keep("__meta_kubernetes_pod_label_app", WORKER_APP),
      keep("__meta_kubernetes_pod_container_port_name", "metrics"),
      { source_labels: ["__meta_kubernetes_pod_node_name"], target_label: "node" },
      {
        source_labels: [`__meta_kubernetes_pod_label_${FLEET_LABEL.replaceAll(/[^A-Za-z0-9_]/g, "_")}`],
        target_label: FLEET_LABEL.replaceAll(/[^A-Za-z0-9_]/g, "_"),
      },
    ],
  };
}
