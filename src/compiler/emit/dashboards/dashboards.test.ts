import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkExpression } from "../../../metrics/check-expression.ts";
import { metric, rate } from "../../../metrics/query.ts";
import { FLEETS } from "../fleet-fixture.ts";
import { DEFAULT_SITE } from "../site-fixture.ts";
import { DASHBOARD_FILE, emitDashboards } from "./index.ts";
import { query } from "./panel.ts";

const artifacts = emitDashboards(FLEETS, DEFAULT_SITE);
const json = new TextDecoder().decode(artifacts.find(({ path }) => path === DASHBOARD_FILE)!.bytes);
const dashboard = JSON.parse(json) as Dashboard;
const panels = dashboard.panels as Panel[];
const targets = panels.flatMap(({ title, targets = [] }) =>
  (targets as unknown as { expr: string; legendFormat: string; datasource: unknown }[]).map((target) => ({
    title: String(title),
    ...target,
  })),
);

describe("the dashboard", () => {
  it("is the same bytes each time, and the same in the ConfigMap for Grafana's sidecar", () => {
    expect(emitDashboards(FLEETS, DEFAULT_SITE)).toEqual(artifacts);
    const configMap = parse(new TextDecoder().decode(artifacts[1]!.bytes), { version: "1.1" });
    expect(configMap.metadata.labels.grafana_dashboard).toBe("1");
    expect(configMap.data["overview.json"]).toBe(json);
  });

  it("has a uid that links can go by", () => {
    expect(dashboard.uid).toBe("pistonprotection-overview");
  });

  it("gives each panel an id of its own and a place of its own in 24 columns", () => {
    expect(panels.map(({ id }) => id)).toEqual(panels.map((_, index) => index + 1));
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos!.x + gridPos!.w).toBeLessThanOrEqual(24);
      for (let x = gridPos!.x; x < gridPos!.x + gridPos!.w; x++)
        for (let y = gridPos!.y; y < gridPos!.y + gridPos!.h; y++) {
          expect(taken.get(`${x},${y}`), `${title} lies on`).toBeUndefined();
          taken.set(`${x},${y}`, String(title));
        }
    }
  });

  it.each(targets.map(({ title, expr }) => [title, expr]))(
    "%s asks only for what is emitted: %s",
    (_, expr) => {
      expect(checkExpression(expr).faults).toEqual([]);
    },
  );

  it("names in a legend only what the query's last grouping leaves", () => {
    for (const { legendFormat, expr } of targets)
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        expect(expr).toMatch(new RegExp(`\\b${label}\\b`));
    // @ts-expect-error traffic has no backend
    expect(query(rate(metric("traffic_packets_total"), "5m"), (label) => label("backend"))).toBeDefined();
  });

  it("asks the Prometheus of the reader's choice, and shows a legend", () => {
    for (const { datasource } of targets)
      expect(datasource).toEqual({ type: "prometheus", uid: "$datasource" });
    expect(dashboard.templating?.list?.map(({ name }) => name)).toEqual(["datasource", "fleet"]);
    for (const { type, options } of panels)
      if (type === "timeseries") expect(options).toMatchObject({ legend: { showLegend: true } });
  });

  it("says in each panel what it shows", () => {
    for (const { description } of panels) expect(description).toMatch(/\.$/);
  });
});
