// The workers dashboard: what each node's agent and its program do.

import type { SiteIr } from "../../../ir/site.ts";
import { age, divide, maxBy, metric, minBy, quantile, rate, sumBy } from "../../../metrics/query.ts";
import type { DashboardDefinition } from "./frame.ts";
import { query } from "./panel.ts";
import { healthPanel, mapFillPanel } from "./shared-panels.ts";
import { ofAlert } from "./thresholds.ts";
import { CHOSEN_FLEET, WINDOW } from "./vectors.ts";

export function workers(site: SiteIr): DashboardDefinition {
  const fleet = CHOSEN_FLEET;
  return {
    slug: "workers",
    title: "workers",
    description: "Every node: its program, its maps, its generation, and what its agent uses.",
    variables: ["fleet"],
    rows: [
      {
        height: 8,
        panels: [
          {
            kind: "series",
            title: "Packets by node",
            description: "Packets that each node judges each second.",
            unit: "pps",
            queries: [
              query(sumBy(["instance"], rate(metric("traffic_packets_total", { fleet }), WINDOW)), (label) =>
                label("instance"),
              ),
            ],
          },
          {
            kind: "series",
            title: "Share dropped by node",
            description:
              "A node that drops another share than the others sees other traffic, or serves something else.",
            unit: "percentunit",
            max: 1,
            queries: [
              query(
                divide(
                  sumBy(["instance"], rate(metric("packets_dropped_total", { fleet }), WINDOW)),
                  sumBy(["instance"], rate(metric("traffic_packets_total", { fleet }), WINDOW)),
                ),
                (label) => label("instance"),
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
            title: "Interfaces",
            description: "Where the program is attached (1), and where it should be and is not (0).",
            unit: "short",
            queries: [
              query(
                minBy(["fleet", "instance", "interface", "mode"], metric("interface_attached", { fleet })),
                () => "",
              ),
            ],
          },
          {
            kind: "series",
            title: "Age of the generation",
            description: "Time since each node has committed what it serves.",
            unit: "s",
            queries: [
              query(
                age(maxBy(["instance"], metric("generation_committed_timestamp_seconds", { fleet }))),
                (label) => label("instance"),
              ),
            ],
          },
          {
            kind: "series",
            title: "Swaps",
            description: "Attempts each second to put a generation in charge, by result.",
            unit: "short",
            queries: [
              query(sumBy(["result"], rate(metric("generation_swaps_total", { fleet }), WINDOW)), (label) =>
                label("result"),
              ),
            ],
          },
          {
            kind: "series",
            title: "Duration of a swap",
            description: "From reading a bundle to its commit; 99 of 100 are quicker.",
            unit: "s",
            queries: [
              query(quantile(0.99, "swap_duration_seconds", { fleet }, "$__range", ["fleet"]), (label) =>
                label("fleet"),
              ),
            ],
          },
        ],
      },
      {
        title: "Kernel",
        height: 8,
        panels: [
          mapFillPanel(site),
          {
            kind: "series",
            title: "Memory of the maps",
            description: "Kernel memory of all maps of a node.",
            unit: "bytes",
            queries: [
              query(sumBy(["instance"], metric("ebpf_map_memory_bytes")), (label) => label("instance")),
            ],
          },
          {
            kind: "series",
            title: "Drift",
            description:
              "1 in the state that holds: in step, behind the bundle path, or changed from outside.",
            unit: "short",
            max: 1,
            queries: [query(maxBy(["state"], metric("drift_state", { fleet })), (label) => label("state"))],
          },
          {
            kind: "series",
            title: "Drift checks",
            description: "Comparisons of the kernel with the generation that serves, each second, by result.",
            unit: "short",
            queries: [
              query(sumBy(["result"], rate(metric("drift_checks_total", { fleet }), WINDOW)), (label) =>
                label("result"),
              ),
            ],
          },
        ],
      },
      {
        title: "Agents",
        height: 8,
        panels: [
          {
            kind: "series",
            title: "Use of limits",
            description: "Share of its limit that the agent uses; the node that uses most.",
            unit: "percentunit",
            ...ofAlert(site, "HighMemoryUsage"),
            queries: [
              query(maxBy(["resource"], metric("resource_usage_ratio")), (label) => label("resource")),
            ],
          },
          {
            kind: "series",
            title: "Pressure",
            description: "0 normal, 1 reduced, 2 minimal, 3 emergency; the worst node.",
            unit: "short",
            max: 3,
            queries: [
              query(maxBy(["resource"], metric("resource_pressure_level")), (label) => label("resource")),
            ],
          },
          {
            kind: "series",
            title: "Memory",
            description: "Resident memory of the process; the tables in the kernel are not in it.",
            unit: "bytes",
            queries: [
              query(maxBy(["instance"], metric("process_resident_memory_bytes")), (label) =>
                label("instance"),
              ),
            ],
          },
          {
            kind: "series",
            title: "CPU",
            description: "Seconds of CPU time a second; filtering is done in the kernel and is not in it.",
            unit: "short",
            queries: [
              query(maxBy(["instance"], rate(metric("process_cpu_seconds_total"), WINDOW)), (label) =>
                label("instance"),
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
            title: "File descriptors",
            description: "Share of those that the agent may open.",
            unit: "percentunit",
            max: 1,
            queries: [
              query(
                maxBy(["instance"], divide(metric("process_open_fds"), metric("process_max_fds"))),
                (label) => label("instance"),
              ),
            ],
          },
          {
            kind: "series",
            title: "Threads",
            description: "Threads of the agent.",
            unit: "short",
            queries: [query(maxBy(["instance"], metric("process_threads")), (label) => label("instance"))],
          },
          {
            kind: "series",
            title: "Event loop",
            description: "The latest that a timer of the agent came.",
            unit: "s",
            queries: [
              query(maxBy(["instance"], metric("event_loop_lag_seconds")), (label) => label("instance")),
            ],
          },
          healthPanel(),
        ],
      },
    ],
  };
}
