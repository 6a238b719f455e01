// The XDP program as an engine: a proof instance with the bundle's tables, a clock that comes with each packet, and state
// of its own. Nothing is pinned, nothing attached. Needs root (or CAP_BPF), Linux, the addon and the program's object.
//
// BPF_PROG_TEST_RUN takes no frame below 14 bytes and splits one above 3,520. A shorter frame is filled up with zero and a
// longer one cut, and the program is told the frame's length (struct proof): every check against the frame uses that, and
// what it reads lies before the cut. The exception is a frame whose headers themselves reach beyond the cut, by kilobytes
// of IPv6 extension headers. Where it is malformed its verdict is that of its parse class, which touches no state, and the
// model says it; else the model judges it too, on limits of its own, and notes() says how many there were.

import {
  COUNTER_KINDS,
  FIRST_PARSE_REASON,
  PAYLOAD_OFFSET_MAX,
  PROOF,
  REASONS,
  type Reason,
  VERDICTS,
} from "../bundle/abi.ts";
import type { Bundle } from "../bundle/index.ts";
import type { PacketBatch } from "../capture/index.ts";
import type { Counters, Evaluator } from "../compiler/evaluate.ts";
import { parsePacket } from "../packet/parse.ts";
import { bpfUnavailable } from "../runtime/bpf/index.ts";
import type { Counts } from "../runtime/kernel/counters.ts";
import { defaultObjectPath, readProgramObject } from "../runtime/kernel/generation.ts";
import { createProofEngine } from "../runtime/kernel/proof-engine.ts";
import { type Engine, type Outcome, Outcomes } from "./engine.ts";

const SHORTEST_BYTES = 14;
const LONGEST_BYTES = 3072;
/** What may be read from the L4 header on: the longest header, and payload bytes that rules ask for. */
const READ_FROM_L4_BYTES = 60 + PAYLOAD_OFFSET_MAX + 8;

/** Keys of limits, and of blocks, before the kernel may forget the oldest. */
const STATE_ENTRIES = 1 << 19;
const STATELESS_ENTRIES = 1024;

/** Why the kernel cannot judge in this process; null where it can. */
export function kernelUnavailable(): string | null {
  if (process.platform !== "linux") return `BPF needs Linux, this is ${process.platform}`;
  const missing = bpfUnavailable();
  if (missing) return missing.message;
  if (process.getuid?.() !== 0) return "loading an XDP program needs root";
  return null;
}

/** What policy tests want besides. */
export interface KernelEngine extends Engine {
  /** Blocks a source as an operator. Throws where it is no address. */
  block(source: string, untilNs: bigint): void;
  /** True where there was a block. */
  unblock(source: string): boolean;
  counters(): Counters;
  /** Empties limits and blocks. */
  clear(): void;
}

/** `fallback` is asked for only where a frame is like none above. Throws RuntimeFault where the program cannot be loaded. */
export function kernelEngine(
  bundle: Bundle,
  fallback: () => Evaluator,
  entries = STATE_ENTRIES,
): KernelEngine {
  const instance = createProofEngine(
    bundle,
    readProgramObject(defaultObjectPath()),
    bundle.manifest.rules.some(({ limit }) => limit) ? entries : STATELESS_ENTRIES,
  );
  const ruleOf = new Map<bigint, string | null>([[0n, null]]);
  for (const { stableId, id } of bundle.manifest.rules) ruleOf.set(BigInt(`0x${stableId}`), id);
  const outcomes = new Outcomes();
  const judged: Outcome[] = [];
  let model: Evaluator | null = null;
  let byModel = 0;

  return {
    name: "kernel",
    judge(batch) {
      const shown = show(batch);
      const codes = instance.runPacked(shown.bytes, shown.offsets, shown.metadata);
      const words = new BigUint64Array(shown.metadata.buffer);
      const halves = new Uint32Array(shown.metadata.buffer);
      judged.length = batch.count;
      for (let run = 0; run < codes.length; run++) {
        const rule = ruleOf.get(words[(run * PROOF.bytes + PROOF.ruleId) / 8]!);
        const verdict = VERDICTS[halves[(run * PROOF.bytes + PROOF.verdict) / 4]!];
        const reason = REASONS[halves[(run * PROOF.bytes + PROOF.reason) / 4]!];
        if (
          rule === undefined ||
          verdict === undefined ||
          reason === undefined ||
          codes[run] !== XDP[verdict]
        )
          throw new Error(
            `the XDP program leaves ${verdict} by ${rule} for ${reason}, returns ${codes[run]}`,
          );
        judged[shown.packets?.[run] ?? run] = outcomes.of(verdict, rule, reason);
      }
      for (const packet of shown.left) {
        model ??= fallback();
        const frame = batch.bytes.subarray(batch.offsets[packet], batch.offsets[packet + 1]);
        const { verdict, rule, reason } = model.decide(frame, batch.timesNs[packet]!);
        judged[packet] = outcomes.of(verdict, rule, reason);
        if (!isParseClass(reason)) byModel++;
      }
      return judged;
    },
    notes() {
      const notes: string[] = [];
      if (byModel > 0)
        notes.push(
          `${byModel} frames have headers beyond the ${LONGEST_BYTES} bytes that the kernel is shown; the model judged them`,
        );
      const size = instance.stateSize();
      if (size > entries / 2)
        notes.push(
          `limits and blocks had ${size} keys; above ${entries / 2} the kernel may forget some that still count`,
        );
      return notes;
    },
    block: (source, untilNs) => instance.block(source, untilNs),
    unblock: (source) => instance.unblock(source),
    counters: () => countersOf(bundle, instance.counters()),
    clear: () => instance.clearState(),
    close: () => instance.close(),
  };
}

