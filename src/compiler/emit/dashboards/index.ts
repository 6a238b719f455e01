// Checked fleets to the Grafana dashboard: a JSON file to import, and the same in a ConfigMap for Grafana's sidecar.

import assert from "node:assert/strict";
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { CheckedFleet } from "../../../ir/nodes.ts";
import type { SiteIr } from "../../../ir/site.ts";
import { labelValues } from "../../../metrics/query.ts";
import type { Artifact } from "../../types.ts";
import { commonLabels, kubernetesFile, MONITORING_PATH, NAMESPACE, textArtifact } from "../kubernetes.ts";
import { OVERVIEW } from "./overview.ts";
import { DATASOURCE, panel } from "./panel.ts";

export const DASHBOARD_FILE = "dashboards/overview.json";
const COLUMNS = 24;

export function emitDashboards(fleets: readonly CheckedFleet[], _site: SiteIr): Artifact[] {
  const json = `${JSON.stringify(overview(fleets), null, 2)}\n`;
  const configMap: IConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "pistonprotection-dashboards",
      namespace: NAMESPACE,
      labels: { ...commonLabels("dashboards"), grafana_dashboard: "1" },
    },
    data: { "overview.json": json },
  };
  return [
    textArtifact(DASHBOARD_FILE, json),
    kubernetesFile(
      `${MONITORING_PATH}/dashboards.yaml`,
      `${DASHBOARD_FILE}, for the sidecar that Grafana's charts run.`,
      [configMap],
    ),
  ];
}

export function overview(fleets: readonly CheckedFleet[]): Dashboard {
  const dashboard = new DashboardBuilder("PistonProtection overview")
    // Stable: links and a second import go by it.
    .uid("pistonprotection-overview")
    .description(`Traffic, drops and agents of the fleets ${fleets.map((fleet) => fleet.name).join(", ")}.`)
    .tags(["pistonprotection"])
    .timezone("utc")
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: "now-1h", to: "now" })
    .refresh("30s")
    .withVariable(new DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"))
    .withVariable(
      new QueryVariableBuilder("fleet")
        .label("Fleet")
        .datasource(DATASOURCE)
        .query(labelValues("generation_info", "fleet"))
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        .allValue(".*")
        .current({ text: "All", value: "$__all", selected: true }),
    );
  const built = dashboard.build();
  return { ...built, panels: placedPanels() };
}

/** Rows from top to bottom, panels from left to right; ids count from 1. */
function placedPanels() {
  let y = 0;
  let id = 0;
  return OVERVIEW.flatMap((row) => {
    let x = 0;
    const placed = row.panels.map((definition) => {
      const built = panel(definition, ++id, { x, y, w: definition.width, h: row.height });
      x += definition.width;
      return built;
    });
    assert.equal(x, COLUMNS, `widths of the row at ${y}`);
    y += row.height;
    return placed;
  });
}
