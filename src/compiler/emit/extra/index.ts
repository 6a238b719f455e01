// What a site adds of its own to files beside the platform's: objects and alert rules. Its panels: emit/dashboards.

import type { IPrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import {
  commonLabels,
  GENERATED,
  kubernetesFile,
  MONITORING_PATH,
  placed,
  textArtifact,
} from "../kubernetes.ts";
import { toYaml } from "../yaml.ts";

export function emitExtra(site: SiteIr): Artifact[] {
  const { objects, alerts } = site.extra;
  const rule = extraRule(site);
  return [
    ...(objects.length === 0
      ? []
      : [
          kubernetesFile(
            "manifests/extra/objects.yaml",
            "What the site adds.",
            // What is said of one is shown at the site's own line, where its words stand.
            objects.map((object) => placed({ ...object }, site.location)),
          ),
        ]),
    ...(alerts.length === 0
      ? []
      : [
          textArtifact(
            "alerts/extra.rules.yaml",
            toYaml([{ groups: rule.spec?.groups ?? [] }], `Alert rules that the site adds.\n${GENERATED}`),
          ),
        ]),
    ...(alerts.length === 0 || !site.prometheus.operator
      ? []
      : [
          kubernetesFile(`${MONITORING_PATH}/extra-rule.yaml`, "The rules of alerts/extra.rules.yaml.", [
            rule,
          ]),
        ]),
  ];
}

/** The site's own alerts, as the operator has them. */
export function extraRule(site: SiteIr): IPrometheusRule {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: {
      name: "pistonprotection-extra",
      namespace: site.namespaces.platform.name,
      labels: { ...commonLabels("alerts"), ...site.prometheus.labels },
    },
    spec: {
      groups: [
        {
          name: "pistonprotection-extra",
          rules: site.extra.alerts.map(
            ({ name, expression, for: wait, severity, labels, summary, description }) => ({
              alert: name,
              expr: expression,
              ...(wait === undefined ? {} : { for: wait }),
              labels: { ...labels, severity },
              annotations: { summary, ...(description === undefined ? {} : { description }) },
            }),
          ),
        },
      ],
    },
  };
}
