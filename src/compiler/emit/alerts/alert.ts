// One alert: what PrometheusRule and a plain rule file share, and what a test needs to see it fire. Its texts can name
// only labels that its expression has.

import assert from "node:assert/strict";
import type { DurationText } from "../../../ir/site.ts";
import type { Recording, Vector } from "../../../metrics/query.ts";
import type { AlertName } from "../../../policy/alerting.ts";
import { humanize, humanizeDuration, humanizePercentage } from "./humanize.ts";
import type { Signal } from "./signal.ts";

export interface AlertDefinition<L extends string> {
  readonly name: AlertName;
  readonly expression: Vector<L>;
  /** How long it must hold; null: it fires at once. */
  readonly for: DurationText | null;
  readonly severity: AlertSeverity;
  /** Besides `severity`: routes and tells apart alerts of one name. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the backend that the expression names in its label `backend`. */
  readonly teams?: Teams;
  readonly summary: string;
  readonly description: (template: Template<L>) => string;
  /** Where several alerts share one; the alert's name where it is missing. */
  readonly runbook?: string;
  readonly proof: Proof;
}

export type AlertSeverity = "critical" | "warning";

/** The team that answers for each backend, by its name. */
export type Teams = ReadonlyMap<string, string>;

/** How to make it fire: what its tests are generated from. */
export interface Proof {
  readonly signals: readonly Signal[];
  /** Of the expression, in the state `firing`. */
  readonly value: number;
  /** Over which the expression looks back. Where there are several, all have to be above. None for plain gauges. */
  readonly windows: readonly DurationText[];
  /**
   * A small part of the window is enough for the condition, which then holds for a whole window however short the cause was:
   * "too short" is then looked at while it goes on.
   */
  readonly isSudden?: boolean;
}

export interface Template<L extends string> {
  /** Of a policy, as it stands. */
  readonly text: (text: string) => string;
  readonly label: (name: L) => string;
  /** Only for whole numbers: it is written with all its digits. */
  readonly value: string;
  readonly percent: string;
  /** Four digits, with `k`, `M` and so on. */
  readonly rounded: string;
  /** Of seconds. */
  readonly duration: string;
}

/** As Prometheus reads it. */
export interface AlertRule {
  readonly alert: AlertName;
  readonly expr: string;
  readonly for?: DurationText;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Alert {
  readonly rule: AlertRule;
  readonly proof: Proof;
  /** As Prometheus reports it in the state `firing`: templates filled in. */
  readonly expected: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
}

export interface AlertGroup {
  /** Under `dist/`. */
  readonly file: string;
  readonly name: string;
  readonly recordings: readonly Recording<string>[];
  readonly alerts: readonly Alert[];
}

export interface AlertContext {
  /** Where the runbooks are read, without a slash at the end. */
  readonly runbooks: string;
  /**
   * Every alert has it as its label `namespace`: the operator's Alertmanager hands an AlertmanagerConfig only alerts of
   * its own namespace.
   */
  readonly namespace: string;
}

export function alert<L extends string>(definition: AlertDefinition<L>, context: AlertContext): Alert {
  const { name, expression, proof, teams } = definition;
  const series = seriesLabels(definition);
  const backend = series["backend"];
  const team = teams === undefined || backend === undefined ? {} : { team: teamTemplate(teams) };
  const own = { ...definition.labels, namespace: context.namespace, severity: definition.severity };
  const runbook = { runbook_url: `${context.runbooks}/${definition.runbook ?? name}.md` };
  const annotations = (template: Template<L>) => ({
    summary: definition.summary,
    description: definition.description(template),
    ...runbook,
  });
  return {
    rule: {
      alert: name,
      expr: expression.text,
      ...(definition.for === null ? {} : { for: definition.for }),
      labels: { ...literals(own), ...team },
      annotations: { ...annotations(TEMPLATE), summary: literal(definition.summary) },
    },
    proof,
    expected: {
      labels: withoutEmpty({
        ...series,
        ...own,
        ...(teams && backend !== undefined ? { team: teams.get(backend) ?? "" } : {}),
      }),
      annotations: annotations(filledIn(series, proof.value)),
    },
  };
}

const TEMPLATE: Template<string> = {
  text: literal,
  label: (name) => `{{ $labels.${name} }}`,
  value: "{{ $value }}",
  percent: "{{ $value | humanizePercentage }}",
  rounded: "{{ $value | humanize }}",
  duration: "{{ $value | humanizeDuration }}",
};

function filledIn(labels: Readonly<Record<string, string>>, value: number): Template<string> {
  return {
    text: (text) => text,
    label: (name) => labels[name] ?? "",
    value: String(value),
    percent: humanizePercentage(value),
    rounded: humanize(value),
    duration: humanizeDuration(value),
  };
}

/** Labels of the expression's result, by the series that make it. */
function seriesLabels({ name, expression, proof }: AlertDefinition<string>): Record<string, string> {
  return Object.fromEntries(
    expression.labels.map((label) => {
      const value = proof.signals.find((signal) => label in signal.labels)?.labels[label];
      assert(value !== undefined, `no series of the test of ${name} has the label ${label}`);
      return [label, value];
    }),
  );
}

/** Prometheus takes an empty label for a missing one. */
function withoutEmpty(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ""));
}

/** Label values may be templates; backends that no policy has get no team. */
function teamTemplate(teams: Teams): string {
  const cases = [...teams].map(
    ([backend, team], i) =>
      `{{ ${i === 0 ? "if" : "else if"} eq $labels.backend ${JSON.stringify(backend)} }}${literal(team)}`,
  );
  return cases.length === 0 ? "" : `${cases.join("")}{{ end }}`;
}

function literals(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, literal(value)]));
}

/** Text of a policy inside an annotation or a label, where `{{` would start a template. */
export function literal(text: string): string {
  return text.replaceAll("{{", '{{ "{{" }}');
}
