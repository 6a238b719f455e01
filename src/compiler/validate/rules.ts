// Alert and recording rules: expressions that can give something, texts that name labels which are there, and alerts that
// somebody hears of.

import type { IPrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import type { SourceLocation } from "../../ir/nodes.ts";
import { suggest } from "../diagnostics/index.ts";
import { as, type Emitted } from "./emitted.ts";
import { analyse, type ExpressionFault } from "./promql/analyse.ts";
import type { Metrics } from "./promql/metrics.ts";
import type { Report } from "./report.ts";

type Groups = NonNullable<NonNullable<IPrometheusRule["spec"]>["groups"]>;
type Rule = NonNullable<Groups[number]["rules"]>[number];

const RECORD = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const DURATION = /^(?:\d+(?:ms|[smhdwy]))+$/;
const SEVERITIES = ["critical", "warning"];

export function checkRules(emitted: readonly Emitted[], metrics: Metrics, report: Report): void {
  const found = emitted.flatMap(({ object, location }) =>
    (as<IPrometheusRule>("PrometheusRule", object)?.spec?.groups ?? []).flatMap(({ name, rules = [] }) =>
      rules.map((rule) => ({ group: name, rule, location })),
    ),
  );
  // A recording is known to every rule: groups are evaluated side by side. Twice, for recordings of recordings.
  for (let round = 0; round < 2; round++)
    for (const { rule } of found) {
      if (rule.record === undefined) continue;
      const { labels } = analyse(String(rule.expr), metrics);
      if (labels) metrics.record(rule.record, [...labels, ...Object.keys(rule.labels ?? {})]);
    }
  const alerts = new Set<string>();
  for (const { group, rule, location } of found) {
    const what = rule.alert === undefined ? `recording \`${rule.record}\`` : `alert \`${rule.alert}\``;
    const { type, labels, faults } = analyse(String(rule.expr), metrics);
    for (const fault of faults) addExpressionFault(report, what, fault, location);
    if (type === "matrix" || type === "string" || (type === "scalar" && rule.alert !== undefined))
      report.add({
        code: "promql-type",
        message: `${what}: its expression is ${type === "scalar" ? "a number" : type === "matrix" ? "a range of samples" : "text"}`,
        help: "an alert needs an instant vector: compare a metric with a threshold",
        location,
        mark: { value: rule.expr },
      });
    if (rule.record !== undefined && !RECORD.test(rule.record))
      report.add({
        code: "bad-recording-name",
        message: `\`${rule.record}\` is no name of a metric`,
        help: "letters, digits, underscores and colons",
        location,
        mark: { value: rule.record },
      });
    if (rule.alert !== undefined) checkAlert(rule, rule.alert, group, what, labels, location);
  }

  function checkAlert(
    rule: Rule,
    alert: string,
    group: string,
    what: string,
    labels: ReadonlySet<string> | null,
    location: SourceLocation | null,
  ): void {
    const key = JSON.stringify([
      alert,
      String(rule.expr),
      Object.entries(rule.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    if (alerts.has(key))
      report.add({
        code: "duplicate-alert",
        message: `${what} stands twice with the same expression and labels, in group ${group} the second time`,
        help: "leave one of them out, or give it a label that tells them apart",
        location,
        mark: { value: alert },
      });
    alerts.add(key);
    const severity = rule.labels?.["severity"];
    if (severity === undefined || !SEVERITIES.includes(severity))
      report.add({
        code: "unrouted-alert",
        message: `${what} ${severity === undefined ? "has no severity" : `has the severity ${JSON.stringify(severity)}`}: no route leads anywhere`,
        help:
          severity === undefined
            ? 'write `severity: "critical"` or `"warning"`'
            : suggest(severity, SEVERITIES, "severities"),
        location,
        mark: { value: severity ?? alert },
      });
    for (const [field, value] of [
      ["for", rule.for],
      ["keep_firing_for", rule.keep_firing_for],
    ] as const)
      if (value !== undefined && !DURATION.test(value))
        report.add({
          code: "bad-duration",
          message: `\`${field}\` of ${what} is ${JSON.stringify(value)}`,
          help: "write `30s`, `5m`, `1h`",
          location,
          mark: { value },
        });
    if (labels === null) return;
    const known = [...labels, ...Object.keys(rule.labels ?? {})];
    for (const [name, text] of Object.entries({ ...rule.labels, ...rule.annotations }))
      for (const [, label = ""] of text.matchAll(/\$labels\.(\w+)/g))
        if (!known.includes(label))
          report.add({
            code: "unknown-template-label",
            message: `\`${name}\` of ${what} shows label \`${label}\`, which its expression does not have`,
            help: suggest(label, known, "labels"),
            location,
            mark: { property: name },
          });
  }
}

export function addExpressionFault(
  report: Report,
  what: string,
  { code, message, help, word }: ExpressionFault,
  location: SourceLocation | null,
): void {
  report.add({ code, message: `${what}: ${message}`, help, location, mark: { value: word } });
}
