// A judged capture to its summary: JSON for machines, tables for people. The summary says nothing of the engine, so that
// both give the same.

import type { Capture } from "../capture/index.ts";
import type { Outcome } from "../engine/engine.ts";
import type { Tally } from "../engine/tally.ts";
import { formatTable } from "./table.ts";
import type { Target } from "./target.ts";

export interface Replay {
  readonly target: Target;
  /** Of --against. */
  readonly other: Target | null;
  readonly capture: Capture;
  readonly tally: Tally;
}

const SOURCES_SHOWN = 10;

function plain({ verdict, rule, reason }: Outcome) {
  return { verdict, rule, reason };
}

export function summaryOf({ target, other, capture, tally }: Replay) {
  const { approximate, sources } = tally.droppedSources(SOURCES_SHOWN);
  const { format, packets, cutPackets, durationNs, damageCount, damages } = capture;
  return {
    packets,
    passed: tally.packets("pass"),
    dropped: tally.packets("drop"),
    fleet: target.bundle.manifest.fleet.name,
    generation: target.bundle.generation,
    decisions: tally.counts().map((count) => ({
      ...plain(count.outcome),
      packets: count.packets,
      bytes: count.bytes,
    })),
    topDroppedSources: sources,
    topDroppedSourcesApproximate: approximate,
    capture: { format, durationSeconds: Number(durationNs) / 1e9, cutPackets, damageCount, damages },
    ...(other && {
      against: {
        fleet: other.bundle.manifest.fleet.name,
        generation: other.bundle.generation,
        changed: tally.changes().reduce((sum, change) => sum + change.packets, 0),
        changes: tally.changes().map(({ from, to, packets: changed, bytes }) => ({
          from: plain(from),
          to: plain(to),
          packets: changed,
          bytes,
        })),
      },
    }),
  };
}

export function formatReplay(replay: Replay): string {
  const { target, other, capture, tally } = replay;
  const parts = [headline(replay)];
  const damage = formatDamage(capture);
  if (damage) parts.push(damage);
  const places = new Map(
    target.bundle.manifest.rules.map(({ id, location }) => [id, `${location.file}:${location.line}`]),
  );
  parts.push(
    formatTable(
      ["packets", "bytes", "share", "verdict", "rule", "reason", "line"],
      tally
        .counts()
        .map(({ outcome, packets, bytes }) => [
          packets,
          bytes,
          share(packets, capture.packets),
          outcome.verdict,
          outcome.rule ?? "",
          outcome.reason,
          outcome.rule === null ? "" : (places.get(outcome.rule) ?? ""),
        ]),
    ),
  );
  const { approximate, sources } = tally.droppedSources(SOURCES_SHOWN);
  if (sources.length > 0)
    parts.push(
      `most dropped sources${approximate ? " (too many to remember all: at least so many)" : ""}\n${formatTable(
        ["packets", "bytes", "source"],
        sources.map(({ source, packets, bytes }) => [packets, bytes, source]),
      )}`,
    );
  if (other) parts.push(formatChanges(replay, other));
  return `${parts.join("\n\n")}\n`;
}

function headline({ target, capture, tally }: Replay): string {
  const seconds = (Number(capture.durationNs) / 1e9).toFixed(3);
  const { manifest, generation } = target.bundle;
  return (
    `fleet ${manifest.fleet.name}, generation ${generation}: ${count(capture.packets, "packet")} over ${seconds} s, ` +
    `${tally.packets("pass").toLocaleString("en-US")} passed, ${tally.packets("drop").toLocaleString("en-US")} dropped`
  );
}

function formatDamage({ cutPackets, damages, damageCount }: Capture): string | null {
  const lines = damages.map(({ offset, message }) => `warning: at byte ${offset}: ${message}`);
  if (damageCount > damages.length) lines.push(`warning: and ${damageCount - damages.length} faults more`);
  if (cutPackets > 0)
    lines.push(
      `warning: ${count(cutPackets, "packet")} were cut when the capture was made, and are judged as they stand there; record with tcpdump -s 0`,
    );
  return lines.length > 0 ? lines.join("\n") : null;
}

function formatChanges({ tally, capture }: Replay, other: Target): string {
  const changes = tally.changes();
  const total = changes.reduce((sum, { packets }) => sum + packets, 0);
  const title = `against generation ${other.bundle.generation}: ${count(total, "packet")} of ${capture.packets.toLocaleString("en-US")} change their verdict`;
  if (changes.length === 0) return title;
  const say = ({ verdict, rule, reason }: Outcome) =>
    `${verdict} by ${rule === null || reason === "rule" ? (rule ?? reason) : `${rule} (${reason})`}`;
  const rows = changes.map(({ packets, bytes, from, to }) => [packets, bytes, say(from), say(to)]);
  return `${title}\n${formatTable(["packets", "bytes", "now", "then"], rows)}`;
}

function share(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
}

function count(packets: number, what: string): string {
  return `${packets.toLocaleString("en-US")} ${what}${packets === 1 ? "" : "s"}`;
}
