// `npm start`: the whole way on this machine. Compiles the policies, filters real traffic in XDP, compares every counter with what the
// evaluator says, then swaps to an edited policy under traffic. Exit code 0 only where every figure is right.

import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../bundle/format.ts";
import { createEvaluator } from "../compiler/evaluate.ts";
import type { CompileResult } from "../compiler/types.ts";
import type { CheckedFleet } from "../ir/nodes.ts";
import { parseAddress } from "../ir/prefix.ts";
import { LabNode } from "../lab/lab-node.ts";
import { type FrameBatch, frameBatch } from "../lab/packet-socket.ts";
import { udp } from "../packet/helpers.ts";
import { ktimeNs } from "../runtime/bpf/index.ts";
import { readCounters } from "./counters.ts";
import { candidateEdits, copyPolicies, type Edit } from "./edit.ts";
import { type Burst, type CounterKey, Expectation, type Range } from "./expect.ts";
import { formatTable } from "./table.ts";
import { ordinaryStream, type Stream, witnessStreams } from "./traffic.ts";

export interface DemoOptions {
  /** The policy directory or file. */
  readonly policies: string;
  readonly compile: (policies: string) => Promise<CompileResult>;
  /** The first compilation: already done, without errors. */
  readonly compiled: CompileResult;
  readonly say: (text: string) => void;
  /** Keep the agent running, and resolve only when this does. */
  readonly stay: Promise<void> | null;
}

export interface DemoReport {
  readonly ok: boolean;
  readonly fleets: readonly FleetReport[];
}

export interface FleetReport {
  readonly fleet: string;
  readonly generation: string;
  readonly bundleDigest: string;
  readonly counters: readonly CounterRow[];
  readonly sentPackets: number;
  readonly expectedPassed: Range;
  readonly arrivedPackets: number;
  readonly swap: SwapReport;
}

export interface CounterRow extends Omit<CounterKey, "verdict"> {
  /** What becomes of a packet that is counted here. */
  readonly verdict: string;
  readonly expected: Range;
  readonly counted: number;
  readonly ok: boolean;
}

export interface SwapReport {
  readonly from: string;
  readonly to: string;
  readonly edit: { readonly file: string; readonly line: number; readonly text: string };
  readonly ordinarySent: number;
  readonly ordinaryExpected: Range;
  readonly ordinaryArrived: number;
  /** Of EDIT_PACKETS packets that the edit drops, those that arrived before it and after. */
  readonly editedBefore: number;
  readonly editedAfter: number;
  readonly durationMs: number;
  readonly ok: boolean;
}

/** Sources that the edit of the second part may name; the first whose packets pass before, and whose edit compiles, is taken. */
const EDIT_SOURCES = ["198.51.100.77", "192.0.2.77", "203.0.113.250", "8.8.8.8", "2001:db8:77::77"];
const EDIT_PACKETS = 100;
/** Ordinary traffic flows for so long before the swap, and after it. */
const TRAFFIC_MARGIN_MS = 500;

export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const fleets: FleetReport[] = [];
  for (const fleet of options.compiled.fleets) fleets.push(await showFleet(fleet, options));
  return { ok: fleets.every(isRight), fleets };
}

function isRight(report: FleetReport): boolean {
  return (
    report.counters.every((row) => row.ok) &&
    within(report.arrivedPackets, report.expectedPassed) &&
    report.swap.ok
  );
}

async function showFleet(fleet: CheckedFleet, options: DemoOptions): Promise<FleetReport> {
  const { say } = options;
  const bytes = bundleOf(options.compiled, fleet.name);
  const bundle = readBundle(bytes);
  say(
    `\nFleet ${fleet.name}: generation ${bundle.generation}, ${bundle.manifest.rules.length} rules, ${bundle.manifest.witnesses.length} witnesses`,
  );
  const node = new LabNode("piston-demo", fleet.name);
  let stayServer: Server | null = null;
  try {
    node.publish(bytes);
    node.startAgent();
    const committed = await node.agent.event("generation-committed");
    say(
      `agent: proven and committed in ${describeDuration(committed.durationMs)}, native XDP on a veth pair`,
    );

    const ordinary = fleet.backends.map((backend) => ordinaryStream(fleet, backend));
    const attacks = witnessStreams(fleet, bundle.manifest.witnesses);
    const judged = await judge(node, fleet, [...ordinary, ...attacks]);
    printStreams(ordinary, say);
    printCounters(judged.counters, say);
    say(
      `sent ${count(judged.sent)} packets; let through ${count(judged.arrived)}, expected ${range(judged.expectedPassed)}: ${mark(within(judged.arrived, judged.expectedPassed))}`,
    );

    const swap = await showSwap(node, fleet, ordinary, judged.expectation, options);
    if (options.stay) {
      stayServer = await forward(node.agent.metricsSocket);
      say(
        `\nstaying: metrics at http://127.0.0.1:${port(stayServer)}/metrics, health at /health; Ctrl-C ends it`,
      );
      await options.stay;
    }
    return {
      fleet: fleet.name,
      generation: bundle.generation,
      bundleDigest: bundle.digest,
      counters: judged.counters,
      sentPackets: judged.sent,
      expectedPassed: judged.expectedPassed,
      arrivedPackets: judged.arrived,
      swap,
    };
  } finally {
    stayServer?.close();
    await node.close();
  }
}

