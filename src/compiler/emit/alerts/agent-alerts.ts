// Alerts on the agents themselves: what they vouch for, what they take, what they refuse.

import { CATALOGUE, type COMPONENTS } from "../../../metrics/catalogue.ts";
import {
  anyOf,
  compare,
  increase,
  maxBy,
  metric,
  minBy,
  noneOf,
  quantile,
  sumBy,
} from "../../../metrics/query.ts";
import type { AlertName } from "../../../policy/alerting.ts";
import { type Alert, type AlertSeverity, alert } from "./alert.ts";
import { type SiteAlertContext, tuned } from "./context.ts";
import { around, counter, gauge, histogram } from "./signal.ts";

type Component = (typeof COMPONENTS)[number];

/** Components with an alert of their own. */
const OWN_ALERTS = [
  {
    component: "security",
    name: "SecurityCheckFailed",
    severity: "critical",
    summary: "An agent's security checks fail",
    text: "fails a check of its environment or of what it loads",
  },
  {
    component: "config",
    name: "ConfigurationInvalid",
    severity: "warning",
    summary: "An agent's configuration is not taken",
    text: "could not take its new configuration and goes on with the last good one",
  },
] as const satisfies readonly {
  readonly component: Component;
  readonly name: AlertName;
  readonly severity: AlertSeverity;
  readonly summary: string;
  readonly text: string;
}[];

/** Left out by the alerts on any component. Drift, certificates and what becomes of events have metrics that say more. */
const TOLD_ELSEWHERE = ["drift", "tls", "events", ...OWN_ALERTS.map(({ component }) => component)] as const;

export function agentAlerts(context: SiteAlertContext): Alert[] {
  return [
    ...OWN_ALERTS.flatMap(({ component, name, severity, summary, text }) =>
      tuned(context, name, ({ for: wait }) =>
        alert(
          {
            name,
            expression: compare(minBy(["instance"], metric("component_health", { component })), "<", 1),
            for: wait,
            severity,
            summary,
            description: (t) => `${t.label("instance")} ${text}; its log and /health say which.`,
            proof: {
              signals: [gauge("component_health", { component }, { quiet: 1, firing: 0.5 })],
              value: 0.5,
              windows: [],
            },
          },
          context,
        ),
      ),
    ),
    ...anyComponent(context, "ComponentFailed"),
    ...anyComponent(context, "ComponentDegraded"),
    ...refusals(context),
    ...resource(context, "HighMemoryUsage", "memory", "of its memory limit"),
    ...resource(context, "HighCpuUsage", "cpu", "of its share of a core"),
    ...requests(context),
    ...certificates(context),
  ];
}

function anyComponent(context: SiteAlertContext, name: "ComponentFailed" | "ComponentDegraded"): Alert[] {
  const isFailed = name === "ComponentFailed";
  const health = minBy(
    ["instance", "component"],
    metric("component_health", { component: noneOf(...TOLD_ELSEWHERE) }),
  );
  return tuned(context, name, ({ for: wait }) =>
    alert(
      {
        name,
        expression: isFailed ? compare(health, "==", 0) : compare(health, "<", 1),
        for: wait,
        severity: isFailed ? "critical" : "warning",
        summary: isFailed ? "A part of an agent has failed" : "A part of an agent is degraded",
        description: (t) =>
          `${t.label("component")} on ${t.label("instance")} ${isFailed ? "has failed" : "is degraded"}; see /health there.`,
        proof: {
          signals: [
            gauge(
              "component_health",
              { component: "backends" },
              isFailed ? { quiet: 0.5, firing: 0 } : { quiet: 1, firing: 0.5 },
            ),
            gauge("component_health", { component: "program" }, { quiet: 1, firing: 1 }),
          ],
          value: isFailed ? 0 : 0.5,
          windows: [],
        },
      },
      context,
    ),
  );
}