type RuleCounts = Parameters<Parameters<Counters["rules"]["forEach"]>[0]>[0];

/** Slots are the rules' places in the manifest. */
function countersOf({ manifest }: Bundle, counts: Counts): Counters {
  const none = { packets: 0, bytes: 0 };
  const reasons = Object.fromEntries(
    REASONS.map((reason, i) => [reason, counts.reasons[i] ?? none]),
  ) as Counters["reasons"];
  const rules = manifest.rules.map(({ id }, index) => {
    const kinds = COUNTER_KINDS.map((kind, i) => [kind, counts.slots[index]?.[i] ?? none]);
    return [id, Object.fromEntries(kinds) as RuleCounts] as const;
  });
  return { reasons, rules: new Map(rules) };
}

function isParseClass(reason: Reason): boolean {
  return REASONS.indexOf(reason) >= FIRST_PARSE_REASON;
}

/** include/uapi/linux/bpf.h, enum xdp_action. */
const XDP = { drop: 1, pass: 2 } as const;

interface Shown {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
  readonly metadata: Uint8Array;
  /** Packet of each run; null: they are the same. */
  readonly packets: readonly number[] | null;
  /** Packets that cannot be shown. */
  readonly left: readonly number[];
}

/** The batch as test-runs take it: as it is where it can be. */
function show(batch: PacketBatch): Shown {
  const { count, bytes, offsets, timesNs } = batch;
  const metadata = new Uint8Array(count * PROOF.bytes);
  const words = new BigUint64Array(metadata.buffer);
  let fits = true;
  for (let i = 0; i < count; i++) {
    words[(i * PROOF.bytes + PROOF.nowNs) / 8] = timesNs[i]!;
    const length = offsets[i + 1]! - offsets[i]!;
    if (length < SHORTEST_BYTES || length > LONGEST_BYTES) fits = false;
  }
  if (fits) return { bytes, offsets, metadata, packets: null, left: [] };

  const halves = new Uint32Array(metadata.buffer);
  const packets: number[] = [];
  const left: number[] = [];
  const ends = [0];
  const shown = new Uint8Array(bytes.length + count * SHORTEST_BYTES);
  for (let i = 0; i < count; i++) {
    const frame = bytes.subarray(offsets[i], offsets[i + 1]);
    if (frame.length > LONGEST_BYTES && !endsEarly(frame)) {
      left.push(i);
      continue;
    }
    const run = packets.length;
    const at = ends[run]!;
    shown.set(frame.subarray(0, LONGEST_BYTES), at);
    ends.push(at + Math.max(SHORTEST_BYTES, Math.min(LONGEST_BYTES, frame.length)));
    words[(run * PROOF.bytes + PROOF.nowNs) / 8] = timesNs[i]!;
    if (frame.length < SHORTEST_BYTES || frame.length > LONGEST_BYTES)
      halves[(run * PROOF.bytes + PROOF.frameBytes) / 4] = frame.length + 1;
    packets.push(i);
  }
  return {
    bytes: shown.subarray(0, ends.at(-1)),
    offsets: Uint32Array.from(ends),
    metadata: metadata.slice(0, packets.length * PROOF.bytes),
    packets,
    left,
  };
}

/** Whether all that a parser reads of the frame lies before the cut. */
function endsEarly(frame: Uint8Array): boolean {
  const packet = parsePacket(frame);
  if (packet.kind === "packet") return packet.l4Offset + READ_FROM_L4_BYTES <= LONGEST_BYTES;
  return packet.kind === "arp" || FIRST_CLASSES.has(packet.class);
}

/** Decided by Ethernet and the fixed IP header. The others may be found behind kilobytes of extension headers. */
const FIRST_CLASSES: ReadonlySet<Reason> = new Set<Reason>([
  "other-ethertype",
  "too-many-vlan-tags",
  "truncated-ip",
  "bad-ip-version",
  "bad-ihl",
  "bad-total-length",
]);
