// The attacks dashboard: how much, against what, dropped by what.

import type { SiteIr } from "../../../ir/site.ts";
import { matching, metric, rate, sumBy, topK } from "../../../metrics/query.ts";
import { ATTACK_PATTERNS } from "./events.ts";
import type { DashboardDefinition } from "./frame.ts";
import { attackLogs, rateLimitedLogs } from "./log-panels.ts";
import { query } from "./panel.ts";
import { ofAlert } from "./thresholds.ts";
import {
  attacks,
  CHOSEN_FLEET,
  DROP_RULES,
  dropShare,
  dropsByReason,
  SHADOW,
  topRules,
  WINDOW,
} from "./vectors.ts";

export function attacksDashboard(site: SiteIr): DashboardDefinition {
  const fleet = CHOSEN_FLEET;
  const backend = matching("$backend");
  const rules = (outcome: "exceeded" | "blocked") =>
    topK(
      10,
      sumBy(
        ["policy", "rule"],
        rate(metric("rule_packets_total", { fleet, backend, mode: "enforce", outcome }), WINDOW),
      ),
    );
  return {
    slug: "attacks",
    title: "attacks",
    description:
      "What is dropped, against which backend it was sent, and which rule, limit or reason dropped it.",
    variables: ["fleet", "backend"],
    rows: [
      {
        height: 4,
        panels: [
          {
            kind: "stat",
            title: "Attack packets",
            description:
              "Packets dropped each second by a rule, a limit or a block. Red where HighAttackVolume begins to wait.",
            unit: "pps",
            ...ofAlert(site, "HighAttackVolume"),
            queries: [query(attacks(fleet), (label) => label("fleet"))],
          },
          {
            kind: "stat",
            title: "Share dropped",
            description: "Share of all packets that is dropped, for any reason.",
            unit: "percentunit",
            max: 1,
            ...ofAlert(site, "HighDropRate"),
            queries: [query(dropShare(fleet), (label) => label("fleet"))],
          },
          {
            kind: "stat",
            title: "Bytes dropped",
            description: "Bytes of the frames dropped each second.",
            unit: "binBps",
            queries: [
              query(sumBy(["fleet"], rate(metric("bytes_dropped_total", { fleet }), WINDOW)), (label) =>
                label("fleet"),
              ),
            ],
          },
          {
            kind: "stat",
            title: "Samples",
            description: "Dropped and shadow-matched packets that the agents have looked at each second.",
            unit: "pps",
            queries: [
              query(sumBy(["fleet"], rate(metric("samples_total", { fleet }), WINDOW)), (label) =>
                label("fleet"),
              ),
            ],
          },
        ],
      },
      {
        height: 9,
        panels: [
          {
            kind: "stacked",
            title: "Attacks by backend",
            description:
              "Packets dropped by a rule, a limit or a block, by the backend that they were sent to.",
            unit: "pps",
            queries: [
              query(
                sumBy(["backend"], rate(metric("attacks_detected_total", { fleet, backend }), WINDOW)),
                (label) => label("backend"),
              ),
            ],
          },
          {
            kind: "stacked",
            title: "Drops by reason",
            description:
              "docs/SEMANTICS.md explains each reason; malformed packets are named by their fault.",
            unit: "pps",
            queries: [query(dropsByReason(fleet), (label) => label("reason"))],
          },
        ],
      },
      {
        height: 9,
        panels: [
          {
            kind: "series",
            title: "Drop rules",
            description: "The ten drop rules that drop most.",
            unit: "pps",
            queries: [
              query(
                topRules({ fleet, backend, ...DROP_RULES }),
                (label) => `${label("policy")}/${label("rule")}`,
              ),
            ],
          },
          {
            kind: "series",
            title: "Limits exceeded",
            description: "The ten limits that drop most packets above their rate.",
            unit: "pps",
            queries: [query(rules("exceeded"), (label) => `${label("policy")}/${label("rule")}`)],
          },
          {
            kind: "series",
            title: "From blocked sources",
            description: "Packets of sources that a limit has blocked for a time, by the limit.",
            unit: "pps",
            queries: [query(rules("blocked"), (label) => `${label("policy")}/${label("rule")}`)],
          },
        ],
      },
      {
        height: 8,
        panels: [
          ATTACK_PATTERNS,
          {
            kind: "series",
            title: "Shadow rules",
            description: "What rules in shadow mode would have dropped. They drop nothing.",
            unit: "pps",
            queries: [
              query(
                topRules({ fleet, backend, ...SHADOW }),
                (label) => `${label("policy")}/${label("rule")}`,
              ),
            ],
          },
          {
            kind: "series",
            title: "Attack rate by node",
            description: "Which nodes the attack comes in at.",
            unit: "pps",
            queries: [
              query(
                sumBy(["instance"], rate(metric("attacks_detected_total", { fleet, backend }), WINDOW)),
                (label) => label("instance"),
              ),
            ],
          },
        ],
      },
      { height: 10, panels: [attackLogs(site), rateLimitedLogs(site)] },
    ],
  };
}
