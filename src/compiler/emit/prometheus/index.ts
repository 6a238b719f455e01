// A site to Prometheus' own configuration.

import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { GENERATED, textArtifact } from "../kubernetes.ts";
import { toYaml } from "../yaml.ts";
import { type Discovery, prometheusConfiguration } from "./config.ts";

export function emitPrometheus(site: SiteIr): Artifact[] {
  const file = (path: string, about: string, discovery: Discovery) =>
    textArtifact(path, toYaml([prometheusConfiguration(site, discovery)], `${about}\n${GENERATED}`));
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
  ];
}
