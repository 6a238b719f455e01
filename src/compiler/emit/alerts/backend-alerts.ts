// Alerts on the servers behind the protected services, as the agents' health checks find them. Every node asks for itself:
// what stands here is over all nodes of a fleet.

import { anyOf, compare, divide, metric, sumBy } from "../../../metrics/query.ts";
import { type Alert, alert } from "./alert.ts";
import { type SiteAlertContext, tuned } from "./context.ts";
import { around, gauge } from "./signal.ts";

const ORIGINS = 1000;

export function backendAlerts(context: SiteAlertContext): Alert[] {
  const labels = { fleet: "edge", backend: [...context.teams.keys()][0] ?? "dns" };
  return [
    ...tuned(context, "AllBackendsUnhealthy", ({ for: wait }) =>
      alert(
        {
          name: "AllBackendsUnhealthy",
          // A degraded backend still has an origin that answers.
          expression: compare(
            sumBy(["fleet"], metric("backend_health", { status: anyOf("healthy", "degraded") })),
            "==",
            0,
          ),
          for: wait,
          severity: "critical",
          summary: "All backends are unhealthy",
          description: (t) =>
            `No backend of fleet ${t.label("fleet")} has an origin that answers. Seen from every node: look at the network to the origins first.`,
          proof: {
            signals: [
              gauge("backend_health", { ...labels, status: "healthy" }, { quiet: 0, firing: 0 }),
              gauge("backend_health", { ...labels, status: "degraded" }, { quiet: 1, firing: 0 }),
              gauge("backend_health", { ...labels, status: "unhealthy" }, { quiet: 0, firing: 1 }),
            ],
            value: 0,
            windows: [],
          },
        },
        context,
      ),
    ),
    ...tuned(context, "BackendDegraded", ({ threshold, for: wait }) =>
      alert(
        {
          name: "BackendDegraded",
          expression: compare(
            divide(
              sumBy(["fleet", "backend"], metric("backend_healthy_origins")),
              sumBy(["fleet", "backend"], metric("backend_total_origins")),
            ),
            "<",
            threshold,
          ),
          for: wait,
          severity: "warning",
          teams: context.teams,
          summary: "Backend is degraded",
          description: (t) =>
            `Backend ${t.label("backend")} of fleet ${t.label("fleet")} has only ${t.percent} healthy origins.`,
          proof: {
            signals: [
              gauge("backend_healthy_origins", labels, {
                quiet: around(threshold, ORIGINS).firing,
                firing: around(threshold, ORIGINS).quiet,
              }),
              gauge("backend_total_origins", labels, { quiet: ORIGINS, firing: ORIGINS }),
            ],
            value: threshold * 0.99,
            windows: [],
          },
        },
        context,
      ),
    ),
  ];
}
