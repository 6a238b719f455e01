// A fleet to its own dashboard: its traffic, and a panel for each rule that drops, under its policy; of thousands of
// rules the busiest.

import type { CheckedFleet } from "../../../ir/nodes.ts";
import { maxBy, metric, minBy, rate, sumBy } from "../../../metrics/query.ts";
import { backendSlug } from "./backend.ts";
import { type DashboardDefinition, grid } from "./frame.ts";
import { query } from "./panel.ts";
import { busiestRules, rulePanel, rulesWithPanel } from "./rules.ts";
import { verdictPanels } from "./shared-panels.ts";
import { attacks, dropShare, dropsByReason, traffic, WINDOW } from "./vectors.ts";

export function fleetDashboard(fleet: CheckedFleet): DashboardDefinition {
  const { name } = fleet;
  const shown = rulesWithPanel(fleet.rules);
  return {
    slug: `fleet-${name}`,
    title: `fleet ${name}`,
    description: `Fleet ${name}: ${fleet.policies.length} policies, ${fleet.rules.length} rules, on ${fleet.interfaces.join(", ")}.`,
    tags: ["fleet"],
    variables: [],
    fleet: name,
    related: fleet.backends.map((backend) => ({ slug: backendSlug(backend.name), title: backend.name })),
    rows: [
      {
        height: 4,
        panels: [
          {
            kind: "stat",
            title: "Packets",
            description: "Packets judged each second.",
            unit: "pps",
            queries: [query(traffic(name), () => "packets")],
          },
          {
            kind: "stat",
            title: "Dropped",
            description: "Share of the packets that is dropped.",
            unit: "percentunit",
            max: 1,
            queries: [query(dropShare(name), () => "dropped")],
          },
          {
            kind: "stat",
            title: "Attacks",
            description: "Packets dropped each second by a rule, a limit or a block.",
            unit: "pps",
            queries: [query(attacks(name), () => "attacks")],
          },
          {
            kind: "stat",
            title: "By default",
            description: `Packets that no rule decided: they get the fleet's default verdict, ${fleet.defaultVerdict}.`,
            unit: "pps",
            queries: [
              query(
                sumBy([], rate(metric("reason_packets_total", { fleet: name, reason: "default" }), WINDOW)),
                () => "default",
              ),
            ],
          },
          {
            kind: "stat",
            title: "Interfaces",
            description: "1 where the program is attached on every node.",
            unit: "short",
            thresholds: [
              { value: null, color: "red" },
              { value: 1, color: "green" },
            ],
            queries: [
              query(minBy(["interface"], metric("interface_attached", { fleet: name })), (label) =>
                label("interface"),
              ),
            ],
          },
          {
            kind: "stat",
            title: "Committed",
            description: "When the newest generation was put in charge.",
            unit: "dateTimeFromNow",
            queries: [
              query(
                maxBy([], metric("generation_committed_timestamp_seconds", { fleet: name })),
                () => "committed",
              ),
            ],
          },
        ],
      },
      {
        height: 8,
        panels: [
          ...verdictPanels(name),
          {
            kind: "stacked",
            title: "Drops by reason",
            description: "docs/SEMANTICS.md explains each reason.",
            unit: "pps",
            queries: [query(dropsByReason(name), (label) => label("reason"))],
          },
        ],
      },
      ...[...new Set(fleet.rules.map(({ policy }) => policy))].flatMap((policy) =>
        grid(
          7,
          fleet.rules
            .filter((rule) => rule.policy === policy && shown.has(rule))
            .flatMap((rule) => rulePanel(rule, name) ?? []),
          heading(fleet, policy),
        ),
      ),
      ...busiestRules(fleet.rules, { fleet: name }),
    ],
  };
}

function heading(fleet: CheckedFleet, name: string): string {
  const owners = fleet.policies.find((policy) => policy.name === name)?.owners ?? [];
  return owners.length === 0 ? name : `${name} (${owners.join(", ")})`;
}
