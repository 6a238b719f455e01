// The API dashboard: requests to the agents, how long they take, and what the agents are.

import type { SiteIr } from "../../../ir/site.ts";
import { age, divide, maxBy, metric, minBy, quantile, requests, sumBy } from "../../../metrics/query.ts";
import { eventRows } from "./events.ts";
import type { DashboardDefinition } from "./frame.ts";
import { errorLogs, slowRequestLogs } from "./log-panels.ts";
import { query } from "./panel.ts";
import { healthPanel } from "./shared-panels.ts";
import { ofAlert } from "./thresholds.ts";
import { WINDOW } from "./vectors.ts";

export function api(site: SiteIr): DashboardDefinition {
  const all = requests("api_latency", {}, WINDOW);
  return {
    slug: "api",
    title: "API",
    description:
      "The agents' own HTTP API: requests, latencies, errors; certificates and versions of the agents; the events that they make of samples.",
    variables: [],
    rows: [
      {
        height: 4,
        panels: [
          {
            kind: "stat",
            title: "Requests",
            description: "Requests to all agents each second.",
            unit: "reqps",
            queries: [query(sumBy([], all), () => "requests")],
          },
          {
            kind: "stat",
            title: "p99",
            description: "99 of 100 requests are quicker. Red where ElevatedLatency begins to wait.",
            unit: "s",
            ...ofAlert(site, "ElevatedLatency"),
            queries: [query(quantile(0.99, "api_latency", {}, WINDOW, []), () => "p99")],
          },
          {
            kind: "stat",
            title: "Agents by version",
            description: "More than one version: an upgrade is on its way, or has stopped.",
            unit: "short",
            queries: [query(sumBy(["version"], metric("build_info")), (label) => label("version"))],
          },
          {
            kind: "stat",
            title: "Certificates",
            description:
              "Time until the first certificate of the agents' ports expires. Nothing without TLS.",
            unit: "s",
            ...ofAlert(site, "CertificateExpiringSoon"),
            queries: [
              query(minBy(["domain"], metric("certificate_expiry_seconds")), (label) => label("domain")),
            ],
          },
        ],
      },
      {
        height: 9,
        panels: [
          {
            kind: "stacked",
            title: "Requests by route",
            description: "What is asked. Probes of the kubelet and scrapes of Prometheus are among them.",
            unit: "reqps",
            queries: [
              query(sumBy(["route", "method"], all), (label) => `${label("method")} ${label("route")}`),
            ],
          },
          {
            kind: "stacked",
            title: "Answers by status",
            description: "5xx: the agent could not; 4xx: the request was at fault.",
            unit: "reqps",
            queries: [query(sumBy(["status"], all), (label) => label("status"))],
          },
        ],
      },
      {
        height: 9,
        panels: [
          {
            kind: "series",
            title: "Latency",
            description: "From a request's head to the end of its answer, over all routes.",
            unit: "s",
            ...ofAlert(site, "ElevatedLatency"),
            queries: [
              query(quantile(0.5, "api_latency", {}, WINDOW, []), () => "p50"),
              query(quantile(0.95, "api_latency", {}, WINDOW, []), () => "p95"),
              query(quantile(0.99, "api_latency", {}, WINDOW, []), () => "p99"),
            ],
          },
          {
            kind: "series",
            title: "Latency by route",
            description: "99 of 100 requests are quicker.",
            unit: "s",
            queries: [query(quantile(0.99, "api_latency", {}, WINDOW, ["route"]), (label) => label("route"))],
          },
          {
            kind: "series",
            title: "Share of server errors",
            description: "Requests that the agent could not answer, by route.",
            unit: "percentunit",
            max: 1,
            queries: [
              query(
                divide(
                  sumBy(["route"], requests("api_latency", { status: "5xx" }, WINDOW)),
                  sumBy(["route"], all),
                ),
                (label) => label("route"),
              ),
            ],
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: "series",
            title: "Uptime",
            description: "Time since each agent was started. Filtering goes on while it is not there.",
            unit: "s",
            queries: [
              query(age(maxBy(["instance"], metric("process_start_time_seconds"))), (label) =>
                label("instance"),
              ),
            ],
          },
          healthPanel(),
        ],
      },
      ...eventRows(site),
      { height: 10, panels: [slowRequestLogs(site), errorLogs(site)] },
    ],
  };
}
