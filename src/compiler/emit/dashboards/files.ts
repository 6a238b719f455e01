// A dashboard to its JSON file, and several to the ConfigMap by which Grafana's sidecar finds them.

import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { commonLabels, textArtifact } from "../kubernetes.ts";

export interface DashboardFile {
  readonly slug: string;
  readonly text: string;
  readonly artifact: Artifact;
}

export function dashboardArtifact(slug: string, dashboard: Dashboard): DashboardFile {
  const text = `${JSON.stringify(dashboard, null, 2)}\n`;
  return { slug, text, artifact: textArtifact(`dashboards/${slug}.json`, text) };
}

export function configMapOf(name: string, dashboards: readonly DashboardFile[], site: SiteIr): IConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace: site.namespaces.platform.name,
      labels: { ...commonLabels("dashboards"), grafana_dashboard: "1" },
      annotations: { grafana_folder: site.grafana.folder },
    },
    data: Object.fromEntries(dashboards.map(({ slug, text }) => [`${slug}.json`, text])),
  };
}