function refusals(context: SiteAlertContext): Alert[] {
  const swaps = (result: "refused" | "committed", firing: number) =>
    counter("generation_swaps_total", { fleet: "edge", result }, { quiet: 0, firing });
  return tuned(context, "BundleRefused", ({ window }) =>
    alert(
      {
        name: "BundleRefused",
        expression: compare(
          sumBy(
            ["fleet", "instance"],
            increase(metric("generation_swaps_total", { result: anyOf("refused", "failed") }), window),
          ),
          ">",
          0,
        ),
        // The increase stays for as long as its window; there is no need to wait for more.
        for: null,
        severity: "warning",
        summary: "An agent has refused a bundle",
        description: (t) =>
          `${t.label("instance")} (fleet ${t.label("fleet")}) goes on with its last good generation. Its log and bundle_refused_total name the part that is wrong.`,
        proof: { signals: [swaps("committed", 0), swaps("refused", 1)], value: 1, windows: [window] },
      },
      context,
    ),
  );
}

function resource(
  context: SiteAlertContext,
  name: "HighMemoryUsage" | "HighCpuUsage",
  resource: "memory" | "cpu",
  text: string,
): Alert[] {
  return tuned(context, name, ({ threshold, for: wait }) =>
    alert(
      {
        name,
        expression: compare(
          maxBy(["instance", "resource"], metric("resource_usage_ratio", { resource })),
          ">",
          threshold,
        ),
        for: wait,
        severity: "warning",
        summary: `An agent is near its limit of ${resource === "cpu" ? "CPU time" : "memory"}`,
        description: (t) => `The agent on ${t.label("instance")} takes ${t.percent} ${text}.`,
        proof: {
          signals: [gauge("resource_usage_ratio", { resource }, around(threshold))],
          value: threshold * 1.01,
          windows: [],
        },
      },
      context,
    ),
  );
}

const REQUEST = { route: "/metrics", method: "GET" } as const;

function requests(context: SiteAlertContext): Alert[] {
  return [
    ...tuned(context, "ElevatedLatency", ({ threshold, window, for: wait }) => {
      const { buckets } = CATALOGUE.api_latency;
      // All requests end in one bucket: the quantile is 99 hundredths of the way through it.
      const upper = buckets.find((bound) => bound > threshold) ?? buckets[buckets.length - 1]!;
      const lower = buckets.findLast((bound) => bound <= threshold) ?? 0;
      const isOpen = threshold >= buckets[buckets.length - 1]!;
      return alert(
        {
          name: "ElevatedLatency",
          expression: compare(quantile(0.99, "api_latency", {}, window, ["instance"]), ">", threshold),
          for: wait,
          severity: "warning",
          summary: "API latency elevated",
          description: (t) =>
            `One request in a hundred to the agent on ${t.label("instance")} takes longer than ${t.rounded}s.`,
          proof: {
            signals: histogram("api_latency", { ...REQUEST, status: "2xx" }, buckets, {
              quiet: lower,
              firing: isOpen ? Number.POSITIVE_INFINITY : upper,
            }),
            value: isOpen ? upper : lower + (upper - lower) * 0.99,
            windows: [window],
            isSudden: true,
          },
        },
        context,
      );
    }),
  ];
}

const HOST = { domain: "node.example.com" };

function certificates(context: SiteAlertContext): Alert[] {
  return tuned(context, "CertificateExpiringSoon", ({ threshold }) =>
    alert(
      {
        name: "CertificateExpiringSoon",
        expression: compare(minBy(["domain"], metric("certificate_expiry_seconds")), "<", threshold),
        for: null,
        severity: "warning",
        summary: "Certificate expiring soon",
        description: (t) => `Certificate for ${t.label("domain")} expires in ${t.duration}.`,
        proof: {
          signals: [
            gauge("certificate_expiry_seconds", HOST, {
              quiet: around(threshold).firing,
              firing: around(threshold).quiet,
            }),
          ],
          value: around(threshold).quiet,
          windows: [],
        },
      },
      context,
    ),
  );
}
