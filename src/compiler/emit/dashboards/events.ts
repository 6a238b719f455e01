// Rows on the events that the agents make of samples: how many, how fast, what is not kept and why, and where they go.

import type { SiteIr } from "../../../ir/site.ts";
import { age, divide, maxBy, metric, quantile, rate, sumBy } from "../../../metrics/query.ts";
import type { Row } from "./frame.ts";
import { type MetricPanel, query } from "./panel.ts";
import { ofAlert } from "./thresholds.ts";
import { WINDOW } from "./vectors.ts";

export function eventRows(site: SiteIr): Row[] {
  return [
    {
      title: "Events",
      height: 8,
      panels: [
        {
          kind: "stacked",
          title: "Events by priority",
          description: "Events that the agents keep each second.",
          unit: "short",
          queries: [
            query(sumBy(["priority"], rate(metric("events_processed_total"), WINDOW)), (label) =>
              label("priority"),
            ),
          ],
        },
        {
          kind: "stacked",
          title: "Events not kept",
          description:
            "By the one cause. kernel-rate is the limit on samples in the kernel, and as it should be in a flood.",
          unit: "short",
          queries: [
            query(sumBy(["cause"], rate(metric("events_dropped_total"), WINDOW)), (label) => label("cause")),
          ],
        },
        {
          kind: "series",
          title: "Share of errors",
          description:
            "Errors of the event path, of the events that are kept. Red where HighErrorRate begins to wait.",
          unit: "percentunit",
          ...ofAlert(site, "HighErrorRate"),
          queries: [
            query(
              divide(
                sumBy(["instance"], rate(metric("event_errors_total"), WINDOW)),
                sumBy(["instance"], rate(metric("events_processed_total"), WINDOW)),
              ),
              (label) => label("instance"),
            ),
          ],
        },
        {
          kind: "series",
          title: "Time to an event",
          description: "From the packet to its event being kept.",
          unit: "s",
          queries: [0.5, 0.95, 0.99].map((q) =>
            query(quantile(q, "event_processing_duration_seconds", {}, WINDOW, []), () => `p${q * 100}`),
          ),
        },
      ],
    },
    {
      height: 8,
      panels: [
        {
          kind: "series",
          title: "Fill of the queue",
          description: "Events that wait for the sinks, of those that can wait; the fullest node.",
          unit: "percentunit",
          max: 1,
          queries: [
            query(
              maxBy(["instance"], divide(metric("event_queue_depth"), metric("event_queue_capacity"))),
              (label) => label("instance"),
            ),
          ],
        },
        {
          kind: "series",
          title: "Degradation",
          description:
            "0 all events are kept, 1 normal ones in part, 2 high and above, 3 critical and essential. Filtering is the same at each.",
          unit: "short",
          max: 3,
          queries: [query(maxBy(["instance"], metric("degradation_level")), (label) => label("instance"))],
        },
        {
          kind: "series",
          title: "Sinks",
          description: "Circuit breaker of each configured sink: 0 closed, 0.5 half-open, 1 open.",
          unit: "short",
          max: 1,
          queries: [query(maxBy(["sink"], metric("circuit_breaker_state")), (label) => label("sink"))],
        },
        {
          kind: "series",
          title: "Last event",
          description: "Time since the packet of the last event. Long in peace.",
          unit: "s",
          queries: [
            query(age(maxBy(["instance"], metric("last_event_timestamp_seconds"))), (label) =>
              label("instance"),
            ),
          ],
        },
      ],
    },
  ];
}

export const ATTACK_PATTERNS: MetricPanel = {
  kind: "stacked",
  title: "Attack patterns",
  description: "What sampled packets look like. One packet may show several patterns.",
  unit: "short",
  queries: [
    query(sumBy(["pattern"], rate(metric("event_patterns_total"), WINDOW)), (label) => label("pattern")),
  ],
};
