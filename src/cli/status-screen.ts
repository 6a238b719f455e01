// What a node says of itself to one screen of text. The same for a terminal of any size, and for a pipe.

import type { Stats } from "../runtime/observe/stats.ts";
import type { NodeStatus } from "../runtime/operate.ts";
import { formatDuration } from "./duration.ts";
import { percent, shortNumber } from "./figures.ts";
import { type Line, layOut, type Piece, renderLine, type Section, type Tone, tableLines } from "./screen.ts";

export interface ScreenOptions {
  /** null: not a terminal, and nothing is cut. */
  readonly columns: number | null;
  readonly rows: number | null;
  readonly colour: boolean;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

const TONES: Readonly<Record<string, Tone>> = {
  ok: "good",
  "in-sync": "good",
  healthy: "good",
  starting: "warn",
  degraded: "warn",
  behind: "warn",
  failed: "bad",
  unhealthy: "bad",
  "kernel-differs": "bad",
};
const LEVELS = ["normal", "reduced", "minimal", "emergency"] as const;
const ROWS_OF_A_TABLE = 8;

export function statusScreen(report: NodeStatus, options: ScreenOptions): string[] {
  const { columns, rows, colour } = options;
  const { stats } = report;
  const sections: Section[] = [
    { rank: 0, lines: [headLine(report)] },
    { rank: 7, lines: identityLines(report, options.nowMs) },
    { rank: 2, lines: interfaceLines(report) },
    { rank: 1, lines: stats ? rateLines(report, stats) : [] },
    { rank: 3, lines: problemLines(report) },
    { rank: 4, least: 2, lines: stats ? ruleTable(stats, columns) : [] },
    { rank: 5, least: 2, lines: stats ? sourceTable(stats, columns) : [] },
    { rank: 6, least: 2, lines: stats ? backendTable(report, stats, columns) : [] },
    { rank: 8, lines: componentLines(report, columns) },
  ];
  return layOut(sections, rows).map((line) => renderLine(line, columns, colour));
}

function stateOf(state: string): Piece {
  const tone = TONES[state];
  return tone ? { text: state, tone } : { text: state };
}

function headLine(report: NodeStatus): Line {
  const { fleet, status, generation, agent } = report;
  return [
    { text: fleet ?? "no fleet", tone: "title" },
    { text: "  " },
    stateOf(status),
    { text: "  " },
    generation === null
      ? { text: "NO GENERATION: packets are not filtered", tone: "bad" }
      : { text: `generation ${generation}` },
    { text: "  " },
    agent ? { text: `agent ${agent.pid}`, tone: "quiet" } : { text: "no agent runs", tone: "warn" },
  ];
}

function identityLines(report: NodeStatus, nowMs: number): Line[] {
  const { bundleDigest, revision, previous, held, lastSwap } = report;
  const lines: Line[] = [];
  if (bundleDigest !== null) lines.push(named("bundle", bundleDigest));
  if (revision !== null) lines.push(named("revision", revision));
  if (lastSwap) {
    const seconds = Math.max(0, Math.round((nowMs - Date.parse(lastSwap.at)) / 1000));
    lines.push(named("serves", `since ${lastSwap.at} (${formatDuration(seconds)})`));
  }
  lines.push(named("previous", previous ? previous.generation : "none: nothing to roll back to"));
  if (held) lines.push(named("held", `${held}, rolled back from: waits for another bundle`, "warn"));
  return lines;
}

function named(name: string, text: string, tone?: Tone): Line {
  return [{ text: name.padEnd(11), tone: "quiet" }, tone ? { text, tone } : { text }];
}

function interfaceLines({ interfaces }: NodeStatus): Line[] {
  return interfaces.map((one) =>
    one.attached
      ? named("interface", `${one.name}  ${one.mode}, program ${one.programId}`)
      : named("interface", `${one.name}  NOT ATTACHED: its packets are not filtered`, "bad"),
  );
}

function rateLines({ degradationLevel, drift }: NodeStatus, stats: Stats): Line[] {
  const { rates, totals, windowSeconds } = stats;
  const live = windowSeconds > 0;
  const rate = (value: number) => (live ? shortNumber(value) : "–");
  const share = live
    ? percent(rates.droppedPacketsPerSecond, rates.packetsPerSecond)
    : percent(totals.droppedPackets, totals.packets);
  const level: Piece = {
    text: `${degradationLevel} ${LEVELS[degradationLevel]}`,
    tone: degradationLevel === 0 ? "good" : degradationLevel === 3 ? "bad" : "warn",
  };
  return [
    [
      { text: "packets/s  ", tone: "quiet" },
      { text: rate(rates.packetsPerSecond), tone: "title" },
      { text: "   dropped/s  ", tone: "quiet" },
      { text: `${rate(rates.droppedPacketsPerSecond)} (${share})`, tone: "title" },
      { text: "   bytes/s  ", tone: "quiet" },
      { text: rate(rates.bytesPerSecond) },
    ],
    [
      { text: "packets    ", tone: "quiet" },
      { text: shortNumber(totals.packets) },
      { text: "   dropped  ", tone: "quiet" },
      { text: shortNumber(totals.droppedPackets) },
      { text: "   degradation  ", tone: "quiet" },
      level,
      ...(drift ? [{ text: "   drift  ", tone: "quiet" } as const, stateOf(drift.state)] : []),
    ],
  ];
}

/** What a person should look at, each with its remedy where it has one. */
function problemLines(report: NodeStatus): Line[] {
  const lines: Line[] = [];
  const { refused, drift } = report;
  if (refused) {
    lines.push(named("refused", `${refused.message} (${refused.at})`, "bad"));
    lines.push(named("", `help: ${refused.help}`));
  }
  for (const { message, help, mended } of drift?.findings ?? [])
    if (!mended) {
      lines.push(named("drift", message, "bad"));
      lines.push(named("", `help: ${help}`));
    }
  for (const [name, component] of Object.entries(report.components))
    if (component.state !== "ok" && !(name === "bundle" && refused) && name !== "drift")
      lines.push([
        { text: name.padEnd(11), tone: "quiet" },
        stateOf(component.state),
        { text: component.reason === null ? "" : `: ${component.reason}` },
      ]);
  for (const { backend, status, origins } of report.backends)
    if (status === "degraded" || status === "unhealthy") {
      const bad = origins.filter(({ state }) => state !== "healthy");
      const why = bad.map(({ origin, reason }) => `${origin} ${reason ?? ""}`.trimEnd()).join(", ");
      lines.push([
        { text: "backend    ", tone: "quiet" },
        { text: `${backend} ` },
        stateOf(status),
        { text: `: ${why}` },
      ]);
    }
  return lines;
}

function ruleTable({ top_rules: rules, windowSeconds }: Stats, columns: number | null): Line[] {
  if (rules.length === 0) return [];
  const live = windowSeconds > 0;
  return tableLines(
    ["rule", "action", "packets/s", "dropped/s", "dropped"],
    rules
      .slice(0, ROWS_OF_A_TABLE)
      .map((one) => [
        one.rule,
        one.mode === "shadow" ? `${one.action} (shadow)` : one.action,
        live ? shortNumber(one.packetsPerSecond) : "–",
        live ? shortNumber(one.droppedPerSecond) : "–",
        shortNumber(one.dropped),
      ]),
    columns,
  );
}

function sourceTable({ top_attack_sources: sources }: Stats, columns: number | null): Line[] {
  if (sources.length === 0) return [];
  const rows = sources
    .slice(0, ROWS_OF_A_TABLE)
    .map(({ source, samples }) => [source, shortNumber(Math.round(samples))]);
  return tableLines(["source", "samples not passed, lately"], rows, columns);
}

function backendTable(
  { backends: checked }: NodeStatus,
  { top_attacked_backends: backends, windowSeconds }: Stats,
  columns: number | null,
): Line[] {
  if (backends.length === 0) return [];
  const origins = new Map(checked.map((one) => [one.backend, `${one.healthyOrigins}/${one.totalOrigins}`]));
  const rows = backends
    .slice(0, ROWS_OF_A_TABLE)
    .map(({ backend, packets, packetsPerSecond, samples }) => [
      backend === "none" ? "(no backend)" : backend,
      windowSeconds > 0 ? shortNumber(packetsPerSecond) : "–",
      shortNumber(packets),
      samples === null ? "–" : shortNumber(Math.round(samples)),
      origins.get(backend) ?? "–",
    ]);
  return tableLines(["attacked backend", "dropped/s", "dropped", "samples", "origins"], rows, columns);
}

/** All of them, several a line: what is not ok stands above with its reason. */
function componentLines({ components }: NodeStatus, columns: number | null): Line[] {
  const lines: Piece[][] = [];
  let width = Number.POSITIVE_INFINITY;
  for (const [name, { state }] of Object.entries(components)) {
    const needed = name.length + state.length + 3;
    if (width + needed > (columns ?? 100)) {
      lines.push([]);
      width = 0;
    }
    lines.at(-1)!.push({ text: `${name} `, tone: "quiet" }, stateOf(state), { text: "  " });
    width += needed;
  }
  return lines;
}
