// The demo's second part: an edit of a copy of the policies, swapped in while ordinary packets flow.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../bundle/format.ts";
import { createEvaluator } from "../compiler/evaluate.ts";
import type { CompileResult } from "../compiler/types.ts";
import type { CheckedFleet } from "../ir/nodes.ts";
import { parseAddress } from "../ir/prefix.ts";
import type { LabNode } from "../lab/lab-node.ts";
import { frameBatch } from "../lab/packet-socket.ts";
import { udp } from "../packet/helpers.ts";
import { candidateEdits, copyPolicies, type Edit } from "./edit.ts";
import type { Expectation, Range } from "./expect.ts";
import { timed } from "./judge.ts";
import { ordinaryStream, type Stream } from "./traffic.ts";
import { count, describeDuration, mark, range, total, within } from "./words.ts";

/** Of the demo's options, what this part needs. */
export interface SwapOptions {
  /** The policy directory or file. */
  readonly policies: string;
  readonly compile: (policies: string) => Promise<CompileResult>;
  /** The first compilation: already done, without errors. */
  readonly compiled: CompileResult;
  readonly say: (text: string) => void;
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

export async function showSwap(
  node: LabNode,
  fleet: CheckedFleet,
  ordinary: readonly Stream[],
  /** Goes on from the first part, as the limits in the kernel do. The edit changes nothing for ordinary packets. */
  expectation: Expectation,
  options: SwapOptions,
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
  options: SwapOptions,
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

export function bundleOf(compiled: CompileResult, fleet: string): Uint8Array {
  const path = `bundles/${fleet}.bundle`;
  const artifact = compiled.artifacts.find((candidate) => candidate.path === path);
  if (!artifact) throw new Error(`the compiler gave no ${path}`);
  return artifact.bytes;
}
