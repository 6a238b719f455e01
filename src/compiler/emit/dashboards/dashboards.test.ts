import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { RuleIr } from "../../../ir/nodes.ts";
import { checkExpression } from "../../../metrics/check-expression.ts";
import { metric, rate } from "../../../metrics/query.ts";
import type { Artifact } from "../../types.ts";
import { FLEET, FLEETS } from "../fleet-fixture.ts";
import { siteOf } from "../site-fixture.ts";
import { uidOf } from "./frame.ts";
import { emitDashboards } from "./index.ts";
import { query } from "./panel.ts";

interface Target {
  readonly expr: string;
  readonly legendFormat?: string;
  readonly datasource: { readonly type: string; readonly uid: string };
}

const SITE = siteOf({
  grafana: { loki: "logs", prometheus: "metrics", folder: "Filters" },
  alerting: { alerts: { HighDropRate: { threshold: 0.25 } } },
});
const artifacts = emitDashboards(FLEETS, SITE);

function textOf(path: string, files: readonly Artifact[] = artifacts): string {
  const found = files.find((one) => one.path === path);
  if (!found) throw new Error(`no ${path}`);
  return new TextDecoder().decode(found.bytes);
}
function dashboardOf(slug: string, files: readonly Artifact[] = artifacts): Dashboard {
  return JSON.parse(textOf(`dashboards/${slug}.json`, files)) as Dashboard;
}
function panelsOf(dashboard: Dashboard): Panel[] {
  return dashboard.panels as Panel[];
}
function targetsOf(panel: Panel): Target[] {
  return (panel.targets ?? []) as unknown as Target[];
}

const slugs = artifacts.flatMap(({ path }) => /^dashboards\/(.*)\.json$/.exec(path)?.[1] ?? []);
const dashboards = slugs.map((slug) => [slug, dashboardOf(slug)] as const);

describe("the dashboards", () => {
  it("are the five of the operations guide, and one for each fleet and each backend", () => {
    expect(slugs).toEqual(["overview", "attacks", "backends", "workers", "api", "fleet-edge", "backend-dns"]);
  });

  it("are the same bytes each time, and the same in the ConfigMaps for Grafana's sidecar", () => {
    expect(emitDashboards(FLEETS, SITE)).toEqual(artifacts);
    const maps = parseAllDocuments(textOf("manifests/monitoring/dashboards.yaml"), { version: "1.1" }).map(
      (document) => document.toJS() as IConfigMap,
    );
    for (const { metadata } of maps) {
      expect(metadata?.labels?.["grafana_dashboard"]).toBe("1");
      expect(metadata?.annotations?.["grafana_folder"]).toBe("Filters");
    }
    const carried = Object.assign({}, ...maps.map(({ data }) => data)) as Record<string, string>;
    expect(Object.keys(carried).sort()).toEqual(slugs.map((slug) => `${slug}.json`).sort());
    for (const slug of slugs) expect(carried[`${slug}.json`]).toBe(textOf(`dashboards/${slug}.json`));
  });

  it("have uids that links can go by, of 40 characters at most", () => {
    expect(dashboards.map(([, { uid }]) => uid)).toEqual(slugs.map((slug) => `pistonprotection-${slug}`));
    const long = uidOf(`fleet-${"a".repeat(33)}`);
    expect(long).toHaveLength(40);
    expect(uidOf(`fleet-${"a".repeat(32)}b`)).not.toBe(long);
  });

  it.each(dashboards)(
    "%s gives each panel an id of its own and a place of its own in 24 columns",
    (_, one) => {
      const panels = panelsOf(one);
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
    },
  );

  it.each(dashboards)("%s asks only for what is emitted, and legends name only what is left", (_, one) => {
    for (const panel of panelsOf(one))
      for (const { expr, legendFormat = "", datasource } of targetsOf(panel)) {
        if (datasource.type === "loki") continue;
        expect(checkExpression(expr).faults).toEqual([]);
        for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
          expect(expr).toMatch(new RegExp(`\\b${label}\\b`));
      }
    // @ts-expect-error traffic has no backend
    expect(query(rate(metric("traffic_packets_total"), "5m"), (label) => label("backend"))).toBeDefined();
  });

  it.each(dashboards)("%s asks the data sources of the reader's choice, and shows legends", (_, one) => {
    const names = one.templating?.list?.map(({ name }) => `$${name}`) ?? [];
    for (const panel of panelsOf(one)) {
      for (const { datasource } of targetsOf(panel))
        expect(datasource.uid).toBe(datasource.type === "loki" ? "$loki" : "$datasource");
      for (const { datasource } of targetsOf(panel)) expect(names).toContain(datasource.uid);
      if (panel.type === "timeseries") expect(panel.options).toMatchObject({ legend: { showLegend: true } });
      if (panel.type !== "row") expect(panel.description).toMatch(/\.$/);
    }
    const current = (name: string) =>
      one.templating?.list?.find((variable) => variable.name === name)?.current;
    expect(current("datasource")).toMatchObject({ value: "metrics" });
    if (names.includes("$loki")) expect(current("loki")).toMatchObject({ value: "logs" });
  });

  it.each(dashboards)("%s leads to the platform's others, and marks swaps at their time", (slug, one) => {
    const urls = one.links?.flatMap(({ url }) => url ?? []) ?? [];
    for (const other of ["overview", "attacks", "backends", "workers", "api"])
      expect(urls.includes(`/d/pistonprotection-${other}`)).toBe(other !== slug);
    const [swaps] = one.annotations?.list ?? [];
    expect(swaps?.expr).toContain("pistonprotection_generation_committed_timestamp_seconds");
    expect(swaps?.useValueForTime).toBe(true);
  });
});

