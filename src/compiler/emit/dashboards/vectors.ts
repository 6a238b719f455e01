// What several dashboards ask, of some fleets.

import { anyOf, divide, type Matchers, matching, metric, rate, sumBy, topK } from "../../../metrics/query.ts";

export const WINDOW = "$__rate_interval";

/** One fleet by name, or those that the dashboard's variable chooses. */
export type FleetMatcher = NonNullable<Matchers<"traffic_packets_total">["fleet"]>;
export const CHOSEN_FLEET: FleetMatcher = matching("$fleet");

export function traffic(fleet: FleetMatcher) {
  return sumBy(["fleet"], rate(metric("traffic_packets_total", { fleet }), WINDOW));
}
export function dropped(fleet: FleetMatcher) {
  return sumBy(["fleet"], rate(metric("packets_dropped_total", { fleet }), WINDOW));
}
export function dropShare(fleet: FleetMatcher) {
  return divide(dropped(fleet), traffic(fleet));
}
export function byVerdict(fleet: FleetMatcher) {
  return sumBy(["verdict"], rate(metric("reason_packets_total", { fleet }), WINDOW));
}
export function bytesByVerdict(fleet: FleetMatcher) {
  return sumBy(["verdict"], rate(metric("reason_bytes_total", { fleet }), WINDOW));
}
export function dropsByReason(fleet: FleetMatcher) {
  return sumBy(["reason"], rate(metric("reason_packets_total", { fleet, verdict: "drop" }), WINDOW));
}
export function attacks(fleet: FleetMatcher) {
  return sumBy(["fleet"], rate(metric("attacks_detected_total", { fleet }), WINDOW));
}
export function attacksByBackend(fleet: FleetMatcher) {
  return sumBy(["backend"], rate(metric("attacks_detected_total", { fleet }), WINDOW));
}

type RuleMatchers = Matchers<"rule_packets_total">;

/** Packets that rules drop, or would drop in shadow. */
export const DROP_RULES = {
  mode: "enforce",
  action: "drop",
  outcome: "decided",
} as const satisfies RuleMatchers;
export const LIMITS = {
  mode: "enforce",
  outcome: anyOf("exceeded", "blocked"),
} as const satisfies RuleMatchers;
export const SHADOW = {
  mode: "shadow",
  action: anyOf("drop", "limit"),
  outcome: anyOf("decided", "exceeded"),
} as const satisfies RuleMatchers;

export function topRules(matchers: RuleMatchers) {
  return topK(10, sumBy(["policy", "rule"], rate(metric("rule_packets_total", matchers), WINDOW)));
}
