// Streams of packets, sent through the filter, and what the agent's metrics count of them against what the evaluator says.

import { formatTable } from "../cli/table.ts";
import type { CheckedFleet } from "../ir/nodes.ts";
import type { LabNode } from "../lab/lab-node.ts";
import { type FrameBatch, frameBatch } from "../lab/packet-socket.ts";
import { ktimeNs } from "../runtime/bpf/index.ts";
import { readCounters } from "./counters.ts";
import { type Burst, type CounterKey, Expectation, type Range } from "./expect.ts";
import type { Stream } from "./traffic.ts";
import { count, mark, range, within } from "./words.ts";

export interface CounterRow extends Omit<CounterKey, "verdict"> {
  /** What becomes of a packet that is counted here. */
  readonly verdict: string;
  readonly expected: Range;
  readonly counted: number;
  readonly ok: boolean;
}

/** Sends every stream, and compares what the agent's metrics count with what the evaluator says. */
export async function judge(node: LabNode, fleet: CheckedFleet, streams: readonly Stream[]) {
  const before = readCounters((await node.agent.metrics()).body);
  const expectation = new Expectation(fleet);
  let sent = 0;
  for (const { frames } of streams) {
    if (frames.length === 0) continue;
    expectation.add(timed(node, frames, frameBatch(frames)));
    sent += frames.length;
  }
  const arrived = (await node.arrived()).length;
  const after = readCounters((await node.agent.metrics()).body);
  const expected = expectation.packets();
  const counters: CounterRow[] = [];
  for (const [id, { key, packets }] of after) {
    const counted = packets - (before.get(id)?.packets ?? 0);
    const { least, most } = expected.get(id) ?? { least: 0, most: 0 };
    expected.delete(id);
    if (counted === 0 && most === 0) continue;
    const row = { ...key, verdict: verdictOf(fleet, key), expected: { least, most }, counted };
    counters.push({ ...row, ok: within(counted, row.expected) });
  }
  // A counter that the agent does not show at all.
  for (const { rule, outcome, verdict, least, most } of expected.values())
    counters.push({
      rule,
      outcome,
      verdict: verdictOf(fleet, { rule, outcome, verdict }),
      expected: { least, most },
      counted: 0,
      ok: least === 0,
    });
  return { sent, arrived, counters, expectation, expectedPassed: expectation.passed };
}

/** Sends, and notes when. */
export function timed(node: LabNode, frames: readonly Uint8Array[], batch: FrameBatch): Burst {
  const begunNs = ktimeNs();
  node.send(batch);
  return { frames, begunNs, endedNs: ktimeNs() };
}

function verdictOf(fleet: CheckedFleet, key: CounterKey): string {
  if (key.verdict !== null) return key.verdict;
  const rule = [...fleet.management, ...fleet.rules].find((candidate) => candidate.id === key.rule);
  if (rule?.shadow || key.outcome === "conformed") return "goes on";
  if (key.outcome === "exceeded" || key.outcome === "blocked") return "drop";
  return rule?.action.kind ?? "unknown rule";
}

export function printStreams(streams: readonly Stream[], say: (text: string) => void): void {
  for (const { name, frames } of streams)
    say(
      `ordinary traffic for ${name}: ${frames.length === 0 ? "none found that passes" : `${count(frames.length)} packets`}`,
    );
}

export function printCounters(rows: readonly CounterRow[], say: (text: string) => void): void {
  const cells = rows.map((row) => [
    row.rule ?? "(every packet)",
    row.outcome,
    row.verdict,
    range(row.expected),
    count(row.counted),
    mark(row.ok),
  ]);
  say(`\n${formatTable(["rule", "outcome or reason", "verdict", "expected", "counted", ""], cells)}\n`);
}
