import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { logFaults } from "./logql.ts";
import { Planted } from "./plant.ts";
import { analyse, withoutVariables } from "./promql/analyse.ts";
import { Metrics } from "./promql/metrics.ts";

const P = "pistonprotection_";
const OVERVIEW = "dashboards/overview.json";

interface Fault {
  readonly what: string;
  readonly plant: (site: Planted) => void;
  readonly code: string;
  readonly message: string;
  readonly help: string;
}

const DROPS = `rate(${P}packets_dropped_total[5m])`;
const rule = (more: object) => (site: Planted) =>
  site.add(
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PrometheusRule",
      metadata: { name: "planted", namespace: "pistonprotection" },
      spec: {
        groups: [
          {
            name: "planted",
            rules: [{ alert: "Planted", expr: `${DROPS} > 1`, labels: { severity: "warning" }, ...more }],
          },
        ],
      },
    },
    "manifests/monitoring/planted.yaml",
  );
const expression = (expr: string) => rule({ expr });

interface Panel {
  id: number;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource: { type: string; uid: string };
  targets: { expr: string; legendFormat?: string; datasource: { type: string; uid: string } }[];
  links?: { title: string; url: string }[];
}
interface Dashboard {
  uid: string;
  panels: Panel[];
}
const dashboard = (change: (dashboard: Dashboard) => void) => (site: Planted) =>
  site.text(OVERVIEW, (text) => {
    const parsed = JSON.parse(text) as Dashboard;
    change(parsed);
    return JSON.stringify(parsed);
  });
const firstPanel = (change: (panel: Panel) => void) =>
  dashboard(({ panels }) => change(panels.find(({ targets }) => targets?.length)!));
const loki = (expr: string) =>
  firstPanel((panel) => {
    panel.targets[0] = { expr, datasource: { type: "loki", uid: "$datasource" } };
  });

