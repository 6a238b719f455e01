// Checked fleets to alert rules: a plain rule file for any Prometheus, and the same groups for the Prometheus operator.

import type { IPrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import type { CheckedFleet } from "../../../ir/nodes.ts";
import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import {
  commonLabels,
  GENERATED,
  kubernetesFile,
  MONITORING_PATH,
  NAMESPACE,
  textArtifact,
} from "../kubernetes.ts";
import { toYaml } from "../yaml.ts";
import type { AlertGroup } from "./alert.ts";
import { fleetAlerts } from "./fleet-alerts.ts";
import { criticalAlerts, warningAlerts } from "./site-alerts.ts";

export const RULE_FILE = "alerts/pistonprotection.rules.yaml";

export function alertGroups(fleets: readonly CheckedFleet[]): AlertGroup[] {
  return [criticalAlerts, warningAlerts, ...fleets.map((fleet) => fleetAlerts(fleet))];
}

export function emitAlerts(fleets: readonly CheckedFleet[], _site: SiteIr): Artifact[] {
  const groups = alertGroups(fleets);
  const prometheusRule: IPrometheusRule = {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "pistonprotection", namespace: NAMESPACE, labels: commonLabels("alerts") },
    spec: {
      groups: groups.map((group) => ({
        name: group.name,
        rules: group.rules.map((rule) => ({
          ...rule,
          labels: { ...rule.labels },
          annotations: { ...rule.annotations },
        })),
      })),
    },
  };
  return [
    textArtifact(RULE_FILE, toYaml([{ groups }], `Alert rules for any Prometheus.\n${GENERATED}`)),
    kubernetesFile(
      `${MONITORING_PATH}/prometheus-rule.yaml`,
      `The rules of ${RULE_FILE}, for the Prometheus operator.`,
      [prometheusRule],
    ),
  ];
}