/** Sends every stream, and compares what the agent's metrics count with what the evaluator says. */
async function judge(node: LabNode, fleet: CheckedFleet, streams: readonly Stream[]) {
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

function timed(node: LabNode, frames: readonly Uint8Array[], batch: FrameBatch): Burst {
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

async function showSwap(
  node: LabNode,
  fleet: CheckedFleet,
  ordinary: readonly Stream[],
  /** Goes on from the first part, as the limits in the kernel do. The edit changes nothing for ordinary packets. */
  expectation: Expectation,
  options: DemoOptions,
): Promise<SwapReport> {
  const { say } = options;
  const folder = mkdtempSync(join(tmpdir(), "piston-edit-"));
  try {
    const { edit, compiled, frame } = await editPolicy(fleet, options, folder);
    say(`\nedit: ${edit.file}:${edit.line}  + ${edit.text}`);
    const bytes = bundleOf(compiled, fleet.name);
    const target = readBundle(bytes);
    const edited = Array<Uint8Array>(EDIT_PACKETS).fill(frame);
    const editedBatch = frameBatch(edited);
    node.send(editedBatch);
    const before = (await node.arrived()).length;

    const from = String((await node.agent.health()).generation);
    const logged = node.agent.log.length;
    const passedBefore = expectation.passed;
    const traffic = keepSending(
      node,
      ordinary.flatMap((stream) => stream.frames),
      expectation,
    );
    await pause(TRAFFIC_MARGIN_MS);
    node.publish(bytes);
    const committed = await node.agent.event("generation-committed", logged);
    await pause(TRAFFIC_MARGIN_MS);
    const sent = traffic.stop();
    const arrived = (await node.arrived()).length;
    const expected = {
      least: expectation.passed.least - passedBefore.least,
      most: expectation.passed.most - passedBefore.most,
    };

    node.send(editedBatch);
    const after = (await node.arrived()).length;
    const { generation, bundleDigest } = await node.agent.health();
    const kept = sent > 0 && within(arrived, expected);
    const changed = before === EDIT_PACKETS && after === 0;
    say(`swap: ${from} → ${String(generation)} in ${describeDuration(committed.durationMs)}`);
    say(`      old generation's digest ${readBundle(bundleOf(options.compiled, fleet.name)).digest}`);
    say(`      new generation's digest ${String(bundleDigest)}`);
    say(
      `ordinary packets during the swap: sent ${count(sent)}, to be passed ${range(expected)}, arrived ${count(arrived)}, ` +
        `lost ${count(Math.max(0, expected.least - arrived))}: ${mark(kept)}`,
    );
    say(
      `packets from the edited source: ${before} of ${EDIT_PACKETS} passed before, ${after} after: ${mark(changed)}`,
    );
    return {
      from,
      to: String(generation),
      edit: { file: edit.file, line: edit.line, text: edit.text },
      ordinarySent: sent,
      ordinaryExpected: expected,
      ordinaryArrived: arrived,
      editedBefore: before,
      editedAfter: after,
      durationMs: total(committed.durationMs),
      ok: kept && changed && bundleDigest === target.digest,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An edit of the author's own files that drops a source which passed before, compiled. */
async function editPolicy(
  fleet: CheckedFleet,
  options: DemoOptions,
  folder: string,
): Promise<{ edit: Edit; compiled: CompileResult; frame: Uint8Array }> {
  const copy = copyPolicies(options.policies, folder);
  for (const source of EDIT_SOURCES) {
    const frame = probe(fleet, source);
    if (frame === null) continue;
    for (const edit of candidateEdits(copy, source)) {
      const compiled = await options.compile(copy);
      const target = compiled.fleets.find((candidate) => candidate.name === fleet.name);
      if (target && createEvaluator(target).decide(frame, 0n).verdict === "drop")
        return { edit, compiled, frame };
      edit.undo();
    }
  }
  throw new Error(
    "the demo found no policy file with `rules: [` into which one more drop rule fits; its second part needs one",
  );
}

/** A packet from `source` to the fleet's first backend (or anywhere) that passes now. */
function probe(fleet: CheckedFleet, source: string): Uint8Array | null {
  const from = parseAddress(source);
  if (!from) return null;
  for (const backend of fleet.backends) {
    for (const stream of ordinaryStream(fleet, backend).frames) {
      const moved = withSource(stream, from.family, from.value);
      if (moved && allPass(fleet, moved)) return moved;
    }
  }
  const to = from.family === 4 ? "198.51.100.9:4000" : "[2001:db8::9]:4000";
  const frame = udp({
    from: from.family === 4 ? `${source}:40000` : `[${source}]:40000`,
    to,
    payloadBytes: 64,
  });
  return allPass(fleet, frame) ? frame : null;
}

/** True where as many as the demo sends pass at once: no limit comes between. */
function allPass(fleet: CheckedFleet, frame: Uint8Array): boolean {
  const evaluator = createEvaluator(fleet);
  return Array(EDIT_PACKETS)
    .fill(frame)
    .every((one: Uint8Array) => evaluator.decide(one, 0n).verdict === "pass");
}

/** The frame with another source address: the filter reads no checksum, and the receiver takes frames before any is checked. */
function withSource(frame: Uint8Array, family: 4 | 6, value: bigint): Uint8Array | null {
  const isV4 = frame[12] === 0x08 && frame[13] === 0x00;
  if (isV4 !== (family === 4)) return null;
  const copy = frame.slice();
  const [offset, bytes] = isV4 ? [26, 4] : [22, 16];
  for (let i = 0; i < bytes; i++) copy[offset + i] = Number((value >> BigInt(8 * (bytes - 1 - i))) & 0xffn);
  return copy;
}

/** Sends ordinary packets in small bursts until stopped; stop() gives how many. */
function keepSending(
  node: LabNode,
  frames: readonly Uint8Array[],
  expectation: Expectation,
): { stop(): number } {
  let sent = 0;
  let next = 0;
  // A round takes a second and more, so that each source keeps to the little that it sent in the first part.
  const burst = Math.max(1, Math.floor(frames.length / 1_000));
  const timer = setInterval(() => {
    const chosen = Array.from(
      { length: frames.length === 0 ? 0 : burst },
      () => frames[next++ % frames.length]!,
    );
    expectation.add(timed(node, chosen, frameBatch(chosen)));
    sent += chosen.length;
  }, 1);
  return {
    stop: () => {
      clearInterval(timer);
      return sent;
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function bundleOf(compiled: CompileResult, fleet: string): Uint8Array {
  const path = `bundles/${fleet}.bundle`;
  const artifact = compiled.artifacts.find((candidate) => candidate.path === path);
  if (!artifact) throw new Error(`the compiler gave no ${path}`);
  return artifact.bytes;
}

function printStreams(streams: readonly Stream[], say: (text: string) => void): void {
  for (const { name, frames } of streams)
    say(
      `ordinary traffic for ${name}: ${frames.length === 0 ? "none found that passes" : `${count(frames.length)} packets`}`,
    );
}

function printCounters(rows: readonly CounterRow[], say: (text: string) => void): void {
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

/** The metrics of an agent that listens on a Unix socket, on a port of loopback: 9090, or any where that is taken. */
async function forward(socketPath: string): Promise<Server> {
  const server = createServer((client) => {
    const agent = connect(socketPath);
    client.pipe(agent).pipe(client);
    client.on("error", () => agent.destroy());
    agent.on("error", () => client.destroy());
  });
  for (const wanted of [9090, 0]) {
    const listening = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(wanted, "127.0.0.1", () => resolve(true));
    });
    if (listening) return server;
  }
  throw new Error("no free port on loopback");
}

function port(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

function within(value: number, { least, most }: Range): boolean {
  return least <= value && value <= most;
}
function mark(ok: boolean): string {
  return ok ? "ok" : "WRONG";
}
function count(value: number): string {
  return value.toLocaleString("en-US");
}
function range({ least, most }: Range): string {
  return least === most ? count(least) : `${count(least)}–${count(most)}`;
}

function total(durationMs: unknown): number {
  if (typeof durationMs === "number") return durationMs;
  const stages = Object.entries((durationMs ?? {}) as Record<string, number>).filter(
    ([name]) => name !== "total",
  );
  return stages.reduce((sum, [, ms]) => sum + ms, 0);
}

function describeDuration(durationMs: unknown): string {
  const stages = Object.entries((durationMs ?? {}) as Record<string, number>).filter(
    ([name]) => name !== "total",
  );
  return `${total(durationMs).toFixed(1)} ms (${stages.map(([name, ms]) => `${name} ${ms.toFixed(1)}`).join(", ")})`;
}
