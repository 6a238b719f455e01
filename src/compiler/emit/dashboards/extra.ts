// The panels that a site adds to a dashboard of their own. Their places are the author's where they are given.

import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { kubernetesFile, MONITORING_PATH } from "../kubernetes.ts";
import { configMapOf, dashboardArtifact } from "./files.ts";
import { dashboard, type Row } from "./frame.ts";
import type { PanelDefinition } from "./panel.ts";

const SLUG = "extra";

export function extraDashboard(site: SiteIr): Artifact[] {
  const panels = site.extra.panels.map(
    ({ title, description = `${title}.`, query, logs, legend = "" }): PanelDefinition =>
      query === undefined
        ? { kind: "logs", title, description, expression: logs ?? "" }
        : { kind: "series", title, description, unit: "short", queries: [{ expression: query, legend }] },
  );
  const rows: Row[] = [];
  for (let index = 0; index < panels.length; index += 2)
    rows.push({ height: 8, panels: panels.slice(index, index + 2) });
  const built = dashboard(
    { slug: SLUG, title: "extra", description: "What the site adds.", variables: ["fleet", "backend"], rows },
    site,
  );
  const places = new Map(
    site.extra.panels.flatMap(({ title, place }) => (place ? [[title, place] as const] : [])),
  );
  const text = dashboardArtifact(SLUG, {
    ...built,
    panels: (built.panels ?? []).map((panel) => {
      const place = places.get(panel.title ?? "");
      return place
        ? { ...panel, gridPos: { x: place.x, y: place.y, w: place.width, h: place.height } }
        : panel;
    }),
  });
  return [
    text.artifact,
    kubernetesFile(`${MONITORING_PATH}/extra-dashboard.yaml`, "The dashboard of dashboards/extra.json.", [
      configMapOf("pistonprotection-dashboard-extra", [text], site),
    ]),
  ];
}
