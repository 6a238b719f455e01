// Alerts on what becomes of an agent's events (samples of what is not passed). Whatever happens to them, filtering is the same.

import { secondsOf } from "../../../ir/duration.ts";
import {
  compare,
  divide,
  increase,
  maxBy,
  metric,
  noneOf,
  plus,
  rate,
  sumBy,
} from "../../../metrics/query.ts";
import { type Alert, alert } from "./alert.ts";
import { type SiteAlertContext, tuned } from "./context.ts";
import { around, counter, exact, gauge } from "./signal.ts";

export function eventAlerts(context: SiteAlertContext): Alert[] {
  return [
    ...tuned(context, "HighErrorRate", ({ threshold, window, for: wait }) =>
      alert(
        {
          name: "HighErrorRate",
          expression: compare(
            divide(
              sumBy(["instance"], rate(metric("event_errors_total"), window)),
              sumBy(["instance"], rate(metric("events_processed_total"), window)),
            ),
            ">",
            threshold,
          ),
          for: wait,
          severity: "warning",
          summary: "High error rate",
          description: (t) =>
            `The agent on ${t.label("instance")} has an error for ${t.percent} of the events that it keeps; the label type of event_errors_total says which.`,
          proof: {
            signals: [
              counter("events_processed_total", { priority: "high" }, { quiet: 100, firing: 100 }),
              counter("event_errors_total", { type: "sink-statsd" }, around(threshold, 100)),
            ],
            value: exact(threshold * 1.01),
            windows: [window],
          },
        },
        context,
      ),
    ),
    ...tuned(context, "HighEventDropRate", ({ threshold, window, for: wait }) => {
      // What the program's budget of samples left out was never to be kept: a flood is meant to be sampled.
      const dropped = sumBy(
        ["instance"],
        rate(metric("events_dropped_total", { cause: noneOf("kernel-rate") }), window),
      );
      const kept = sumBy(["instance"], rate(metric("events_processed_total"), window));
      const levels = around(threshold, 1000);
      return alert(
        {
          name: "HighEventDropRate",
          expression: compare(divide(dropped, plus(dropped, kept)), ">", threshold),
          for: wait,
          severity: "warning",
          summary: "Events are dropped",
          description: (t) =>
            `The agent on ${t.label("instance")} does not keep ${t.percent} of its events; the label cause of events_dropped_total says why.`,
          proof: {
            signals: [
              counter("events_dropped_total", { cause: "kernel-rate" }, { quiet: 5000, firing: 5000 }),
              counter("events_dropped_total", { cause: "rate-limited" }, levels),
              counter(
                "events_processed_total",
                { priority: "normal" },
                { quiet: 1000 - levels.quiet, firing: 1000 - levels.firing },
              ),
            ],
            value: exact(threshold * 1.01),
            windows: [window],
          },
        },
        context,
      );
    }),
    ...tuned(context, "EventsDegraded", ({ threshold, for: wait }) =>
      alert(
        {
          name: "EventsDegraded",
          expression: compare(maxBy(["instance"], metric("degradation_level")), ">", threshold),
          for: wait,
          severity: "warning",
          summary: "An agent keeps only a part of its events",
          description: (t) =>
            `The agent on ${t.label("instance")} is at degradation level ${t.value} of 3, to stay within its limits. Filtering is the same.`,
          proof: {
            signals: [gauge("degradation_level", {}, { quiet: threshold, firing: threshold + 1 })],
            value: threshold + 1,
            windows: [],
          },
        },
        context,
      ),
    ),
    ...tuned(context, "CircuitBreakerOpen", ({ for: wait }) =>
      alert(
        {
          name: "CircuitBreakerOpen",
          expression: compare(maxBy(["instance", "sink"], metric("circuit_breaker_state")), "==", 1),
          for: wait,
          severity: "warning",
          summary: "A sink of events does not answer",
          description: (t) =>
            `The agent on ${t.label("instance")} hands nothing to its sink ${t.label("sink")}: too much of it has failed.`,
          proof: {
            signals: [gauge("circuit_breaker_state", { sink: "statsd" }, { quiet: 0.5, firing: 1 })],
            value: 1,
            windows: [],
          },
        },
        context,
      ),
    ),
    ...tuned(context, "EventWorkerRestarting", ({ threshold, window }) =>
      alert(
        {
          name: "EventWorkerRestarting",
          expression: compare(
            sumBy(["instance"], increase(metric("event_worker_restarts_total"), window)),
            ">",
            threshold,
          ),
          // The increase stays for as long as its window.
          for: null,
          severity: "warning",
          summary: "An agent's event worker crashes again and again",
          description: (t) =>
            `The event worker on ${t.label("instance")} was started again ${t.rounded} times within ${window}; its log says what ended it.`,
          proof: {
            signals: [counter("event_worker_restarts_total", {}, around(threshold, 1 / secondsOf(window)))],
            value: exact(threshold * 1.01),
            windows: [window],
          },
        },
        context,
      ),
    ),
  ];
}
