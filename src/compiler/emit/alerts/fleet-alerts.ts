// A fleet to its own alerts: nobody serves it, and each rule that asks for an alert.

import type { CheckedFleet, RuleIr } from "../../../ir/nodes.ts";
import { absent, anyOf, compare, metric, rate, sumBy } from "../../../metrics/query.ts";
import { type AlertGroup, type AlertRule, alert, literal } from "./alert.ts";

export function fleetAlerts(fleet: CheckedFleet): AlertGroup {
  return {
    name: `pistonprotection-fleet-${fleet.name}`,
    rules: [
      alert({
        name: "FleetNotServed",
        expression: absent(metric("generation_info", { fleet: fleet.name })),
        for: "5m",
        severity: "critical",
        labels: { fleet: fleet.name },
        summary: "No node reports a generation of the fleet",
        description: () =>
          `Prometheus has heard of no node that serves fleet ${fleet.name}: no agent runs, or none is scraped.`,
      }),
      ...fleet.rules.flatMap((rule) => ruleAlert(fleet, rule)),
    ],
  };
}

function ruleAlert(fleet: CheckedFleet, rule: RuleIr): AlertRule[] {
  const threshold = rule.alertAbovePps;
  // A pass rule drops nothing: an alert on its drops could never fire.
  if (threshold === null || rule.action.kind === "pass") return [];
  const outcome = rule.action.kind === "drop" ? "decided" : anyOf("exceeded", "blocked");
  const matchers = { fleet: fleet.name, policy: rule.policy, rule: rule.name, outcome } as const;
  const drops = rule.shadow ? "would drop" : "drops";
  return [
    alert({
      name: "RuleAboveThreshold",
      expression: compare(
        sumBy(["fleet", "policy", "rule", "backend"], rate(metric("rule_packets_total", matchers), "1m")),
        ">",
        threshold,
      ),
      for: "1m",
      severity: "warning",
      labels: { fleet: fleet.name, policy: rule.policy, rule: rule.name },
      summary: literal(`Rule ${rule.id} ${drops} more than ${threshold} packets/s`),
      description: (t) =>
        `${literal(`Rule ${rule.id} of fleet ${fleet.name}`)} ${drops} ${t.rounded} packets/s over all nodes; ${literal(rule.location.file)} line ${rule.location.line} asks for an alert above ${threshold}.`,
    }),
  ];
}
