// Panels that stand on several dashboards.

import type { SiteIr } from "../../../ir/site.ts";
import { divide, maxBy, metric, minBy } from "../../../metrics/query.ts";
import { type MetricPanel, query } from "./panel.ts";
import { ofAlert } from "./thresholds.ts";
import { bytesByVerdict, byVerdict, type FleetMatcher } from "./vectors.ts";

export function verdictPanels(fleet: FleetMatcher): MetricPanel[] {
  return [
    {
      kind: "stacked",
      title: "Packets by verdict",
      description: "Every packet is in one of them.",
      unit: "pps",
      queries: [query(byVerdict(fleet), (label) => label("verdict"))],
    },
    {
      kind: "stacked",
      title: "Bytes by verdict",
      description: "Bytes of frames, from the Ethernet header on.",
      unit: "binBps",
      queries: [query(bytesByVerdict(fleet), (label) => label("verdict"))],
    },
  ];
}

export function healthPanel(): MetricPanel {
  return {
    kind: "series",
    title: "Health",
    description: "1 healthy, 0.5 degraded, 0 failed, by part of the agent; the worst node.",
    unit: "short",
    max: 1,
    queries: [query(minBy(["component"], metric("component_health")), (label) => label("component"))],
  };
}

export function mapFillPanel(site: SiteIr): MetricPanel {
  return {
    kind: "series",
    title: "eBPF maps",
    description: "How full the maps are that fill up at run time; the fullest node.",
    unit: "percentunit",
    max: 1,
    ...ofAlert(site, "EBPFMapNearCapacity"),
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
  };
}
