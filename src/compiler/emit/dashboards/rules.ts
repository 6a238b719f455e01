// Rules to panels: what a rule drops, its limit in words, and its alert's threshold as a line.

import type { LimitAction, RuleIr } from "../../../ir/nodes.ts";
import { anyOf, metric, rate, sumBy } from "../../../metrics/query.ts";
import { type MetricPanel, query, redAbove } from "./panel.ts";
import { type FleetMatcher, WINDOW } from "./vectors.ts";

/** null: it passes packets, and drops none. */
export function rulePanel(rule: RuleIr, fleet: FleetMatcher): MetricPanel | null {
  if (rule.action.kind === "pass") return null;
  const of = { fleet, policy: rule.policy, rule: rule.name } as const;
  const threshold = rule.alertAbovePps;
  const isLimit = rule.action.kind === "limit";
  const outcomes = isLimit
    ? [
        query(
          sumBy(
            [],
            rate(metric("rule_packets_total", { ...of, outcome: anyOf("exceeded", "blocked") }), WINDOW),
          ),
          () => "above",
        ),
        query(
          sumBy([], rate(metric("rule_packets_total", { ...of, outcome: "conformed" }), WINDOW)),
          () => "within",
        ),
      ]
    : [
        query(
          sumBy([], rate(metric("rule_packets_total", { ...of, outcome: "decided" }), WINDOW)),
          () => "dropped",
        ),
      ];
  return {
    kind: "series",
    title: rule.id,
    description: `${describe(rule)} Line ${rule.location.line} of ${rule.location.file}.`,
    unit: "pps",
    queries: outcomes,
    ...(threshold === null ? {} : { thresholds: redAbove(threshold) }),
  };
}

function describe(rule: RuleIr): string {
  const shadow = rule.shadow ? " It is in shadow mode: it drops nothing." : "";
  const alert =
    rule.alertAbovePps === null ? "" : ` The line is its alert's threshold, ${rule.alertAbovePps} packets/s.`;
  const what = rule.action.kind === "limit" ? limitInWords(rule.action) : "Drops what it matches.";
  const match =
    rule.match.terms.length === 0 ? "" : ` Matches ${rule.match.terms.map(({ text }) => text).join(", ")}.`;
  return `${what}${match}${shadow}${alert}`;
}

function limitInWords({
  ratePerSecond,
  unit,
  burst,
  key,
  prefix4,
  prefix6,
  blockForSeconds,
}: LimitAction): string {
  const keys = {
    rule: "in all",
    source: `for each source (/${prefix4}, /${prefix6})`,
    destination: `for each destination (/${prefix4}, /${prefix6})`,
    "source-port": "for each source and source port",
    "destination-port": "for each source and destination port",
  };
  const block = blockForSeconds === null ? "" : ` A source above it is blocked for ${blockForSeconds} s.`;
  return `At most ${ratePerSecond} ${unit}/s ${keys[key]}, ${burst} at once.${block}`;
}
