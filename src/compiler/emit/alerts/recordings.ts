// What dashboards ask for again and again, recorded: rates by fleet, rule and backend.

import {
  anyOf,
  complement,
  divide,
  metric,
  type Recording,
  rate,
  recorded,
  sumBy,
} from "../../../metrics/query.ts";

const trafficRate: Recording<"fleet"> = {
  record: "fleet:pistonprotection_traffic_packets:rate5m",
  expression: sumBy(["fleet"], rate(metric("traffic_packets_total"), "5m")),
};
const trafficBytesRate: Recording<"fleet"> = {
  record: "fleet:pistonprotection_traffic_bytes:rate5m",
  expression: sumBy(["fleet"], rate(metric("traffic_bytes_total"), "5m")),
};
export const droppedRate: Recording<"fleet"> = {
  record: "fleet:pistonprotection_packets_dropped:rate5m",
  expression: sumBy(["fleet"], rate(metric("packets_dropped_total"), "5m")),
};
export const passRatio: Recording<"fleet"> = {
  record: "fleet:pistonprotection_pass:ratio_rate5m",
  expression: complement(divide(recorded(droppedRate), recorded(trafficRate))),
};
/** What enforcing rules drop. */
const ruleDropRate: Recording<"fleet" | "policy" | "rule" | "backend"> = {
  record: "rule:pistonprotection_packets_dropped:rate5m",
  expression: sumBy(
    ["fleet", "policy", "rule", "backend"],
    rate(
      metric("rule_packets_total", {
        mode: "enforce",
        action: anyOf("drop", "limit"),
        outcome: anyOf("decided", "exceeded", "blocked"),
      }),
      "5m",
    ),
  ),
};
const attackRate: Recording<"fleet" | "backend"> = {
  record: "backend:pistonprotection_attacks_detected:rate5m",
  expression: sumBy(["fleet", "backend"], rate(metric("attacks_detected_total"), "5m")),
};

/** In the order in which they need each other. */
export const RECORDINGS: readonly Recording<string>[] = [
  trafficRate,
  trafficBytesRate,
  droppedRate,
  passRatio,
  ruleDropRate,
  attackRate,
];
