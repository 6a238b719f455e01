// Rows of panels to a whole dashboard: places and ids, variables, annotations, and links to the others.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  type AnnotationQuery,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  type RowPanel,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { SiteIr } from "../../../ir/site.ts";
import { labelValues, maxBy, metric, times } from "../../../metrics/query.ts";
import { DATASOURCE, type PanelDefinition, panel } from "./panel.ts";

const COLUMNS = 24;
const TAG = "pistonprotection";

export interface Row {
  /** A heading of its own line. */
  readonly title?: string;
  readonly height: number;
  /** Those without a width share what is left of 24. Log panels are left out where the site has no Loki. */
  readonly panels: readonly PanelDefinition[];
}

const VARIABLES = {
  fleet: { label: "Fleet", query: labelValues("generation_info", "fleet") },
  backend: { label: "Backend", query: labelValues("attacks_detected_total", "backend") },
} as const;
export type VariableName = keyof typeof VARIABLES;

export interface DashboardDefinition {
  /** File name without its end; the uid is made of it. */
  readonly slug: string;
  readonly title: string;
  readonly description: string;
  /** Besides the platform's own tag: `fleet` and `backend` are listed in the menus of all dashboards. */
  readonly tags?: readonly string[];
  readonly variables: readonly VariableName[];
  /** The fleet of which swaps are marked; all that the variable chooses where it is missing. */
  readonly fleet?: string;
  readonly rows: readonly Row[];
  /** Dashboards that this one leads to, besides the platform's own. */
  readonly related?: readonly { readonly slug: string; readonly title: string }[];
}

/** The platform's own, which every dashboard links to. */
const MAIN = [
  { slug: "overview", title: "Overview" },
  { slug: "attacks", title: "Attacks" },
  { slug: "backends", title: "Backends" },
  { slug: "workers", title: "Workers" },
  { slug: "api", title: "API" },
] as const;

/** Stable: links and a second import go by it. Grafana takes 40 characters. */
export function uidOf(slug: string): string {
  const uid = `${TAG}-${slug}`;
  if (uid.length <= 40) return uid;
  return `${uid.slice(0, 31)}-${createHash("sha256").update(slug).digest("hex").slice(0, 8)}`;
}

export function dashboard(definition: DashboardDefinition, site: SiteIr): Dashboard {
  const { slug, title, description, tags = [], variables, rows, related = [] } = definition;
  const { prometheus, loki } = site.grafana;
  const builder = new DashboardBuilder(`PistonProtection ${title}`)
    .uid(uidOf(slug))
    .description(description)
    .tags([TAG, ...tags])
    .timezone("utc")
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: "now-1h", to: "now" })
    .refresh("30s")
    .withVariable(
      chosen(new DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"), prometheus),
    );
  const withLoki = rows.some(({ panels }) => panels.some(({ kind }) => kind === "logs")) && loki !== null;
  if (withLoki)
    builder.withVariable(chosen(new DatasourceVariableBuilder("loki").label("Loki").type("loki"), loki));
  for (const name of variables)
    builder.withVariable(
      new QueryVariableBuilder(name)
        .label(VARIABLES[name].label)
        .datasource(DATASOURCE)
        .query(VARIABLES[name].query)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        .allValue(".*")
        .current({ text: "All", value: "$__all", selected: true }),
    );
  for (const other of [...MAIN, ...related])
    if (other.slug !== slug) builder.link(linkTo(other.slug, other.title));
  for (const [tag, menu] of [
    ["fleet", "Fleets"],
    ["backend", "Backends"],
  ] as const)
    builder.link(
      new DashboardLinkBuilder(menu)
        .type(DashboardLinkType.Dashboards)
        .tags([TAG, tag])
        .asDropdown(true)
        .keepTime(true),
    );
  return {
    ...builder.build(),
    annotations: { list: [swaps(definition.fleet ?? null)] },
    panels: placed(rows, loki !== null),
  };
}

function linkTo(slug: string, title: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title)
    .type(DashboardLinkType.Link)
    .url(`/d/${uidOf(slug)}`)
    .keepTime(true)
    .includeVars(true);
}

function chosen(builder: DatasourceVariableBuilder, uid: string | null): DatasourceVariableBuilder {
  return uid === null ? builder : builder.current({ text: uid, value: uid, selected: true });
}

/** The value is the time: one mark where a generation was committed, and not one at each step after it. */
function swaps(fleet: string | null): AnnotationQuery {
  const matchers = fleet === null ? {} : { fleet };
  const committed = metric("generation_committed_timestamp_seconds", matchers);
  return {
    name: "Swaps",
    datasource: DATASOURCE,
    enable: true,
    hide: false,
    iconColor: "blue",
    expr: times(maxBy(["fleet", "instance"], committed), 1000).text,
    useValueForTime: true,
    step: "60s",
    titleFormat: "Swap",
    textFormat: "{{instance}} serves a new generation of {{fleet}}",
    tagKeys: "fleet",
  };
}

/** Rows from top to bottom, panels from left to right; ids count from 1. */
function placed(rows: readonly Row[], withLogs: boolean): (Panel | RowPanel)[] {
  let y = 0;
  let id = 0;
  return rows.flatMap(({ title, height, panels }) => {
    const shown = panels.filter(({ kind }) => withLogs || kind !== "logs");
    if (shown.length === 0) return [];
    const found: (Panel | RowPanel)[] = [];
    if (title !== undefined) {
      found.push(new RowBuilder(title).id(++id).gridPos({ x: 0, y, w: COLUMNS, h: 1 }).build());
      y += 1;
    }
    let x = 0;
    for (const [index, width] of widthsOf(shown).entries()) {
      found.push(panel(shown[index]!, ++id, { x, y, w: width, h: height }));
      x += width;
    }
    assert.equal(x, COLUMNS, `widths of the row at ${y}`);
    y += height;
    return found;
  });
}

function widthsOf(panels: readonly PanelDefinition[]): number[] {
  const taken = panels.reduce((sum, { width = 0 }) => sum + width, 0);
  let left = COLUMNS - taken;
  let open = panels.filter(({ width }) => width === undefined).length;
  // A log panel that was left out leaves its place to the last.
  const widths = panels.map(({ width }) => {
    if (width !== undefined) return width;
    const share = Math.floor(left / open--);
    left -= share;
    return share;
  });
  if (left > 0 && widths.length > 0) widths[widths.length - 1]! += left;
  return widths;
}

/** Many panels of one size, three in a row at most. */
export function grid(height: number, panels: readonly PanelDefinition[], title?: string): Row[] {
  const rows: Row[] = [];
  for (let index = 0; index < panels.length; index += 3)
    rows.push({
      height,
      panels: panels.slice(index, index + 3),
      ...(index === 0 && title !== undefined ? { title } : {}),
    });
  return rows;
}
