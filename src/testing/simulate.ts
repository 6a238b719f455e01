// Packets and times to decisions: what a policy test calls. The evaluator judges, with limits and blocks kept between the
// packets of one simulation.

import { type Counters, createEvaluator, type Decision } from "../compiler/evaluate.ts";
import { buildPacket } from "../packet/build.ts";
import type { PacketSpec } from "../packet/spec.ts";
import { parsePacketText } from "../packet/text.ts";
import { fleetIrOf, type Subject } from "./subject.ts";

/** A frame, a spec of one, or a line: `udp 198.51.100.7:53 > 203.0.113.5:4000 len 900`. */
export type PacketInput = Uint8Array | PacketSpec | string;

export interface DecideOptions {
  /** Time of the packet from the start of the simulation; fractions reach down to a nanosecond. 0 where it is missing. */
  readonly atMs?: number;
}
export interface RepeatOptions extends DecideOptions {
  readonly count: number;
  /** Time from packet to packet; 0 where it is missing. */
  readonly everyMs?: number;
}

export interface Simulation {
  /** Judges a packet; limits, blocks and counters go on from the packets before. */
  decide(packet: PacketInput, options?: DecideOptions): Decision;
  /** Judges the same packet `count` times. */
  repeat(packet: PacketInput, options: RepeatOptions): Decision[];
  /** Blocks a source as `piston block` does. */
  block(source: string, options: { readonly untilMs: number }): void;
  /** True where there was a block. */
  unblock(source: string): boolean;
  counters(): Counters;
}

/** Starts with empty limits, and without blocks. Throws FaultyPolicyError. */
export function simulate(subject: Subject): Simulation {
  const evaluator = createEvaluator(fleetIrOf(subject));
  return {
    decide: (packet, { atMs = 0 } = {}) => evaluator.explain(frameOf(packet), nanoseconds(atMs)),
    repeat(packet, { count, atMs = 0, everyMs = 0 }) {
      const frame = frameOf(packet);
      const every = nanoseconds(everyMs);
      const at = nanoseconds(atMs);
      return Array.from({ length: count }, (_, i) => evaluator.explain(frame, at + BigInt(i) * every));
    },
    block: (source, { untilMs }) => evaluator.block(source, nanoseconds(untilMs)),
    unblock: (source) => evaluator.unblock(source),
    counters: () => evaluator.counters(),
  };
}

/** Judges one packet on empty limits and without blocks. Throws FaultyPolicyError, and PacketTextError for a bad line. */
export function decide(subject: Subject, packet: PacketInput, options?: DecideOptions): Decision {
  return simulate(subject).decide(packet, options);
}

function frameOf(packet: PacketInput): Uint8Array {
  if (packet instanceof Uint8Array) return packet;
  return buildPacket(typeof packet === "string" ? parsePacketText(packet) : packet);
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}
