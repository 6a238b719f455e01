// A backend's service level to recording rules and alerts: how much of what is sent to it passes, and how fast the share that
// may be lost is used up. Windows and factors are those of the Site Reliability Workbook, chapter 5: a long window says
// that it matters, a short one that it goes on.
//
// Counted are the packets that the backend's own policies decide. What an earlier policy drops names no backend.

import assert from "node:assert/strict";
import type { BackendIr, CheckedFleet } from "../../../ir/nodes.ts";
import { passesTo } from "../../../ir/service-level.ts";
import {
  and,
  anyOf,
  compare,
  complement,
  type Duration,
  divide,
  metric,
  plus,
  type Recording,
  rate,
  recorded,
  sumBy,
  sumOverTime,
  type Vector,
} from "../../../metrics/query.ts";
import type { AlertName } from "../../../policy/alerting.ts";
import { type Alert, type AlertSeverity, alert } from "./alert.ts";
import { type SiteAlertContext, tuned } from "./context.ts";
import { around, counter, exact, type Signal } from "./signal.ts";

/** Packets a second that are dropped, of 1,000. */
type Loss = ReturnType<typeof around>;

type BackendLabel = "fleet" | "backend";
const BY = ["fleet", "backend"] as const;

const enforced = { mode: "enforce" } as const;
const dropped = sumBy(
  BY,
  rate(
    metric("rule_packets_total", {
      ...enforced,
      action: anyOf("drop", "limit"),
      outcome: anyOf("decided", "exceeded", "blocked"),
    }),
    "5m",
  ),
);
const passed = sumBy(
  BY,
  rate(metric("rule_packets_total", { ...enforced, action: "pass", outcome: "decided" }), "5m"),
);

const droppedRate: Recording<BackendLabel> = {
  record: "backend:pistonprotection_packets_dropped:rate5m",
  expression: dropped,
};
const decidedRate: Recording<BackendLabel> = {
  record: "backend:pistonprotection_packets_decided:rate5m",
  expression: plus(dropped, passed),
};

/** Long windows add up what was recorded: a rate over three days of every rule on every node would be dear. */
function lossRatio(window: Duration): Recording<BackendLabel> {
  const over = (recording: Recording<BackendLabel>): Vector<BackendLabel> =>
    window === "5m" ? recorded(recording) : sumOverTime(recorded(recording), window);
  return {
    record: `backend:pistonprotection_loss:ratio_rate${window}`,
    expression: divide(over(droppedRate), over(decidedRate)),
  };
}

const BURNS = [
  { name: "PassRatioBurn1h", factor: 14.4, long: "1h", short: "5m", for: "2m", severity: "critical" },
  { name: "PassRatioBurn6h", factor: 6, long: "6h", short: "30m", for: "15m", severity: "critical" },
  { name: "PassRatioBurn1d", factor: 3, long: "1d", short: "2h", for: "1h", severity: "warning" },
  { name: "PassRatioBurn3d", factor: 1, long: "3d", short: "6h", for: "3h", severity: "warning" },
] as const satisfies readonly {
  readonly name: AlertName;
  readonly factor: number;
  readonly long: Duration;
  readonly short: Duration;
  readonly for: Duration;
  readonly severity: AlertSeverity;
}[];

const WINDOWS = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"] as const;
const LOSS = Object.fromEntries(WINDOWS.map((window) => [window, lossRatio(window)])) as Readonly<
  Record<(typeof WINDOWS)[number], Recording<BackendLabel>>
>;

const passRatio: Recording<BackendLabel> = {
  record: "backend:pistonprotection_pass:ratio_rate5m",
  expression: complement(recorded(LOSS["5m"])),
};

export const SERVICE_LEVEL_RECORDINGS = [droppedRate, decidedRate, ...Object.values(LOSS), passRatio];

/** Backends of a fleet of whose packets the same share must pass. */
export interface ServiceLevel {
  readonly fleet: string;
  readonly backends: readonly string[];
  readonly passRatio: number;
}

/** Backends of which some rule decides that packets pass: of others, there is no share to speak of. */
export function serviceLevels(
  fleet: CheckedFleet,
  passRatioOf: (backend: BackendIr) => number,
): ServiceLevel[] {
  const byLevel = new Map<number, string[]>();
  for (const protectedService of fleet.backends) {
    const { name } = protectedService;
    const level = passRatioOf(protectedService);
    if (passesTo(fleet, protectedService)) byLevel.set(level, [...(byLevel.get(level) ?? []), name]);
  }
  return [...byLevel].map(([passRatio, backends]) => ({ fleet: fleet.name, backends, passRatio }));
}

export function serviceLevelAlerts(level: ServiceLevel, context: SiteAlertContext): Alert[] {
  const { fleet, backends } = level;
  const [backend] = backends;
  assert(backend !== undefined);
  const budget = 1 - level.passRatio;
  return BURNS.flatMap((burn) => {
    const threshold = exact(burn.factor * budget);
    const above = (window: (typeof WINDOWS)[number]) =>
      compare(recorded(LOSS[window], { fleet, backend: anyOf(...backends) }), ">", threshold);
    const loss = around(threshold, 1000);
    return tuned(context, burn.name, () =>
      alert(
        {
          name: burn.name,
          runbook: "PassRatioBurn",
          expression: and(above(burn.long), above(burn.short)),
          for: burn.for,
          severity: burn.severity,
          // Tells apart the alerts of one name: each level has its own.
          labels: { service_level: String(level.passRatio) },
          teams: context.teams,
          summary: `A backend loses packets ${burn.factor === 1 ? "as fast" : `${burn.factor} times as fast`} as its service level allows`,
          description: (t) =>
            `${t.percent} of the packets to backend ${t.label("backend")} of fleet ${t.label("fleet")} were dropped in the last ${burn.long}; its service level is that ${exact(level.passRatio * 100)}% pass.`,
          proof: {
            signals:
              burn.short === "5m" ? raw({ fleet, backend }, loss) : alreadyRecorded({ fleet, backend }, loss),
            value: threshold * 1.01,
            windows: [burn.long, burn.short],
          },
        },
        context,
      ),
    );
  });
}

type Series = Readonly<Record<BackendLabel, string>>;

function raw({ fleet, backend }: Series, { quiet, firing }: Loss): Signal[] {
  const series = { fleet, policy: "policy", backend, mode: "enforce" } as const;
  return [
    counter(
      "rule_packets_total",
      { ...series, rule: "drops", action: "drop", outcome: "decided" },
      { quiet, firing },
    ),
    counter(
      "rule_packets_total",
      { ...series, rule: "passes", action: "pass", outcome: "decided" },
      { quiet: 1000 - quiet, firing: 1000 - firing },
    ),
  ];
}

/** For windows of days: samples close enough for a rate over 5m would keep promtool busy for minutes. */
function alreadyRecorded({ fleet, backend }: Series, loss: Loss): Signal[] {
  return [
    { kind: "gauge", name: droppedRate.record, labels: { fleet, backend }, ...loss },
    { kind: "gauge", name: decidedRate.record, labels: { fleet, backend }, quiet: 1000, firing: 1000 },
  ];
}
