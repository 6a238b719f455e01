// Rules to panels: what a rule drops, its limit in words, and its alert's threshold as a line.

import type { LimitAction, RuleIr } from "../../../ir/nodes.ts";
import { anyOf, type Matchers, metric, rate, sumBy } from "../../../metrics/query.ts";
import type { Row } from "./frame.ts";
import { type MetricPanel, query, redAbove } from "./panel.ts";
import { DROP_RULES, type FleetMatcher, LIMITS, topRules, WINDOW } from "./vectors.ts";

/** A dashboard with more is neither read nor, beyond 1 MiB, taken by the API server. */
const OWN_PANELS_MAX = 60;

/**
 * The rules that get a panel of their own: all that drop, or where those are too many the ones that ask for an alert,
 * and then the topmost.
 */
export function rulesWithPanel(rules: readonly RuleIr[]): ReadonlySet<RuleIr> {
  const dropping = rules.filter(({ action }) => action.kind !== "pass");
  if (dropping.length <= OWN_PANELS_MAX) return new Set(dropping);
  const asksForAlert = ({ alertAbovePps }: RuleIr) => alertAbovePps !== null;
  const others = dropping.filter((rule) => !asksForAlert(rule));
  return new Set([...dropping.filter(asksForAlert), ...others].slice(0, OWN_PANELS_MAX));
}

/** What stands for the rules that have no panel of their own; none where each has one. */
export function busiestRules(
  rules: readonly RuleIr[],
  of: Pick<Matchers<"rule_packets_total">, "fleet" | "backend">,
): Row[] {
  const without = rules.filter(({ action }) => action.kind !== "pass").length - rulesWithPanel(rules).size;
  if (without === 0) return [];
  const panel = (title: string, what: string, matchers: Matchers<"rule_packets_total">): MetricPanel => ({
    kind: "series",
    title,
    description: `The ten ${what} that drop most, of all. ${without} rules have no panel of their own.`,
    unit: "pps",
    queries: [query(topRules(matchers), (label) => `${label("policy")}/${label("rule")}`)],
  });
  return [
    {
      height: 8,
      title: "Busiest rules",
      panels: [
        panel("Busiest drop rules", "drop rules", { ...DROP_RULES, ...of }),
        panel("Busiest limits", "limits", { ...LIMITS, ...of }),
      ],
    },
  ];
}

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
