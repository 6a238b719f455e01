// Dashboards as Grafana would show them: panels that lie on one another, ids and uids that are there twice, data sources,
// variables and dashboards that nobody defines, and queries that bring nothing.

import { suggest } from "../diagnostics/index.ts";
import type { Artifact } from "../types.ts";
import { logFaults } from "./logql.ts";
import { analyse } from "./promql/analyse.ts";
import type { Metrics } from "./promql/metrics.ts";
import type { Report } from "./report.ts";
import { addExpressionFault } from "./rules.ts";

/** As much of Grafana's classic dashboard as is asked about. */
interface Dashboard {
  readonly uid?: string;
  readonly title?: string;
  readonly panels?: readonly Panel[];
  readonly templating?: { readonly list?: readonly Variable[] };
  readonly annotations?: { readonly list?: readonly Annotation[] };
  readonly links?: readonly Link[];
}
interface DataSource {
  readonly type?: string;
  readonly uid?: string;
}
interface Panel {
  readonly id?: number;
  readonly type?: string;
  readonly title?: string;
  readonly gridPos?: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: DataSource;
  readonly targets?: readonly Target[];
  readonly panels?: readonly Panel[];
  readonly links?: readonly Link[];
  readonly fieldConfig?: { readonly defaults?: { readonly links?: readonly Link[] } };
}
interface Target {
  readonly expr?: string;
  readonly legendFormat?: string;
  readonly datasource?: DataSource;
  readonly refId?: string;
}
interface Variable {
  readonly name?: string;
  readonly type?: string;
  readonly query?: unknown;
  readonly datasource?: DataSource;
}
interface Annotation {
  readonly name?: string;
  readonly expr?: string;
  readonly datasource?: DataSource;
}
interface Link {
  readonly url?: string;
}

const COLUMNS = 24;
const UID = /^[A-Za-z0-9_-]{1,40}$/;
/** Grafana's own. */
const BUILT_IN = /^(__\w+|timeFilter)$/;

