// Alerts that every installation has. Names, thresholds and waiting times are those of the operations guide where it has
// the alert.

import {
  anyOf,
  compare,
  countBy,
  divide,
  increase,
  maxBy,
  metric,
  minBy,
  rate,
  sumBy,
  up,
} from "../../../metrics/query.ts";
import { type AlertGroup, alert } from "./alert.ts";

export const criticalAlerts: AlertGroup = {
  name: "pistonprotection-critical",
  rules: [
    alert({
      name: "HighAttackVolume",
      expression: compare(
        sumBy(["fleet", "backend"], rate(metric("attacks_detected_total"), "5m")),
        ">",
        1000,
      ),
      for: "2m",
      severity: "critical",
      summary: "High attack volume detected",
      description: (t) =>
        `Fleet ${t.label("fleet")} drops ${t.rounded} packets/s of attacks on backend ${t.label("backend")}.`,
    }),
    alert({
      name: "HighDropRate",
      expression: compare(
        divide(
          sumBy(["fleet"], rate(metric("packets_dropped_total"), "5m")),
          sumBy(["fleet"], rate(metric("traffic_packets_total"), "5m")),
        ),
        ">",
        0.5,
      ),
      for: "5m",
      severity: "critical",
      summary: "High packet drop rate",
      description: (t) =>
        `Fleet ${t.label("fleet")} drops ${t.percent} of its packets. Look at the reasons and rules on the dashboard: an attack, or a rule that is too wide.`,
    }),
    alert({
      name: "ServiceDown",
      expression: compare(up("pistonprotection.*"), "==", 0),
      for: "1m",
      severity: "critical",
      summary: "PistonProtection service is down",
      description: (t) =>
        `${t.label("job")} on ${t.label("instance")} does not answer. Its last generation goes on filtering; new bundles are not taken.`,
    }),
    alert({
      name: "NotFiltering",
      expression: compare(minBy(["fleet", "instance", "interface"], metric("interface_attached")), "==", 0),
      for: "1m",
      severity: "critical",
      summary: "An interface is not filtered",
      description: (t) =>
        `${t.label("interface")} of ${t.label("instance")} (fleet ${t.label("fleet")}) has no XDP program of PistonProtection attached.`,
    }),
    alert({
      name: "ComponentFailed",
      expression: compare(minBy(["instance", "component"], metric("component_health")), "==", 0),
      for: "2m",
      severity: "critical",
      summary: "A part of an agent has failed",
      description: (t) => `${t.label("component")} on ${t.label("instance")} has failed; see /health there.`,
    }),
  ],
};

export const warningAlerts: AlertGroup = {
  name: "pistonprotection-warning",
  rules: [
    alert({
      name: "EBPFMapNearCapacity",
      expression: compare(
        divide(
          maxBy(["instance", "map_name"], metric("ebpf_map_entries")),
          maxBy(["instance", "map_name"], metric("ebpf_map_max_entries")),
        ),
        ">",
        0.8,
      ),
      for: "10m",
      severity: "warning",
      summary: "eBPF map near capacity",
      description: (t) => `Map ${t.label("map_name")} on ${t.label("instance")} is ${t.percent} full.`,
    }),
    alert({
      name: "BundleRefused",
      expression: compare(
        sumBy(
          ["fleet", "instance"],
          increase(metric("generation_swaps_total", { result: anyOf("refused", "failed") }), "15m"),
        ),
        ">",
        0,
      ),
      // The increase stays for as long as its window; no need to wait for more.
      for: "0m",
      severity: "warning",
      summary: "An agent has refused a bundle",
      description: (t) =>
        `${t.label("instance")} (fleet ${t.label("fleet")}) goes on with its last good generation. Its log and bundle_refused_total name the part that is wrong.`,
    }),
    alert({
      name: "GenerationDrift",
      expression: compare(
        countBy(["fleet"], countBy(["fleet", "generation"], metric("generation_info"))),
        ">",
        1,
      ),
      // A roll-out takes one node after another.
      for: "30m",
      severity: "warning",
      summary: "Nodes of a fleet serve different generations",
      description: (t) =>
        `Fleet ${t.label("fleet")} serves ${t.value} generations at once: its roll-out has stopped on the way.`,
    }),
    alert({
      name: "ComponentDegraded",
      expression: compare(minBy(["instance", "component"], metric("component_health")), "<", 1),
      for: "10m",
      severity: "warning",
      summary: "A part of an agent is degraded",
      description: (t) => `${t.label("component")} on ${t.label("instance")} is degraded; see /health there.`,
    }),
  ],
};
