// A rule to the packets that show it at work: one that it, and no rule above, decides; for a limit, its burst and the
// packet after it. Null where the evaluator does not name the rule, or no such packet can be tried in the kernel.

import { strict as assert } from "node:assert";
import type { Witness } from "../../bundle/manifest.generated.ts";
import { limitParameters } from "../../ir/limit.ts";
import type { LimitAction, RuleIr } from "../../ir/nodes.ts";
import { type ParsedPacket, parsePacket } from "../../packet/parse.ts";
import { addressesOf, type Point } from "../cells/point.ts";
import type { Cell } from "../cells/search.ts";
import { ends, once, otherLimits, pointAt, testable, type WitnessContext } from "./context.ts";
import { exceed } from "./exceed.ts";
import { type PlannedStep, START_NS } from "./recorder.ts";

/** Sources that a limit's witness may spread its packets over. */
const SOURCES_MAX = 512;

export function decidingWitness(context: WitnessContext, rule: RuleIr, cell: Cell): Witness | null {
  const frame = testable(pointAt(context, cell));
  if (!frame) return null;
  const witness = context.recorder.record({ name: rule.id, rule: rule.id, steps: [once(frame, START_NS)] });
  const management = context.fleet.management.includes(rule);
  return ends(witness, management ? "management" : "rule", rule.id) ? witness : null;
}

/** The packet falls through: the witness shows what decides in the rule's place. */
export function shadowWitness(context: WitnessContext, rule: RuleIr, cell: Cell): Witness | null {
  const frame = testable(pointAt(context, cell));
  if (!frame) return null;
  const steps = (rule.action.kind === "limit" && stepsAbove(context, rule, rule.action, cell)) || [
    once(frame, START_NS),
  ];
  return context.recorder.record({ name: `${rule.id} in shadow`, rule: rule.id, steps });
}

/** Packets up to the burst, and one more, which the limit drops; where it blocks, until the block's end to the nanosecond. */
export function exceedingWitness(
  context: WitnessContext,
  rule: RuleIr,
  limit: LimitAction,
  cell: Cell,
): Witness | null {
  const steps = stepsAbove(context, rule, limit, cell);
  if (!steps) return null;
  const last = steps.at(-1)!;
  const name = `${rule.id} at its burst`;
  const { blockNs } = limitParameters(limit);
  if (blockNs === 0n) {
    const witness = context.recorder.record({ name, rule: rule.id, steps });
    return ends(witness, "limit", rule.id) ? witness : null;
  }
  const witness = context.recorder.record({
    name: `${name}, and its block`,
    rule: rule.id,
    steps: [...steps, once(last.frame, last.atNs + blockNs - 1n), once(last.frame, last.atNs + blockNs)],
  });
  const [dropped, blocked, after] = witness.steps.slice(-3);
  const shown = dropped?.reason === "limit" && dropped.rule === rule.id && blocked?.reason === "block";
  return shown && after?.reason !== "block" ? witness : null;
}

/** A packet within the rate, where the burst is too large to be tried. */
export function conformingWitness(context: WitnessContext, rule: RuleIr, cell: Cell): Witness | null {
  const frame = testable(pointAt(context, cell));
  if (!frame) return null;
  const name = `${rule.id} within its rate`;
  return context.recorder.record({ name, rule: rule.id, steps: [once(frame, START_NS)] });
}

function stepsAbove(
  context: WitnessContext,
  rule: RuleIr,
  limit: LimitAction,
  cell: Cell,
): PlannedStep[] | null {
  // Half a burst of bytes, or what any link carries: few packets, and the first one conforms.
  const point = pointAt(context, cell, limit.unit === "bytes" ? Math.min(1500, limit.burst >> 1) : 0);
  const others = otherLimits(context, rule, point).flatMap(({ action }) =>
    action.kind === "limit" ? [action] : [],
  );
  const all = sources(context, limit, others, cell, point);
  const made: { readonly frame: Uint8Array; readonly packet: ParsedPacket }[] = [];
  // Whether one can be built does not hang on its source.
  if (!testable(point)) return null;
  const at = (index: number) => {
    made[index] ??= packetFrom({ ...point, source: all[index]! });
    return made[index];
  };
  const bursts = exceed(limit, others, all.length, (index) => at(index).packet, START_NS);
  return bursts?.map(({ packet, atNs, repeat }) => ({ frame: at(packet).frame, atNs, repeat })) ?? null;
}

function packetFrom(point: Point): { readonly frame: Uint8Array; readonly packet: ParsedPacket } {
  const frame = testable(point);
  assert(frame, "a point that can be built can be built from another source");
  const packet = parsePacket(frame);
  assert(packet.kind === "packet", "a point is a packet that parses");
  return { frame, packet };
}

/** Sources that the limit charges to one key and the other limits to different ones, as far as there are any. */
function sources(
  { space }: WitnessContext,
  limit: LimitAction,
  others: readonly LimitAction[],
  cell: Cell,
  point: Point,
): bigint[] {
  const bits = point.family === 4 ? 32 : 128;
  const kept = (one: LimitAction) => (point.family === 4 ? one.prefix4 : one.prefix6);
  // A block covers an IPv4 address or an IPv6 /64, whatever the limit's key.
  const blocked = point.family === 4 ? 32 : 64;
  const shortest = others
    .flatMap((other) => [
      ...(other.key === "source" ? [kept(other)] : []),
      ...(other.blockForSeconds === null ? [] : [blocked]),
    ])
    .reduce((least, length) => Math.min(least, length), bits + 1);
  if (shortest > bits) return [point.source]; // no other limit asks for the source
  const all = addressesOf(space, cell, "source", 1n << BigInt(bits - shortest), SOURCES_MAX);
  if (limit.key !== "source") return all;
  const hostBits = BigInt(bits - kept(limit));
  return all.filter((source) => source >> hostBits === point.source >> hostBits);
}
