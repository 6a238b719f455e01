// The overview dashboard: what comes, what is dropped and why, by which rule, and how the agents are.

import type { Threshold } from "@grafana/grafana-foundation-sdk/dashboard";
import {
  anyOf,
  compare,
  countBy,
  divide,
  matching,
  maxBy,
  metric,
  minBy,
  quantile,
  rate,
  sumBy,
  topK,
  up,
} from "../../../metrics/query.ts";
import { type PanelDefinition, query } from "./panel.ts";

const WINDOW = "$__rate_interval";
const fleet = matching("$fleet");

const RED_ABOVE = (threshold: number): Threshold[] => [
  { value: null, color: "green" },
  { value: threshold, color: "red" },
];

const traffic = sumBy(["fleet"], rate(metric("traffic_packets_total", { fleet }), WINDOW));
const dropped = sumBy(["fleet"], rate(metric("packets_dropped_total", { fleet }), WINDOW));
const dropping = { fleet, mode: "enforce", outcome: anyOf("exceeded", "blocked") } as const;

/** Rows of panels from top to bottom; the widths of a row come to 24. */
export const OVERVIEW: readonly { readonly height: number; readonly panels: readonly PanelDefinition[] }[] = [
  {
    height: 4,
    panels: [
      {
        kind: "stat",
        title: "Packets",
        description: "Packets judged each second, whatever the verdict.",
        unit: "pps",
        width: 4,
        queries: [query(traffic, (label) => label("fleet"))],
      },
      {
        kind: "stat",
        title: "Dropped",
        description: "Share of the packets that is dropped.",
        unit: "percentunit",
        width: 4,
        max: 1,
        thresholds: RED_ABOVE(0.5),
        queries: [query(divide(dropped, traffic), (label) => label("fleet"))],
      },
      {
        kind: "stat",
        title: "Attacks",
        description: "Packets dropped each second by a rule, a limit or a block.",
        unit: "pps",
        width: 4,
        thresholds: RED_ABOVE(1000),
        queries: [
          query(sumBy(["fleet"], rate(metric("attacks_detected_total", { fleet }), WINDOW)), (label) =>
            label("fleet"),
          ),
        ],
      },
      {
        kind: "stat",
        title: "Agents",
        description: "Agents that answer.",
        unit: "short",
        width: 4,
        queries: [query(sumBy([], up("pistonprotection.*")), () => "up")],
      },
      {
        kind: "stat",
        title: "Interfaces without filter",
        description: "Interfaces that should have the program attached and have not.",
        unit: "short",
        width: 4,
        thresholds: RED_ABOVE(1),
        queries: [
          query(countBy([], compare(metric("interface_attached", { fleet }), "==", 0)), () => "not filtered"),
        ],
      },
      {
        kind: "stat",
        title: "Generations in service",
        description: "More than one: a roll-out is on its way, or has stopped.",
        unit: "short",
        width: 4,
        thresholds: RED_ABOVE(2),
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
    panels: [
      {
        kind: "stacked",
        title: "Packets by verdict",
        description: "Every packet is in one of them.",
        unit: "pps",
        width: 12,
        queries: [
          query(sumBy(["verdict"], rate(metric("reason_packets_total", { fleet }), WINDOW)), (label) =>
            label("verdict"),
          ),
        ],
      },
      {
        kind: "stacked",
        title: "Bytes by verdict",
        description: "Bytes of frames, from the Ethernet header on.",
        unit: "binBps",
        width: 12,
        queries: [
          query(sumBy(["verdict"], rate(metric("reason_bytes_total", { fleet }), WINDOW)), (label) =>
            label("verdict"),
          ),
        ],
      },
    ],
  },
  {
    height: 8,
    panels: [
      {
        kind: "stacked",
        title: "Drops by reason",
        description: "docs/SEMANTICS.md explains each reason.",
        unit: "pps",
        width: 12,
        queries: [
          query(
            sumBy(["reason"], rate(metric("reason_packets_total", { fleet, verdict: "drop" }), WINDOW)),
            (label) => label("reason"),
          ),
        ],
      },
      {
        kind: "series",
        title: "Attacks by backend",
        description: "Packets dropped by a rule, a limit or a block, by the backend that they were sent to.",
        unit: "pps",
        width: 12,
        queries: [
          query(sumBy(["backend"], rate(metric("attacks_detected_total", { fleet }), WINDOW)), (label) =>
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
        title: "Drop rules",
        description: "The ten drop rules that drop most.",
        unit: "pps",
        width: 8,
        queries: [
          query(
            topK(
              10,
              sumBy(
                ["policy", "rule"],
                rate(
                  metric("rule_packets_total", {
                    fleet,
                    mode: "enforce",
                    action: "drop",
                    outcome: "decided",
                  }),
                  WINDOW,
                ),
              ),
            ),
            (label) => `${label("policy")}/${label("rule")}`,
          ),
        ],
      },
      {
        kind: "series",
        title: "Limits",
        description:
          "The ten limits that drop most: above the rate, or from a source that the limit has blocked.",
        unit: "pps",
        width: 8,
        queries: [
          query(
            topK(
              10,
              sumBy(["policy", "rule", "outcome"], rate(metric("rule_packets_total", dropping), WINDOW)),
            ),
            (label) => `${label("policy")}/${label("rule")} ${label("outcome")}`,
          ),
        ],
      },
      {
        kind: "series",
        title: "Shadow rules",
        description: "What rules in shadow mode would have dropped. They drop nothing.",
        unit: "pps",
        width: 8,
        queries: [
          query(
            topK(
              10,
              sumBy(
                ["policy", "rule"],
                rate(
                  metric("rule_packets_total", {
                    fleet,
                    mode: "shadow",
                    action: anyOf("drop", "limit"),
                    outcome: anyOf("decided", "exceeded"),
                  }),
                  WINDOW,
                ),
              ),
            ),
            (label) => `${label("policy")}/${label("rule")}`,
          ),
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
        width: 12,
        queries: [
          query(
            maxBy(["fleet", "instance", "generation", "revision"], metric("generation_info", { fleet })),
            () => "",
          ),
        ],
      },
      {
        kind: "series",
        title: "Swaps",
        description: "Attempts to put a generation in charge, by result.",
        unit: "short",
        width: 6,
        queries: [
          query(sumBy(["result"], rate(metric("generation_swaps_total", { fleet }), WINDOW)), (label) =>
            label("result"),
          ),
        ],
      },
      {
        kind: "series",
        title: "Duration of a swap",
        description: "From reading a bundle to its commit, 99 of 100 are quicker.",
        unit: "s",
        width: 6,
        queries: [
          query(quantile(0.99, "swap_duration_seconds", { fleet }, "$__range", ["fleet"]), (label) =>
            label("fleet"),
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
        title: "eBPF maps",
        description: "How full the maps are that fill up at run time; the fullest node.",
        unit: "percentunit",
        width: 6,
        max: 1,
        queries: [
          query(
            maxBy(
              ["map_name"],
              divide(
                maxBy(["instance", "map_name"], metric("ebpf_map_entries")),
                maxBy(["instance", "map_name"], metric("ebpf_map_max_entries")),
              ),
            ),
            (label) => label("map_name"),
          ),
        ],
      },
      {
        kind: "series",
        title: "Health of the agents",
        description: "1 healthy, 0.5 degraded, 0 failed; the worst node.",
        unit: "short",
        width: 6,
        max: 1,
        queries: [query(minBy(["component"], metric("component_health")), (label) => label("component"))],
      },
      {
        kind: "series",
        title: "Memory of the agents",
        description: "Resident memory of the process; the tables in the kernel are not in it.",
        unit: "bytes",
        width: 6,
        queries: [
          query(maxBy(["instance"], metric("process_resident_memory_bytes")), (label) => label("instance")),
        ],
      },
      {
        kind: "series",
        title: "CPU of the agents",
        description: "Seconds of CPU time a second; filtering is done in the kernel and is not in it.",
        unit: "short",
        width: 6,
        queries: [
          query(maxBy(["instance"], rate(metric("process_cpu_seconds_total"), WINDOW)), (label) =>
            label("instance"),
          ),
        ],
      },
    ],
  },
];