export function checkDashboards(artifacts: readonly Artifact[], metrics: Metrics, report: Report): void {
  const files = artifacts.filter(({ path }) => /(^|\/)dashboards\/[^/]+\.json$/.test(path));
  const dashboards = files.map(({ path, bytes }) => ({
    path,
    dashboard: JSON.parse(Buffer.from(bytes).toString()) as Dashboard,
  }));
  const uids = new Map<string, string>();
  for (const { path, dashboard } of dashboards) {
    const { uid = "", title = path } = dashboard;
    if (!UID.test(uid))
      report.add({
        code: "dashboard-bad-uid",
        message: `dashboard \`${title}\` has the uid ${JSON.stringify(uid)}`,
        help: "letters, digits, hyphens and underscores, 40 at most: links go by it",
        mark: { value: uid },
      });
    else if (uids.has(uid))
      report.add({
        code: "dashboard-duplicate-uid",
        message: `dashboards \`${uids.get(uid)}\` and \`${title}\` have one uid, \`${uid}\``,
        help: "give one of them another: Grafana keeps the one that it loads last",
        mark: { value: uid },
      });
    else uids.set(uid, title);
  }
  for (const { path, dashboard } of dashboards) checkDashboard(dashboard, dashboard.title ?? path);

  function checkDashboard(dashboard: Dashboard, title: string): void {
    const variables = new Set((dashboard.templating?.list ?? []).map(({ name }) => name ?? ""));
    const panels = (dashboard.panels ?? []).flatMap((panel) => [panel, ...(panel.panels ?? [])]);
    const where = (panel: Panel) => `panel \`${panel.title ?? panel.id}\` of dashboard \`${title}\``;
    layout(panels, where);
    for (const variable of dashboard.templating?.list ?? []) {
      const what = `variable \`${variable.name}\` of dashboard \`${title}\``;
      if (variable.type !== "query") continue;
      dataSource(variable.datasource, what, variables);
      const text =
        typeof variable.query === "string"
          ? variable.query
          : (variable.query as { query?: string } | undefined)?.query;
      labelValues(text ?? "", what);
    }
    for (const annotation of dashboard.annotations?.list ?? []) {
      const what = `annotation \`${annotation.name}\` of dashboard \`${title}\``;
      if (annotation.expr === undefined) continue;
      dataSource(annotation.datasource, what, variables);
      query(annotation.expr, undefined, annotation.datasource, what, variables);
    }
    for (const panel of panels) {
      const what = where(panel);
      for (const target of panel.targets ?? []) {
        const source = target.datasource ?? panel.datasource;
        dataSource(source, what, variables);
        if (target.expr !== undefined) query(target.expr, target.legendFormat, source, what, variables);
      }
      for (const link of [...(panel.links ?? []), ...(panel.fieldConfig?.defaults?.links ?? [])])
        follow(link, what);
    }
    for (const link of dashboard.links ?? []) follow(link, `dashboard \`${title}\``);
  }

  function layout(panels: readonly Panel[], where: (panel: Panel) => string): void {
    const ids = new Map<number, Panel>();
    const placed: Panel[] = [];
    for (const panel of panels) {
      const other = panel.id === undefined ? undefined : ids.get(panel.id);
      if (panel.id === undefined || other)
        report.add({
          code: "dashboard-duplicate-panel-id",
          message: other
            ? `${where(panel)} has the id ${panel.id} of \`${other.title}\``
            : `${where(panel)} has no id`,
          help: "give each panel a number of its own: links and alerts go by it",
          mark: { value: panel.title },
        });
      else ids.set(panel.id, panel);
      const place = panel.gridPos;
      if (!place || place.x < 0 || place.w < 1 || place.h < 1 || place.x + place.w > COLUMNS)
        report.add({
          code: "dashboard-off-grid",
          message: `${where(panel)} is not within the ${COLUMNS} columns of the grid`,
          help: "set `gridPos`, with x and w together at most 24",
          mark: { value: panel.title },
        });
      else {
        const under = placed.find((one) => overlap(one.gridPos!, place));
        if (under)
          report.add({
            code: "dashboard-overlap",
            message: `${where(panel)} lies on \`${under.title}\``,
            help: "move it: Grafana would push one of them aside",
            mark: { value: panel.title },
          });
        placed.push(panel);
      }
    }
  }

  function dataSource(source: DataSource | undefined, what: string, variables: ReadonlySet<string>): void {
    const name = /^\$\{?(\w+)\}?$/.exec(source?.uid ?? "")?.[1];
    if (source?.uid !== undefined && (name === undefined || variables.has(name))) return;
    report.add({
      code: "dashboard-unknown-datasource",
      message:
        source?.uid === undefined
          ? `${what} names no data source`
          : `${what} asks data source \`${source.uid}\`, which no variable of the dashboard chooses`,
      help: suggest(name ?? "", [...variables], "variables"),
      mark: { value: source?.uid },
    });
  }

  function query(
    text: string,
    legend: string | undefined,
    source: DataSource | undefined,
    what: string,
    variables: ReadonlySet<string>,
  ): void {
    // `$labels` and `$1` are no variables of Grafana.
    for (const [, plain, braced] of text.matchAll(/\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::\w+)?\})/g)) {
      const name = plain ?? braced ?? "";
      if (variables.has(name) || BUILT_IN.test(name)) continue;
      report.add({
        code: "dashboard-unknown-variable",
        message: `${what} asks for variable \`${name}\`, which the dashboard has not`,
        help: suggest(name, [...variables], "variables"),
        mark: { value: text },
      });
      return;
    }
    if (source?.type === "loki") {
      for (const { code, message, help, word } of logFaults(text))
        report.add({ code, message: `${what}: ${message}`, help, mark: { value: word } });
      return;
    }
    const { type, labels, faults } = analyse(text, metrics);
    for (const fault of faults) addExpressionFault(report, what, fault, null);
    if (type === "matrix" || type === "string")
      report.add({
        code: "promql-type",
        message: `${what}: its query is ${type === "matrix" ? "a range of samples" : "text"}`,
        help: "Grafana draws instant vectors: take a rate of it",
        mark: { value: text },
      });
    if (labels === null || faults.length > 0) return;
    for (const [, label = ""] of (legend ?? "").matchAll(/\{\{\s*(\w+)\s*\}\}/g))
      if (!labels.has(label))
        report.add({
          code: "unknown-template-label",
          message: `the legend of ${what} shows label \`${label}\`, which its query does not have`,
          help: suggest(label, [...labels], "labels"),
          mark: { value: legend },
        });
  }

  function labelValues(text: string, what: string): void {
    const [, name = "", label = ""] = /^label_values\(\s*([\w:]+)[^,]*,\s*(\w+)\s*\)$/.exec(text) ?? [];
    if (name === "") return;
    // An aggregation by the label says the same, and its faults are those of any query.
    for (const fault of analyse(`count by (${label}) (${name})`, metrics).faults)
      addExpressionFault(report, what, fault, null);
  }

  function follow({ url }: Link, what: string): void {
    const target = /^\/d\/([^/?#]+)/.exec(url ?? "")?.[1];
    if (target === undefined || uids.has(target)) return;
    report.add({
      code: "dashboard-broken-link",
      message: `a link of ${what} leads to dashboard \`${target}\`, which is not there`,
      help: suggest(target, [...uids.keys()], "dashboards"),
      mark: { value: url },
    });
  }
}

type Place = NonNullable<Panel["gridPos"]>;
function overlap(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
