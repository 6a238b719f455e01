// One alert: what PrometheusRule and a plain rule file share. Its texts can name only labels that its expression has.

import type { Duration, Vector } from "../../../metrics/query.ts";

export interface AlertDefinition<L extends string> {
  readonly name: string;
  readonly expression: Vector<L>;
  readonly for: Duration;
  readonly severity: "critical" | "warning";
  /** Besides `severity`: routes and tells apart alerts of one name. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: (template: Template<L>) => string;
}

export interface Template<L extends string> {
  readonly label: (name: L) => string;
  readonly value: string;
  readonly percent: string;
  /** Two digits after the point at most, with `k`, `M` and so on. */
  readonly rounded: string;
}

/** As Prometheus reads it. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface AlertGroup {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

export function alert<L extends string>(definition: AlertDefinition<L>): AlertRule {
  return {
    alert: definition.name,
    expr: definition.expression.text,
    for: definition.for,
    labels: { ...literals(definition.labels ?? {}), severity: definition.severity },
    annotations: {
      summary: definition.summary,
      description: definition.description({
        label: (name) => `{{ $labels.${name} }}`,
        value: "{{ $value }}",
        percent: "{{ $value | humanizePercentage }}",
        rounded: "{{ $value | humanize }}",
      }),
    },
  };
}

function literals(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, literal(value)]));
}

/** Text of a policy inside an annotation or a label, where `{{` would start a template. */
export function literal(text: string): string {
  return text.replaceAll("{{", '{{ "{{" }}');
}
