// Alerts on what is filtered and on who filters it. Names, thresholds and waiting times are those of the operations guide
// where it has the alert.

import type { DurationText } from "../../../ir/site.ts";
import { compare, countBy, divide, maxBy, metric, minBy, rate, sumBy, up } from "../../../metrics/query.ts";
import { type Alert, type AlertSeverity, alert } from "./alert.ts";
import { type SiteAlertContext, tuned } from "./context.ts";
import { around, counter, gauge, upSignal } from "./signal.ts";

const FLEET = { fleet: "edge" };
const OTHER_INSTANCE = "10.0.0.2:9090";

export function trafficAlerts(context: SiteAlertContext): Alert[] {
  return [
    ...tuned(context, "HighAttackVolume", ({ threshold, window, for: wait }) =>
      alert(
        {
          name: "HighAttackVolume",
          expression: compare(
            sumBy(["fleet", "backend"], rate(metric("attacks_detected_total"), window)),
            ">",
            threshold,
          ),
          for: wait,
          severity: "critical",
          teams: context.teams,
          summary: "High attack volume detected",
          description: (t) =>
            `Fleet ${t.label("fleet")} drops ${t.rounded} packets/s of attacks on backend ${t.label("backend")}.`,
          proof: {
            // Half of it on each of two nodes.
            signals: ["10.0.0.1:9090", OTHER_INSTANCE].map((instance) =>
              counter(
                "attacks_detected_total",
                { ...FLEET, backend: [...context.teams.keys()][0] ?? "dns" },
                around(threshold, 1 / 2),
                instance,
              ),
            ),
            value: threshold * 1.01,
            windows: [window],
          },
        },
        context,
      ),
    ),
    ...tuned(context, "HighDropRate", ({ threshold, window, for: wait }) =>
      alert(
        {
          name: "HighDropRate",
          expression: compare(
            divide(
              sumBy(["fleet"], rate(metric("packets_dropped_total"), window)),
              sumBy(["fleet"], rate(metric("traffic_packets_total"), window)),
            ),
            ">",
            threshold,
          ),
          for: wait,
          severity: "critical",
          summary: "High packet drop rate",
          description: (t) =>
            `Fleet ${t.label("fleet")} drops ${t.percent} of its packets. Look at the reasons and rules on the dashboard: an attack, or a rule that is too wide.`,
          proof: {
            signals: [
              counter("traffic_packets_total", FLEET, { quiet: 1000, firing: 1000 }),
              counter("packets_dropped_total", FLEET, around(threshold, 1000)),
            ],
            value: threshold * 1.01,
            windows: [window],
          },
        },
        context,
      ),
    ),
    ...tuned(context, "ServiceDown", ({ for: wait }) =>
      alert(
        {
          name: "ServiceDown",
          expression: compare(up("pistonprotection.*"), "==", 0),
          for: wait,
          severity: "critical",
          summary: "PistonProtection service is down",
          description: (t) =>
            `${t.label("job")} on ${t.label("instance")} does not answer. Its last generation goes on filtering; new bundles are not taken.`,
          proof: { signals: [upSignal({ quiet: 1, firing: 0 })], value: 0, windows: [] },
        },
        context,
      ),
    ),
    ...tuned(context, "NotFiltering", ({ for: wait }) =>
      alert(
        {
          name: "NotFiltering",
          expression: compare(
            minBy(["fleet", "instance", "interface"], metric("interface_attached")),
            "==",
            0,
          ),
          for: wait,
          severity: "critical",
          summary: "An interface is not filtered",
          description: (t) =>
            `${t.label("interface")} of ${t.label("instance")} (fleet ${t.label("fleet")}) has no XDP program of PistonProtection attached.`,
          proof: {
            signals: [
              gauge(
                "interface_attached",
                { ...FLEET, interface: "eth0", mode: "native" },
                { quiet: 1, firing: 0 },
              ),
              gauge(
                "interface_attached",
                { ...FLEET, interface: "eth1", mode: "native" },
                { quiet: 1, firing: 1 },
              ),
            ],
            value: 0,
            windows: [],
          },
        },
        context,
      ),
    ),
    ...tuned(context, "EBPFMapNearCapacity", ({ threshold, for: wait }) =>
      alert(
        {
          name: "EBPFMapNearCapacity",
          expression: compare(
            divide(
              maxBy(["instance", "map_name"], metric("ebpf_map_entries")),
              maxBy(["instance", "map_name"], metric("ebpf_map_max_entries")),
            ),
            ">",
            threshold,
          ),
          for: wait,
          severity: "warning",
          summary: "eBPF map near capacity",
          description: (t) => `Map ${t.label("map_name")} on ${t.label("instance")} is ${t.percent} full.`,
          proof: {
            signals: [
              gauge("ebpf_map_entries", { map_name: "limits" }, around(threshold, 100_000)),
              gauge("ebpf_map_max_entries", { map_name: "limits" }, { quiet: 100_000, firing: 100_000 }),
            ],
            value: threshold * 1.01,
            windows: [],
          },
        },
        context,
      ),
    ),
    ...tuned(context, "GenerationDrift", ({ for: wait }) =>
      alert(
        {
          name: "GenerationDrift",
          expression: compare(
            countBy(["fleet"], countBy(["fleet", "generation"], metric("generation_info"))),
            ">",
            1,
          ),
          // A roll-out takes one node after another.
          for: wait,
          severity: "warning",
          summary: "Nodes of a fleet serve different generations",
          description: (t) =>
            `Fleet ${t.label("fleet")} serves ${t.value} generations at once: its roll-out has stopped on the way.`,
          proof: {
            signals: [
              generation("aa", { quiet: 1, firing: 1 }),
              generation("aa", { quiet: 1, firing: null }, OTHER_INSTANCE),
              generation("bb", { quiet: null, firing: 1 }, OTHER_INSTANCE),
            ],
            value: 2,
            windows: [],
          },
        },
        context,
      ),
    ),
    ...tuned(context, "GenerationBehind", ({ for: wait }) =>
      drift(context, {
        name: "GenerationBehind",
        state: "behind",
        severity: "warning",
        wait,
        summary: "A node does not serve the bundle that it was given",
        text: "has another bundle at its bundle path than it serves: refused, held after a roll-back, or torn",
      }),
    ),
    ...tuned(context, "KernelDrift", ({ for: wait }) =>
      drift(context, {
        name: "KernelDrift",
        state: "kernel-differs",
        severity: "critical",
        wait,
        summary: "The kernel differs from what was committed",
        text: "finds kernel objects that are not as it committed them, and cannot put them right",
      }),
    ),
  ];
}

