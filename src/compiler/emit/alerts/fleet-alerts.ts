// A fleet to its own alerts: nobody serves it, and each rule that asks for an alert.

import type { CheckedFleet, RuleIr } from "../../../ir/nodes.ts";
import { NO_BACKEND } from "../../../metrics/catalogue.ts";
import { absent, anyOf, compare, metric, rate, sumBy } from "../../../metrics/query.ts";
import { type Alert, alert } from "./alert.ts";
import { type SiteAlertContext, tuned } from "./context.ts";
import { around, counter } from "./signal.ts";
import { generation } from "./traffic-alerts.ts";

export function fleetAlerts(fleet: CheckedFleet, context: SiteAlertContext): Alert[] {
  return [
    ...tuned(context, "FleetNotServed", ({ for: wait }) =>
      alert(
        {
          name: "FleetNotServed",
          expression: absent(metric("generation_info", { fleet: fleet.name })),
          for: wait,
          severity: "critical",
          labels: { fleet: fleet.name },
          summary: "No node reports a generation of the fleet",
          description: (t) =>
            `Prometheus has heard of no node that serves fleet ${t.text(fleet.name)}: no agent runs, or none is scraped.`,
          proof: {
            signals: [generation("aa", { quiet: 1, firing: null }, undefined, fleet.name)],
            value: 1,
            windows: [],
          },
        },
        context,
      ),
    ),
    ...fleet.rules.flatMap((rule) => ruleAlert(fleet, rule, context)),
  ];
}

function ruleAlert(fleet: CheckedFleet, rule: RuleIr, context: SiteAlertContext): Alert[] {
  const threshold = rule.alertAbovePps;
  const { kind } = rule.action;
  // A pass rule drops nothing: an alert on its drops could never fire.
  if (threshold === null || kind === "pass") return [];
  const outcome = kind === "drop" ? "decided" : anyOf("exceeded", "blocked");
  const labels = { fleet: fleet.name, policy: rule.policy, rule: rule.name };
  const drops = rule.shadow ? "would drop" : "drops";
  const team = fleet.policies.find(({ name }) => name === rule.policy)?.owners[0];
  const series = {
    ...labels,
    backend: rule.backend ?? NO_BACKEND,
    action: kind,
    mode: rule.shadow ? ("shadow" as const) : ("enforce" as const),
  };
  return tuned(context, "RuleAboveThreshold", ({ window, for: wait }) =>
    alert(
      {
        name: "RuleAboveThreshold",
        expression: compare(
          sumBy(
            ["fleet", "policy", "rule", "backend"],
            rate(metric("rule_packets_total", { ...labels, outcome }), window),
          ),
          ">",
          threshold,
        ),
        for: wait,
        severity: "warning",
        labels: { ...labels, ...(team === undefined ? {} : { team }) },
        summary: `Rule ${rule.id} ${drops} more than ${threshold} packets/s`,
        description: (t) =>
          `Rule ${t.text(rule.id)} of fleet ${t.text(fleet.name)} ${drops} ${t.rounded} packets/s over all nodes; ${t.text(rule.location.file)} line ${rule.location.line} asks for an alert above ${threshold}.`,
        proof: {
          signals: [
            counter(
              "rule_packets_total",
              { ...series, outcome: kind === "drop" ? "decided" : "exceeded" },
              around(threshold),
            ),
            // What a limit lets on is no attack, however much it is.
            ...(kind === "limit"
              ? [
                  counter(
                    "rule_packets_total",
                    { ...series, outcome: "conformed" },
                    { quiet: threshold * 100, firing: threshold * 100 },
                  ),
                ]
              : []),
          ],
          value: threshold * 1.01,
          windows: [window],
        },
      },
      context,
    ),
  );
}
