// A site to what tells Prometheus whom to scrape: its own configuration, and the operator's objects. That of the agents is a PodMonitor
// (src/compiler/emit/manifests/pod-monitor.ts).

import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { GENERATED, kubernetesFile, MONITORING_PATH, textArtifact } from "../kubernetes.ts";
import { toYaml } from "../yaml.ts";
import { type Discovery, prometheusConfiguration } from "./config.ts";
import { serviceMonitors } from "./services.ts";

export function emitPrometheus(site: SiteIr): Artifact[] {
  const file = (path: string, about: string, discovery: Discovery) =>
    textArtifact(path, toYaml([prometheusConfiguration(site, discovery)], `${about}\n${GENERATED}`));
  const monitors = serviceMonitors(site);
  return [
    file(
      "prometheus/prometheus.yml",
      "Prometheus without the operator and without Kubernetes: start it with this file where it is. It reads its targets\n" +
        "from targets/<job>/*.json beside it.",
      "files",
    ),
    file(
      "prometheus/kubernetes.yml",
      "Prometheus without the operator, in a cluster: start it with this file where it is. Builds without Kubernetes\n" +
        "discovery (Debian's) refuse it.",
      "kubernetes",
    ),
    ...(site.prometheus.operator && monitors.length > 0
      ? [
          kubernetesFile(
            `${MONITORING_PATH}/service-monitors.yaml`,
            "Scrapes the site's services; needs the Prometheus operator.",
            monitors,
          ),
        ]
      : []),
  ];
}
