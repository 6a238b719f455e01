// A backend to its own dashboard: its health, its service level, and the rules that guard it, over all fleets.

import type { BackendIr, CheckedFleet } from "../../../ir/nodes.ts";
import { passRatioOf, type SiteIr } from "../../../ir/site.ts";
import { divide, metric, minBy, rate, sumBy } from "../../../metrics/query.ts";
import { type DashboardDefinition, grid, type Row } from "./frame.ts";
import { attackLogs } from "./log-panels.ts";
import { query } from "./panel.ts";
import { busiestRules, rulePanel, rulesWithPanel } from "./rules.ts";
import { ofAlert } from "./thresholds.ts";
import { CHOSEN_FLEET, WINDOW } from "./vectors.ts";

export function backendSlug(name: string): string {
  return `backend-${name}`;
}

/** `fleets`: those that protect it. */
export function backendDashboard(
  backend: BackendIr,
  fleets: readonly CheckedFleet[],
  site: SiteIr,
): DashboardDefinition {
  const fleet = CHOSEN_FLEET;
  const of = { fleet, backend: backend.name } as const;
  const rules = fleets.flatMap((one) => one.rules).filter((rule) => rule.backend === backend.name);
  // Two fleets may have the same policy.
  const seen = new Set<string>();
  const unique = rules.filter(({ id }) => !seen.has(id) && seen.add(id));
  const shown = rulesWithPanel(unique);
  return {
    slug: backendSlug(backend.name),
    title: `backend ${backend.name}`,
    description: `${backend.listen.join(", ")}, ${backend.protocols.join(" and ")}; ${backend.origins.length} origins; ${unique.length} rules. It is to have ${passRatioOf(site, backend) * 100} % of its packets passed.`,
    tags: ["backend"],
    variables: ["fleet"],
    related: fleets.map(({ name }) => ({ slug: `fleet-${name}`, title: `Fleet ${name}` })),
    rows: [
      {
        height: 8,
        panels: [
          {
            kind: "series",
            title: "Passed and dropped",
            description:
              "Packets that a rule of the backend passes, and those that a rule, a limit or a block drops.",
            unit: "pps",
            queries: [
              query(
                sumBy(
                  [],
                  rate(
                    metric("rule_packets_total", {
                      ...of,
                      mode: "enforce",
                      action: "pass",
                      outcome: "decided",
                    }),
                    WINDOW,
                  ),
                ),
                () => "passed",
              ),
              query(sumBy([], rate(metric("attacks_detected_total", of), WINDOW)), () => "dropped"),
            ],
          },
          {
            kind: "stacked",
            title: "Dropped by node",
            description: "Packets dropped for the backend each second, by the node that they came in at.",
            unit: "pps",
            queries: [
              query(sumBy(["instance"], rate(metric("attacks_detected_total", of), WINDOW)), (label) =>
                label("instance"),
              ),
            ],
          },
          ...(backend.healthCheck === null ? [] : [health(of, site)]),
        ],
      },
      ...grid(
        7,
        unique.filter((rule) => shown.has(rule)).flatMap((rule) => rulePanel(rule, fleet) ?? []),
        "Rules",
      ),
      ...busiestRules(unique, of),
      { height: 10, panels: [attackLogs(site, backend.name)] },
    ],
  };
}

function health(
  of: { readonly fleet: typeof CHOSEN_FLEET; readonly backend: string },
  site: SiteIr,
): Row["panels"][number] {
  return {
    kind: "series",
    title: "Healthy origins",
    description: "Share of the origins that is healthy, as the worst node sees it.",
    unit: "percentunit",
    max: 1,
    ...ofAlert(site, "BackendDegraded"),
    queries: [
      query(
        minBy(
          ["backend"],
          divide(metric("backend_healthy_origins", of), metric("backend_total_origins", of)),
        ),
        () => "healthy",
      ),
    ],
  };
}