export function generation(
  id: string,
  levels: Parameters<typeof gauge>[2],
  instance?: string,
  fleet = FLEET.fleet,
) {
  const labels = { fleet, generation: id, bundle_digest: `sha256:${id}`, revision: `sha256:${id}` };
  return gauge("generation_info", labels, levels, instance);
}

interface Drift {
  readonly name: "GenerationBehind" | "KernelDrift";
  readonly state: "behind" | "kernel-differs";
  readonly severity: AlertSeverity;
  readonly wait: DurationText;
  readonly summary: string;
  readonly text: string;
}

function drift(context: SiteAlertContext, { name, state, severity, wait, summary, text }: Drift): Alert {
  return alert(
    {
      name,
      expression: compare(maxBy(["fleet", "instance"], metric("drift_state", { state })), "==", 1),
      for: wait,
      severity,
      summary,
      description: (t) =>
        `${t.label("instance")} (fleet ${t.label("fleet")}) ${text}. piston status on the node says which.`,
      proof: {
        signals: [
          gauge("drift_state", { ...FLEET, state }, { quiet: 0, firing: 1 }),
          gauge("drift_state", { ...FLEET, state: "in-sync" }, { quiet: 1, firing: 0 }),
        ],
        value: 1,
        windows: [],
      },
    },
    context,
  );
}
