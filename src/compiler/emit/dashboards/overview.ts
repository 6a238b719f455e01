// The overview dashboard: what comes, what is dropped and why, by which rule, and how agents and backends are.

import type { SiteIr } from "../../../ir/site.ts";
import { complement, countBy, maxBy, metric, minBy, quantile, sumBy, up } from "../../../metrics/query.ts";
import type { DashboardDefinition } from "./frame.ts";
import { errorLogs } from "./log-panels.ts";
import { query, redAbove } from "./panel.ts";
import { mapFillPanel, verdictPanels } from "./shared-panels.ts";
import { ofAlert } from "./thresholds.ts";
import {
  attacks,
  attacksByBackend,
  CHOSEN_FLEET,
  DROP_RULES,
  dropShare,
  dropsByReason,
  LIMITS,
  SHADOW,
  topRules,
  traffic,
} from "./vectors.ts";

export function overview(site: SiteIr): DashboardDefinition {
  const fleet = CHOSEN_FLEET;
  return {
    slug: "overview",
    title: "overview",
    description: "Traffic, drops, agents and backends of the fleets that are chosen.",
    variables: ["fleet"],
    rows: [
      {
        height: 4,
        panels: [
          {
            kind: "stat",
            title: "Packets",
            description: "Packets judged each second, whatever the verdict.",
            unit: "pps",
            queries: [query(traffic(fleet), (label) => label("fleet"))],
          },
          {
            kind: "stat",
            title: "Dropped",
            description:
              "Share of the packets that is dropped. Red where the alert HighDropRate begins to wait.",
            unit: "percentunit",
            max: 1,
            ...ofAlert(site, "HighDropRate"),
            queries: [query(dropShare(fleet), (label) => label("fleet"))],
          },
          {
            kind: "stat",
            title: "Attacks",
            description: "Packets dropped each second by a rule, a limit or a block.",
            unit: "pps",
            ...ofAlert(site, "HighAttackVolume"),
            queries: [query(attacks(fleet), (label) => label("fleet"))],
          },
          {
            kind: "stat",
            title: "Agents",
            description: "Agents that answer.",
            unit: "short",
            queries: [query(sumBy([], up("pistonprotection.*")), () => "up")],
          },
          {
            kind: "stat",
            title: "Interfaces without filter",
            description: "Interfaces that should have the program attached and have not.",
            unit: "short",
            thresholds: redAbove(1),
            queries: [
              query(sumBy([], complement(metric("interface_attached", { fleet }))), () => "not filtered"),
            ],
          },
          {
            kind: "stat",
            title: "Generations in service",
            description: "More than one: a roll-out is on its way, or has stopped.",
            unit: "short",
            thresholds: redAbove(2),
            queries: [
              query(
                countBy(["fleet"], countBy(["fleet", "generation"], metric("generation_info", { fleet }))),
                (label) => label("fleet"),
              ),
            ],
          },
        ],
      },
      {
        height: 8,
        panels: [...verdictPanels(fleet)],
      },
      {
        height: 8,
        panels: [
          {
            kind: "stacked",
            title: "Drops by reason",
            description: "docs/SEMANTICS.md explains each reason.",
            unit: "pps",
            queries: [query(dropsByReason(fleet), (label) => label("reason"))],
          },
          {
            kind: "series",
            title: "Attacks by backend",
            description:
              "Packets dropped by a rule, a limit or a block, by the backend that they were sent to.",
            unit: "pps",
            queries: [query(attacksByBackend(fleet), (label) => label("backend"))],
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
              query(topRules({ fleet, ...DROP_RULES }), (label) => `${label("policy")}/${label("rule")}`),
            ],
          },
          {
            kind: "series",
            title: "Limits",
            description:
              "The ten limits that drop most: above the rate, or from a source that the limit has blocked.",
            unit: "pps",
            queries: [
              query(topRules({ fleet, ...LIMITS }), (label) => `${label("policy")}/${label("rule")}`),
            ],
          },
          {
            kind: "series",
            title: "Shadow rules",
            description: "What rules in shadow mode would have dropped. They drop nothing.",
            unit: "pps",
            queries: [
              query(topRules({ fleet, ...SHADOW }), (label) => `${label("policy")}/${label("rule")}`),
            ],
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: "table",
            title: "Generations",
            description: "What each node serves.",
            unit: "short",
            queries: [
              query(
                maxBy(["fleet", "instance", "generation", "revision"], metric("generation_info", { fleet })),
                () => "",
              ),
            ],
          },
          {
            kind: "series",
            title: "Health of the agents",
            description: "1 healthy, 0.5 degraded, 0 failed; the worst node.",
            unit: "short",
            max: 1,
            queries: [query(minBy(["component"], metric("component_health")), (label) => label("component"))],
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: "stat",
            title: "Healthy backends",
            description: "Backends of which every origin is found healthy by its health check.",
            unit: "short",
            queries: [
              query(sumBy(["fleet"], metric("backend_health", { fleet, status: "healthy" })), (label) =>
                label("fleet"),
              ),
            ],
          },
          mapFillPanel(site),
          {
            kind: "series",
            title: "API latency",
            description: "Of the agents' own API: 99 of 100 requests are quicker.",
            unit: "s",
            ...ofAlert(site, "ElevatedLatency"),
            queries: [query(quantile(0.99, "api_latency", {}, "$__rate_interval", []), () => "p99")],
          },
        ],
      },
      { height: 10, panels: [errorLogs(site)] },
    ],
  };
}