describe("log panels", () => {
  const expressions = dashboards.flatMap(([, one]) =>
    panelsOf(one).flatMap((panel) =>
      targetsOf(panel).flatMap(({ expr, datasource }) => (datasource.type === "loki" ? expr : [])),
    ),
  );

  it("hold the operations guide's four queries", () => {
    for (const pipeline of [
      '|= "error"',
      '|= "attack_detected"',
      '|= "rate_limited" | json | rate_limited="true"',
      "| json | latency_ms > 500",
    ])
      expect(
        expressions.some((expr) => expr.endsWith(`} ${pipeline}`)),
        pipeline,
      ).toBe(true);
  });

  it("are not there without a Loki, and leave no gap", () => {
    const without = emitDashboards(FLEETS, siteOf());
    for (const slug of slugs) {
      expect(textOf(`dashboards/${slug}.json`, without)).not.toContain("loki");
      expect(dashboardOf(slug, without).templating?.list?.map(({ name }) => name)).not.toContain("loki");
    }
  });
});

describe("thresholds", () => {
  const stepsOf = (slug: string, title: string) =>
    panelsOf(dashboardOf(slug))
      .find((panel) => panel.title === title)
      ?.fieldConfig?.defaults.thresholds?.steps.map(({ value }) => value);

  it("are those of the site's alerts", () => {
    expect(stepsOf("overview", "Dropped")).toEqual([null, 0.25]);
    expect(stepsOf("attacks", "Attack packets")).toEqual([null, 1000]);
  });

  it("are those that rules ask an alert for", () => {
    expect(stepsOf("fleet-edge", "hygiene/bogons")).toEqual([null, 5000]);
    expect(stepsOf("fleet-edge", "edge-dns/queries")).toEqual([null, 100]);
  });

  it("change their own lines and no others", () => {
    const lines = (threshold: number) =>
      textOf(
        "dashboards/overview.json",
        emitDashboards(FLEETS, siteOf({ alerting: { alerts: { HighDropRate: { threshold } } } })),
      ).split("\n");
    const [one, other] = [lines(0.25), lines(0.75)];
    expect(one.filter((line, index) => line !== other[index])).toHaveLength(1);
  });
});

describe("the dashboard of a fleet", () => {
  it("has a panel for each rule that drops, and none for those that pass", () => {
    const titles = panelsOf(dashboardOf("fleet-edge")).map(({ title }) => title);
    for (const title of ["hygiene/bogons", "edge-dns/queries", "edge-dns/big", "edge-dns/quiet"])
      expect(titles).toContain(title);
    expect(titles).not.toContain("edge-dns/allow");
  });

  it("has panels for 60 of the rules at most, first for those that ask for an alert, and the busiest of all", () => {
    const dropping = FLEET.rules.find(({ action }) => action.kind === "drop");
    const ruleAt = (index: number): RuleIr => ({
      ...dropping!,
      id: `${dropping!.policy}/r${index}`,
      name: `r${index}`,
      alertAbovePps: index === 4095 ? 1000 : null,
    });
    const ownPanels = (count: number) => {
      const rules = Array.from({ length: count }, (_, index) => ruleAt(4096 - count + index));
      const text = textOf("dashboards/fleet-edge.json", emitDashboards([{ ...FLEET, rules }], SITE));
      expect(text.length).toBeLessThan(200_000);
      const titles = panelsOf(JSON.parse(text) as Dashboard).map(({ title }) => title ?? "");
      return {
        own: titles.filter((title) => /\/r\d+$/.test(title)),
        busiest: titles.includes("Busiest drop rules"),
      };
    };
    expect(ownPanels(60)).toMatchObject({ own: { length: 60 }, busiest: false });
    expect(ownPanels(61)).toMatchObject({ own: { length: 60 }, busiest: true });
    const { own } = ownPanels(4096);
    expect(own).toHaveLength(60);
    expect(own.at(-1)).toMatch(/r4095$/);
  });
});