const FAULTS: readonly Fault[] = [
  {
    what: "an expression that does not parse",
    plant: expression(`sum(${DROPS}`),
    code: "promql-syntax",
    message: "alert `Planted`: it ends too early",
    help: "basics",
  },
  {
    what: "a rate without a range",
    plant: expression(`rate(${P}packets_dropped_total) > 1`),
    code: "promql-type",
    message: "is an instant vector where a range of samples belongs",
    help: "[5m]`",
  },
  {
    what: "a metric that nobody emits",
    plant: expression(`rate(${P}packets_droped_total[5m]) > 1`),
    code: "unknown-metric",
    message: `nobody emits the metric \`${P}packets_droped_total\``,
    help: `did you mean \`${P}packets_dropped_total\`?`,
  },
  {
    what: "a label that the metric has not",
    plant: expression(`rate(${P}packets_dropped_total{flet="edge"}[5m]) > 1`),
    code: "unknown-metric-label",
    message: "has no label `flet`",
    help: "did you mean `fleet`?",
  },
  {
    what: "a grouping by what is not there",
    plant: expression(`sum by (backend) (${DROPS}) > 1`),
    code: "unknown-metric-label",
    message: "`sum` groups by `backend`",
    help: "labels here",
  },
  {
    what: "a value that the label never has",
    plant: expression(`rate(${P}reason_packets_total{verdict="droped"}[5m]) > 1`),
    code: "impossible-matcher",
    message: "no `verdict` of",
    help: "did you mean `drop`?",
  },
  {
    what: "an alert on a number",
    plant: expression("1 + 1"),
    code: "promql-type",
    message: "its expression is a number",
    help: "compare a metric",
  },
  {
    what: "two vectors that never meet",
    plant: expression(`${DROPS} / sum(${DROPS}) > 1`),
    code: "promql-type",
    message: "have different labels",
    help: "`on(…)`",
  },
  {
    what: "a quantile of no histogram",
    plant: expression(
      `histogram_quantile(0.9, sum by (fleet) (rate(${P}swap_duration_seconds_bucket[5m]))) > 1`,
    ),
    code: "promql-type",
    message: "it is no histogram",
    help: "keep `le`",
  },
  {
    what: "an alert that no route takes",
    plant: rule({ labels: { severity: "warn" } }),
    code: "unrouted-alert",
    message: 'has the severity "warn"',
    help: "did you mean `warning`?",
  },
  {
    what: "a duration that is none",
    plant: rule({ for: "5 minutes" }),
    code: "bad-duration",
    message: "`for` of alert `Planted`",
    help: "write `30s`",
  },
  {
    what: "a text that shows a label which is gone",
    plant: rule({ annotations: { summary: "on {{ $labels.backend }}" } }),
    code: "unknown-template-label",
    message: "`summary` of alert `Planted` shows label `backend`",
    help: "labels here",
  },
  {
    what: "an alert that stands twice",
    plant: (site) => [
      rule({})(site),
      site.add({
        apiVersion: "monitoring.coreos.com/v1",
        kind: "PrometheusRule",
        metadata: { name: "again", namespace: "pistonprotection" },
        spec: {
          groups: [
            {
              name: "again",
              rules: [{ alert: "Planted", expr: `${DROPS} > 1`, labels: { severity: "warning" } }],
            },
          ],
        },
      }),
    ],
    code: "duplicate-alert",
    message: "stands twice",
    help: "leave one of them out",
  },
  {
    what: "a recording whose name is none",
    plant: (site) =>
      site.add({
        apiVersion: "monitoring.coreos.com/v1",
        kind: "PrometheusRule",
        metadata: { name: "planted", namespace: "pistonprotection" },
        spec: { groups: [{ name: "planted", rules: [{ record: "fleet-drops", expr: DROPS }] }] },
      }),
    code: "bad-recording-name",
    message: "`fleet-drops` is no name of a metric",
    help: "underscores",
  },
  {
    what: "panels that lie on one another",
    plant: dashboard(({ panels }) => {
      panels[1]!.gridPos = { ...panels[1]!.gridPos, x: panels[0]!.gridPos.x, y: panels[0]!.gridPos.y };
    }),
    code: "dashboard-overlap",
    message: "lies on",
    help: "move it",
  },
  {
    what: "a panel that leaves the grid",
    plant: dashboard(({ panels }) => {
      panels.at(-1)!.gridPos.y += 99;
      panels.at(-1)!.gridPos.w = 25;
    }),
    code: "dashboard-off-grid",
    message: "is not within the 24 columns",
    help: "gridPos",
  },
  {
    what: "two panels of one id",
    plant: dashboard(({ panels }) => {
      panels[1]!.id = panels[0]!.id;
    }),
    code: "dashboard-duplicate-panel-id",
    message: "has the id",
    help: "a number of its own",
  },
  {
    what: "two dashboards of one uid",
    plant: (site) =>
      site.artifacts.push({
        path: "dashboards/planted.json",
        bytes: Buffer.from('{"uid":"pistonprotection-overview","title":"Planted"}'),
      }),
    code: "dashboard-duplicate-uid",
    message: "have one uid, `pistonprotection-overview`",
    help: "give one of them another",
  },
  {
    what: "a uid that Grafana does not take",
    plant: (site) =>
      site.artifacts.push({
        path: "dashboards/planted.json",
        bytes: Buffer.from('{"uid":"no uid","title":"Planted"}'),
      }),
    code: "dashboard-bad-uid",
    message: 'has the uid "no uid"',
    help: "40 at most",
  },
  {
    what: "a data source that nobody chooses",
    plant: firstPanel((panel) => {
      panel.targets[0]!.datasource.uid = "$prometheus";
    }),
    code: "dashboard-unknown-datasource",
    message: "asks data source `$prometheus`",
    help: "variables here: `datasource`",
  },
  {
    what: "a variable that is not there",
    plant: firstPanel((panel) => {
      panel.targets[0]!.expr = panel.targets[0]!.expr.replaceAll("$fleet", "$flet");
    }),
    code: "dashboard-unknown-variable",
    message: "asks for variable `flet`",
    help: "did you mean `fleet`?",
  },
  {
    what: "a link to no dashboard",
    plant: firstPanel((panel) => {
      panel.links = [{ title: "x", url: "/d/pistonprotection-overveiw?x=1" }];
    }),
    code: "dashboard-broken-link",
    message: "leads to dashboard `pistonprotection-overveiw`",
    help: "did you mean `pistonprotection-overview`?",
  },
  {
    what: "a legend that shows what is not there",
    plant: firstPanel((panel) => {
      panel.targets[0]!.legendFormat = "{{backend}}";
    }),
    code: "unknown-template-label",
    message: "the legend of panel",
    help: "labels here",
  },
  {
    what: "a log query of streams that nobody labels so",
    plant: loki('{namspace="pistonprotection"} |= "error"'),
    code: "unknown-log-label",
    message: "log streams have no label `namspace`",
    help: "did you mean `namespace`?",
  },
  {
    what: "a log query that does not parse",
    plant: loki('{namespace="pistonprotection"} |= error'),
    code: "logql-syntax",
    message: "`|=` takes text in quotes",
    help: "grafana.com",
  },
];

