// Checked fleets to Grafana dashboards: JSON files to import, and the same in ConfigMaps for Grafana's sidecar.

import type { CheckedFleet, SourceLocation } from "../../../ir/nodes.ts";
import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { kubernetesFile, MONITORING_PATH, placed } from "../kubernetes.ts";
import { api } from "./api.ts";
import { attacksDashboard } from "./attacks.ts";
import { backendDashboard } from "./backend.ts";
import { backendsDashboard } from "./backends.ts";
import { extraDashboard } from "./extra.ts";
import { configMapOf, type DashboardFile, dashboardArtifact } from "./files.ts";
import { fleetDashboard } from "./fleet.ts";
import { type DashboardDefinition, dashboard } from "./frame.ts";
import { overview } from "./overview.ts";
import { workers } from "./workers.ts";

interface Made extends DashboardFile {
  /** Of the fleet or backend that it shows; null for the platform's own. */
  readonly location: SourceLocation | null;
}

export function emitDashboards(fleets: readonly CheckedFleet[], site: SiteIr): Artifact[] {
  const make = (definition: DashboardDefinition, location: SourceLocation | null = null): Made => ({
    ...dashboardArtifact(definition.slug, dashboard(definition, site)),
    location,
  });
  const main = [overview, attacksDashboard, backendsDashboard, workers, api].map((one) => make(one(site)));
  const own = [
    ...fleets.map((fleet) => make(fleetDashboard(fleet), fleet.location)),
    ...backendsOf(fleets).map(([backend, guards]) =>
      make(backendDashboard(backend, guards, site), backend.location),
    ),
  ];
  return [
    ...[...main, ...own].map(({ artifact }) => artifact),
    kubernetesFile(
      `${MONITORING_PATH}/dashboards.yaml`,
      "The dashboards of dashboards/, for the sidecar that Grafana's charts run.",
      [
        configMapOf("pistonprotection-dashboards", main, site),
        ...own.map((one) =>
          placed(
            configMapOf(`pistonprotection-dashboard-${one.slug}`, [one], site),
            one.location ?? site.location,
          ),
        ),
      ],
    ),
    ...(site.extra.panels.length === 0 ? [] : extraDashboard(site)),
  ];
}

/** Every backend once, with the fleets that protect it. */
function backendsOf(fleets: readonly CheckedFleet[]) {
  const names = new Set(fleets.flatMap((fleet) => fleet.backends.map(({ name }) => name)));
  return [...names].sort().map((name) => {
    const guards = fleets.filter((fleet) => fleet.backends.some((backend) => backend.name === name));
    return [guards[0]!.backends.find((backend) => backend.name === name)!, guards] as const;
  });
}
