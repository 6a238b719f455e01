// A site's notifications to Alertmanager's configuration: its own file, the operator's object, and cases that say which
// receiver an alert's labels lead to.

import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { GENERATED, kubernetesFile, MONITORING_PATH, textArtifact } from "../kubernetes.ts";
import { toYaml } from "../yaml.ts";
import { FALLBACK, SEVERITIES } from "./notifications.ts";
import { alertmanagerConfig } from "./object.ts";
import { rawConfiguration } from "./raw.ts";

export function emitAlertmanager(site: SiteIr): Artifact[] {
  const { notifications, namespaces, prometheus } = site;
  return [
    textArtifact(
      "alertmanager/alertmanager.yml",
      toYaml(
        [rawConfiguration(notifications)],
        `Alertmanager without the operator. Secrets are files; this names them and holds none.\n${GENERATED}`,
      ),
    ),
    textArtifact(
      "alertmanager/routes.test.yaml",
      toYaml(
        [
          [
            ...SEVERITIES.map((severity) => ({ labels: { severity }, receiver: severity })),
            {
              labels: {
                severity: "critical",
                fleet: "edge",
                backend: "dns",
                namespace: namespaces.platform.name,
              },
              receiver: "critical",
            },
            { labels: { alertname: "SomebodyElses" }, receiver: FALLBACK },
            { labels: { severity: "info" }, receiver: FALLBACK },
          ],
        ],
        `Where alerts go: each by \`amtool config routes test --verify.receivers=<receiver> <label>=<value>…\`.\n${GENERATED}`,
      ),
    ),
    ...(prometheus.operator
      ? [
          kubernetesFile(
            `${MONITORING_PATH}/alertmanager-config.yaml`,
            "Alertmanager by the Prometheus operator.",
            [alertmanagerConfig(site)],
          ),
        ]
      : []),
  ];
}
