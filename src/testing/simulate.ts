// Packets and times to decisions: what a policy test calls. Model or kernel judges, with limits and blocks kept between the
// packets of one simulation.

import { Capture, fromBytes, openFile } from "../capture/index.ts";
import type { Counters, Decision } from "../compiler/evaluate.ts";
import type { EngineName } from "../engine/engine.ts";
import { buildPacket } from "../packet/build.ts";
import type { PacketSpec } from "../packet/spec.ts";
import { parsePacketText } from "../packet/text.ts";
import { recordReached } from "./coverage.ts";
import { createJudge, defaultEngine, judgeOnce } from "./engine.ts";
import { fleetIrOf, type Subject } from "./subject.ts";

/** A frame, a spec of one, or a line: `udp 198.51.100.7:53 > 203.0.113.5:4000 len 900`. */
export type PacketInput = Uint8Array | PacketSpec | string;

export interface EngineOptions {
  /** `kernel`: the XDP program, as root on Linux. PISTON_ENGINE where it is missing, else `model`. */
  readonly engine?: EngineName;
}
export interface TimeOptions {
  /** Time of the packet from the start of the simulation; fractions reach down to a nanosecond. 0 where it is missing. */
  readonly atMs?: number;
}
export interface DecideOptions extends TimeOptions, EngineOptions {}
export interface RepeatOptions extends TimeOptions {
  readonly count: number;
  /** Time from packet to packet; 0 where it is missing. */
  readonly everyMs?: number;
}

/** A packet of a capture and what it got. */
export interface ReplayedPacket extends Decision {
  /** In the capture, from 0. */
  readonly index: number;
  /** From the capture's first packet. */
  readonly atMs: number;
  readonly frame: Uint8Array;
}

export interface Simulation {
  /** Judges a packet; limits, blocks and counters go on from the packets before. */
  decide(packet: PacketInput, options?: TimeOptions): Decision;
  /** Judges the same packet `count` times. */
  repeat(packet: PacketInput, options: RepeatOptions): Decision[];
  /** Judges each packet of a pcap or pcapng file, by its path or its bytes, at its time. Throws CaptureError. */
  replay(capture: string | Uint8Array): ReplayedPacket[];
  /** Blocks a source as `piston block` does. */
  block(source: string, options: { readonly untilMs: number }): void;
  /** True where there was a block. */
  unblock(source: string): boolean;
  counters(): Counters;
}

/** Starts with empty limits, and without blocks. Throws FaultyPolicyError, and KernelUnavailableError. */
export function simulate(subject: Subject, { engine = defaultEngine() }: EngineOptions = {}): Simulation {
  const judge = createJudge(fleetIrOf(subject), engine);
  const explain = (frame: Uint8Array, nowNs: bigint) => recorded(judge.explain(frame, nowNs));
  return {
    decide: (packet, { atMs = 0 } = {}) => explain(frameOf(packet), nanoseconds(atMs)),
    repeat(packet, { count, atMs = 0, everyMs = 0 }) {
      const frame = frameOf(packet);
      const every = nanoseconds(everyMs);
      const at = nanoseconds(atMs);
      return Array.from({ length: count }, (_, i) => explain(frame, at + BigInt(i) * every));
    },
    replay: (capture) =>
      [...packetsOf(capture)].map(({ index, frame, timeNs }) => ({
        ...explain(frame, timeNs),
        index,
        atMs: Number(timeNs) / 1e6,
        frame,
      })),
    block: (source, { untilMs }) => judge.block(source, nanoseconds(untilMs)),
    unblock: (source) => judge.unblock(source),
    counters: () => judge.counters(),
  };
}

/** Judges one packet on empty limits and without blocks. Throws as simulate(), and PacketTextError for a bad line. */
export function decide(subject: Subject, packet: PacketInput, options: DecideOptions = {}): Decision {
  const { atMs = 0, engine = defaultEngine() } = options;
  return recorded(judgeOnce(fleetIrOf(subject), engine, frameOf(packet), nanoseconds(atMs)));
}

function recorded(decision: Decision): Decision {
  recordReached(decision);
  return decision;
}

function frameOf(packet: PacketInput): Uint8Array {
  if (packet instanceof Uint8Array) return packet;
  return buildPacket(typeof packet === "string" ? parsePacketText(packet) : packet);
}

function* packetsOf(capture: string | Uint8Array) {
  const source = typeof capture === "string" ? openFile(capture) : fromBytes(capture);
  try {
    for (const { first, count, bytes, offsets, timesNs } of new Capture(source).batches())
      for (let i = 0; i < count; i++)
        yield { index: first + i, frame: bytes.slice(offsets[i], offsets[i + 1]), timeNs: timesNs[i]! };
  } finally {
    source.close();
  }
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}