describe("faults in queries, rules and dashboards", () => {
  it.each(FAULTS)("$what: $code", ({ plant, code, message, help }) => {
    const site = new Planted();
    plant(site);
    const found = site.found();
    expect(found.map((one) => one.code)).toEqual([code]);
    const [one] = found;
    expect(one!.severity).toBe("error");
    expect(one!.message).toContain(message);
    expect(one!.help).toContain(help);
    expect(one!.location.file).toMatch(/^policies\//);
  });
});

/** The parser of Prometheus' own editor: what it says of the types of an expression. */
const require = createRequire(import.meta.url);
const { Parser } = require("@prometheus-io/codemirror-promql/dist/cjs/parser/parser.js") as {
  Parser: new (state: unknown) => { tree: unknown; analyze(): void; getDiagnostics(): { message: string }[] };
};
const { EditorState } = require("@codemirror/state") as {
  EditorState: { create(options: unknown): unknown };
};
const { LRLanguage } = require("@codemirror/language") as {
  LRLanguage: { define(options: unknown): unknown };
};
const { parser } = require("@prometheus-io/lezer-promql") as { parser: { parse(text: string): unknown } };
function oracle(expression: string): string[] {
  const state = EditorState.create({ doc: expression, extensions: [LRLanguage.define({ parser })] });
  const checked = new Parser(state);
  // The editor gives a parse a few milliseconds, and goes on with what it has.
  checked.tree = parser.parse(expression);
  checked.analyze();
  return checked.getDiagnostics().map(({ message }) => message);
}

describe("types of expressions", () => {
  const metrics = new Metrics();
  const { artifacts } = new Planted();
  const emitted = artifacts.flatMap(({ path, bytes }) => {
    const text = Buffer.from(bytes).toString();
    if (path.startsWith("dashboards/"))
      return [...text.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(
        ([, json]) => JSON.parse(json!) as string,
      );
    return [];
  });
  const promql = emitted.filter((text) => !text.startsWith("{"));

  it("are as Prometheus' editor has them, for every query of the sample site", () => {
    expect(promql.length).toBeGreaterThanOrEqual(20);
    for (const text of promql)
      expect(oracle(withoutVariables(text).replaceAll(/\$\w+/g, "x")), text).toEqual([]);
  });

  it.each([
    "rate(up)",
    "up[5m] > 1",
    "sum(1)",
    "topk(up, up)",
    'topk("a", up)',
    "1 > 2",
    "up and 1",
    "rate(up[5m]) or 2",
    "clamp(up)",
    "vector(up)",
    "scalar(1)",
    "histogram_quantile(up, up)",
    "time(1)",
    "label_replace(up)",
    "sum by (job) (up[5m])",
    "abs(1)",
    '"a" + 1',
    "count_values(1, up)",
    "up[5m][1h:1m]",
  ])("are refused where Prometheus' editor refuses them: %s", (text) => {
    expect(oracle(text)).not.toEqual([]);
    expect(analyse(text, metrics).faults.map(({ code }) => code)).toContain("promql-type");
  });

  it.each([
    "1 > bool 2",
    "up > 1",
    "up unless on() vector(1)",
    "max_over_time(rate(up[5m])[1h:1m])",
    "clamp_max(up, 1)",
    'count_values("v", up)',
    "quantile(0.9, up)",
    "up offset 5m",
    "-up",
    "time() - up",
    "round(up)",
    "round(up, 5)",
    "scalar(up) + 1",
    "sum without (job) (up)",
    "minute()",
    "up @ 5",
    'label_join(up, "a", ",", "job")',
  ])("are taken where Prometheus' editor takes them: %s", (text) => {
    expect(oracle(text)).toEqual([]);
    expect(analyse(text, metrics).faults).toEqual([]);
  });

  it.each([
    ["sum by (job) (up)", ["job"]],
    ["sum without (job) (up)", ["instance"]],
    ["topk(3, up)", ["instance", "job"]],
    ['absent(up{job="a", instance!="b"})', ["job"]],
    ["up * on (job) group_left (instance) up", ["instance", "job"]],
    ["up * on (job) up", ["job"]],
    ["up and on () vector(1)", ["instance", "job"]],
    ['label_replace(up, "node", "$1", "instance", "(.*)")', ["instance", "job", "node"]],
    [`histogram_quantile(0.9, rate(${P}swap_duration_seconds_bucket[5m]))`, ["fleet", "instance", "job"]],
  ])("say which labels are left: %s", (text, labels) => {
    const found = analyse(text, metrics);
    expect(found.faults).toEqual([]);
    expect([...found.labels!].sort()).toEqual(labels);
  });
});

describe("log queries", () => {
  // The four of the operations guide.
  it.each([
    '{namespace="pistonprotection"} |= "error"',
    '{namespace="pistonprotection", app="pistonprotection-worker"} |= "attack_detected"',
    '{namespace="pistonprotection"} |= "rate_limited" | json | rate_limited="true"',
    '{namespace="pistonprotection", app="pistonprotection-gateway"} | json | latency_ms > 500',
    'sum by (reason) (count_over_time({app="pistonprotection-worker"} |= "packet_dropped" | json [5m]))',
    'topk(5, sum by (pod) (rate({namespace=~"a|b"} != `x` | logfmt | level="error" or level="warn" [1m])))',
  ])("are taken: %s", (query) => {
    expect(logFaults(query)).toEqual([]);
  });

  it.each([
    ["", "logql-syntax"],
    ['"error"', "logql-syntax"],
    ['{namespace="a"', "logql-syntax"],
    ['{namespace!="a"}', "logql-syntax"],
    ['{namespace="a"} | jsn', "logql-syntax"],
    ['{namespace="a"} | latency_ms > 500', "unknown-log-label"],
    ['sum(rate({namespace="a"}[1m])', "logql-syntax"],
  ])("are refused: %s", (query, code) => {
    expect(logFaults(query).map((fault) => fault.code)).toEqual([code]);
  });
});
