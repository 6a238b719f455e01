// The configuration of a Prometheus without the operator: what to scrape, which rules to read, whom to tell. Once with
// Kubernetes' own discovery, and once with targets from files, for nodes without Kubernetes and for builds of Prometheus
// without that discovery (Debian's is one: its promtool knows no `kubernetes_sd_configs`).

import type { SiteIr } from "../../../ir/site.ts";
import { FLEET_LABEL, WORKER_APP } from "../kubernetes.ts";
import { scrapedServices } from "./services.ts";

/** Relative to the configuration: Prometheus looks from there, wherever `dist/` is. */
const RULE_FILES = "../alerts/*.rules.yaml";

export type Discovery = "kubernetes" | "files";

export function prometheusConfiguration(site: SiteIr, discovery: Discovery): unknown {
  const { prometheus: settings, namespaces } = site;
  const services = scrapedServices(site);
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
        ? [...services, WORKER_APP].map(fromFiles)
        : [
            ...services.map((service) => byService(service, namespaces.platform.name)),
            workerByPod(namespaces.workers.name),
          ],
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

/** The pods behind a Service that are ready, by its port named `metrics`. */
function byService(service: string, namespace: string): unknown {
  return {
    job_name: service,
    kubernetes_sd_configs: [{ role: "endpoints", namespaces: { names: [namespace] } }],
    relabel_configs: [
      keep("__meta_kubernetes_service_name", service),
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
