// Panels of log lines: the operations guide's queries, for the site's namespaces.

import type { SiteIr } from "../../../ir/site.ts";
import { LOG_WORDS } from "../../../metrics/log-labels.ts";
import { logs } from "../../../metrics/log-query.ts";
import { WORKER_APP } from "../kubernetes.ts";
import type { LogPanel } from "./panel.ts";

/** The agents have a namespace of their own; the rest of the platform another. */
function namespaces({ namespaces: { platform, workers } }: SiteIr): string[] {
  return [platform.name, workers.name];
}

export function errorLogs(site: SiteIr): LogPanel {
  return {
    kind: "logs",
    title: "Errors",
    description: "Lines of any part of the platform that speak of an error.",
    expression: logs({ namespace: namespaces(site) }, '|= "error"'),
  };
}

/** Of one backend where it is given. */
export function attackLogs(site: SiteIr, backend?: string): LogPanel {
  const only = backend === undefined ? "" : ` | json | backend=${JSON.stringify(backend)}`;
  return {
    kind: "logs",
    title: "Attack detections",
    description:
      "Sampled packets that an enforcing rule, a limit or a block dropped, as the agents log them.",
    expression: logs({ namespace: namespaces(site), app: WORKER_APP }, `|= "${LOG_WORDS.attack}"${only}`),
  };
}

export function rateLimitedLogs(site: SiteIr): LogPanel {
  return {
    kind: "logs",
    title: "Rate limited",
    description: "Sampled packets that were above a limit's rate.",
    expression: logs(
      { namespace: namespaces(site) },
      `|= "${LOG_WORDS.limited}" | json | ${LOG_WORDS.limited}="true"`,
    ),
  };
}

export function slowRequestLogs(site: SiteIr): LogPanel {
  return {
    kind: "logs",
    title: "Slow requests",
    description: "Requests to the gateway that took more than half a second.",
    expression: logs(
      { namespace: site.namespaces.platform.name, app: "pistonprotection-gateway" },
      "| json | latency_ms > 500",
    ),
  };
}
