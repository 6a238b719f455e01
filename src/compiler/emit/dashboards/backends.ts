// The backends dashboard: which are healthy, and what reaches them.

import type { SiteIr } from "../../../ir/site.ts";
import { anyOf, divide, matching, metric, minBy, rate, sumBy } from "../../../metrics/query.ts";
import type { DashboardDefinition } from "./frame.ts";
import { query, redAbove } from "./panel.ts";
import { ofAlert } from "./thresholds.ts";
import { CHOSEN_FLEET, WINDOW } from "./vectors.ts";

export function backendsDashboard(site: SiteIr): DashboardDefinition {
  const chosen = { fleet: CHOSEN_FLEET, backend: matching("$backend") };
  const count = (status: "healthy" | "degraded" | "unhealthy") =>
    sumBy(["fleet"], metric("backend_health", { ...chosen, status }));
  return {
    slug: "backends",
    title: "backends",
    description: "Health of the protected services' origins, and what is passed to them or dropped for them.",
    variables: ["fleet", "backend"],
    rows: [
      {
        height: 4,
        panels: [
          {
            kind: "stat",
            title: "Healthy",
            description: "Backends of which every origin is healthy.",
            unit: "short",
            queries: [query(count("healthy"), (label) => label("fleet"))],
          },
          {
            kind: "stat",
            title: "Degraded",
            description: "Backends of which some origins are healthy, and some are not.",
            unit: "short",
            thresholds: redAbove(1),
            queries: [query(count("degraded"), (label) => label("fleet"))],
          },
          {
            kind: "stat",
            title: "Unhealthy",
            description: "Backends of which no origin is healthy.",
            unit: "short",
            thresholds: redAbove(1),
            queries: [query(count("unhealthy"), (label) => label("fleet"))],
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: "series",
            title: "Healthy origins",
            description: "Share of each backend's origins that is healthy, as the worst node sees it.",
            unit: "percentunit",
            max: 1,
            ...ofAlert(site, "BackendDegraded"),
            queries: [
              query(
                minBy(
                  ["backend"],
                  divide(metric("backend_healthy_origins", chosen), metric("backend_total_origins", chosen)),
                ),
                (label) => label("backend"),
              ),
            ],
          },
          {
            kind: "table",
            title: "Status",
            description: "What each node finds of each backend.",
            unit: "short",
            queries: [
              query(sumBy(["fleet", "backend", "status"], metric("backend_health", chosen)), () => ""),
            ],
          },
        ],
      },
      {
        height: 9,
        panels: [
          {
            kind: "series",
            title: "Passed",
            description: "Packets that a rule of the backend passes each second.",
            unit: "pps",
            queries: [
              query(
                sumBy(
                  ["backend"],
                  rate(
                    metric("rule_packets_total", {
                      ...chosen,
                      mode: "enforce",
                      action: "pass",
                      outcome: "decided",
                    }),
                    WINDOW,
                  ),
                ),
                (label) => label("backend"),
              ),
            ],
          },
          {
            kind: "series",
            title: "Dropped",
            description: "Packets that a rule, a limit or a block of the backend drops each second.",
            unit: "pps",
            queries: [
              query(sumBy(["backend"], rate(metric("attacks_detected_total", chosen), WINDOW)), (label) =>
                label("backend"),
              ),
            ],
          },
        ],
      },
      {
        height: 9,
        panels: [
          {
            kind: "series",
            title: "Within the limits",
            description:
              "Packets that limits of the backend let go on to the next rule. A packet counts at each limit.",
            unit: "pps",
            queries: [
              query(
                sumBy(
                  ["backend", "rule"],
                  rate(
                    metric("rule_packets_total", { ...chosen, action: "limit", outcome: "conformed" }),
                    WINDOW,
                  ),
                ),
                (label) => `${label("backend")} ${label("rule")}`,
              ),
            ],
          },
          {
            kind: "series",
            title: "Above the limits",
            description: "Packets above the rate of a limit, or of sources that it has blocked.",
            unit: "pps",
            queries: [
              query(
                sumBy(
                  ["backend", "rule"],
                  rate(
                    metric("rule_packets_total", {
                      ...chosen,
                      action: "limit",
                      outcome: anyOf("exceeded", "blocked"),
                    }),
                    WINDOW,
                  ),
                ),
                (label) => `${label("backend")} ${label("rule")}`,
              ),
            ],
          },
        ],
      },
    ],
  };
}
