// Checked fleets to alert and recording rules: a plain rule file for any Prometheus, the same groups for the Prometheus
// operator, and for every alert the cases by which promtool sees it fire, keep quiet and resolve.

import type { IPrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import type { CheckedFleet } from "../../../ir/nodes.ts";
import { passRatioOf, type SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { commonLabels, GENERATED, kubernetesFile, MONITORING_PATH, textArtifact } from "../kubernetes.ts";
import { toYaml } from "../yaml.ts";
import { agentAlerts } from "./agent-alerts.ts";
import type { AlertGroup } from "./alert.ts";
import { backendAlerts } from "./backend-alerts.ts";
import type { SiteAlertContext } from "./context.ts";
import { eventAlerts } from "./event-alerts.ts";
import { fleetAlerts } from "./fleet-alerts.ts";
import { RECORDINGS } from "./recordings.ts";
import { SERVICE_LEVEL_RECORDINGS, serviceLevelAlerts, serviceLevels } from "./service-level.ts";
import { alertTestFiles } from "./test-files.ts";
import { trafficAlerts } from "./traffic-alerts.ts";

/** What every site has, and what its fleets add. */
export const RULE_FILE = "alerts/pistonprotection.rules.yaml";
export const SERVICE_LEVEL_FILE = "alerts/service-levels.rules.yaml";

export function alertGroups(fleets: readonly CheckedFleet[], site: SiteIr): AlertGroup[] {
  const context: SiteAlertContext = {
    tunings: site.alerting.alerts,
    teams: teamsOf(fleets),
    namespace: site.namespaces.platform.name,
    runbooks: site.alerting.runbooks,
  };
  const common = [trafficAlerts, backendAlerts, agentAlerts, eventAlerts].flatMap((make) => make(context));
  const bySeverity = (severity: string) => common.filter(({ rule }) => rule.labels["severity"] === severity);
  const levels = fleets.flatMap((fleet) => serviceLevels(fleet, (backend) => passRatioOf(site, backend)));
  const groups: AlertGroup[] = [
    { file: RULE_FILE, name: "pistonprotection-recording", recordings: RECORDINGS, alerts: [] },
    { file: RULE_FILE, name: "pistonprotection-critical", recordings: [], alerts: bySeverity("critical") },
    { file: RULE_FILE, name: "pistonprotection-warning", recordings: [], alerts: bySeverity("warning") },
    ...fleets.map((fleet) => ({
      file: RULE_FILE,
      name: `pistonprotection-fleet-${fleet.name}`,
      recordings: [],
      alerts: fleetAlerts(fleet, context),
    })),
    {
      // In one group, so that alerts see what was recorded in the same round.
      file: SERVICE_LEVEL_FILE,
      name: "pistonprotection-service-level",
      recordings: levels.length > 0 ? SERVICE_LEVEL_RECORDINGS : [],
      alerts: levels.flatMap((level) => serviceLevelAlerts(level, context)),
    },
  ];
  return groups.filter(({ recordings, alerts }) => recordings.length + alerts.length > 0);
}

/** Who answers for a backend: the first owner of the first policy that is scoped to it. */
function teamsOf(fleets: readonly CheckedFleet[]): Map<string, string> {
  const teams = new Map<string, string>();
  for (const { backend, owners } of fleets.flatMap(({ policies }) => policies))
    if (backend !== null && owners[0] !== undefined && !teams.has(backend)) teams.set(backend, owners[0]);
  return teams;
}

export function emitAlerts(fleets: readonly CheckedFleet[], site: SiteIr): Artifact[] {
  const groups = alertGroups(fleets, site);
  const rulesOf = ({ name, recordings, alerts }: AlertGroup) => ({
    name,
    rules: [
      ...recordings.map(({ record, expression }) => ({ record, expr: expression.text })),
      ...alerts.map(({ rule }) => ({
        ...rule,
        labels: { ...rule.labels },
        annotations: { ...rule.annotations },
      })),
    ],
  });
  const ruleFile = (path: string, about: string): Artifact[] => {
    const own = groups.filter(({ file }) => file === path);
    return own.length === 0
      ? []
      : [textArtifact(path, toYaml([{ groups: own.map(rulesOf) }], `${about}\n${GENERATED}`))];
  };
  const prometheusRule: IPrometheusRule = {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: {
      name: "pistonprotection",
      namespace: site.namespaces.platform.name,
      labels: { ...commonLabels("alerts"), ...site.prometheus.labels },
    },
    spec: { groups: groups.map(rulesOf) },
  };
  return [
    ...ruleFile(RULE_FILE, "Alert and recording rules for any Prometheus."),
    ...ruleFile(SERVICE_LEVEL_FILE, "Service levels of the backends, for any Prometheus."),
    ...(site.prometheus.operator
      ? [
          kubernetesFile(
            `${MONITORING_PATH}/prometheus-rule.yaml`,
            "The rules of alerts/*.rules.yaml, for the Prometheus operator.",
            [prometheusRule],
          ),
        ]
      : []),
    ...alertTestFiles(groups),
  ];
}
