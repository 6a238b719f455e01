// Who hears of an alert, and which alerts another one makes needless: once for both of Alertmanager's ways to be told.

import type { NotificationsIr } from "../../../ir/site.ts";

export const SEVERITIES = ["critical", "warning"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** A receiver for each severity, by its name. An alert without one goes where warnings go: nothing is lost. */
export const FALLBACK: Severity = "warning";

/** One message tells of the alerts of one name on one fleet and backend. */
export const GROUP_BY = ["alertname", "fleet", "backend"] as const;

export interface Matcher {
  readonly name: string;
  readonly operator: "=" | "=~";
  readonly value: string;
}

/** While a source fires, targets whose `equal` labels are the same (or both missing) are not told. */
export interface Inhibition {
  readonly source: readonly Matcher[];
  readonly target: readonly Matcher[];
  readonly equal: readonly string[];
}

function alerts(...names: readonly string[]): Matcher {
  return names.length === 1
    ? { name: "alertname", operator: "=", value: names[0]! }
    : { name: "alertname", operator: "=~", value: names.join("|") };
}
const severity = (value: Severity): Matcher => ({ name: "severity", operator: "=", value });

export const INHIBITIONS: readonly Inhibition[] = [
  // What is critical says enough of the same fleet, backend and node.
  {
    source: [severity("critical")],
    target: [severity("warning")],
    equal: ["fleet", "backend", "instance"],
  },
  // An agent that does not answer, or has lost its program: whatever else is wrong there follows from it.
  { source: [alerts("ServiceDown")], target: [severity("warning")], equal: ["instance"] },
  {
    source: [alerts("NotFiltering")],
    target: [alerts("ComponentFailed"), severity("critical")],
    equal: ["instance"],
  },
  // Where nothing is filtered, the servers behind go down next.
  {
    source: [alerts("NotFiltering", "FleetNotServed")],
    target: [alerts("AllBackendsUnhealthy", "BackendDegraded")],
    equal: ["fleet"],
  },
  { source: [alerts("AllBackendsUnhealthy")], target: [alerts("BackendDegraded")], equal: ["fleet"] },
  // What an attack loses is meant to be lost.
  {
    source: [alerts("HighAttackVolume")],
    target: [{ name: "alertname", operator: "=~", value: "PassRatioBurn.*" }],
    equal: ["fleet", "backend"],
  },
];

export interface Receiver {
  readonly name: Severity;
  readonly slackChannel: string | null;
  readonly pages: boolean;
  readonly posts: boolean;
}

export function receiversOf({ slack, pagerDuty, webhook }: NotificationsIr): Receiver[] {
  return SEVERITIES.map((name) => ({
    name,
    slackChannel: slack?.[name] ?? null,
    pages: pagerDuty !== null && name === "critical",
    posts: webhook?.severities.includes(name) ?? false,
  }));
}

export const SLACK_TITLE = "{{ .Status | toUpper }}: {{ .CommonAnnotations.summary }}";
export const SLACK_TEXT =
  '{{ range .Alerts }}{{ .Annotations.description }}{{ with .Annotations.runbook_url }} <{{ . }}|Runbook>{{ end }}{{ "\\n" }}{{ end }}';
export const PAGER_SEVERITY = "{{ .CommonLabels.severity }}";
export const PAGER_TITLE = "{{ .CommonAnnotations.summary }}";
export const PAGER_DETAILS = {
  description: "{{ .CommonAnnotations.description }}",
  runbook: "{{ .CommonAnnotations.runbook_url }}",
} as const;
