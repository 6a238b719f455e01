// What every kind of witness is derived from: the fleet's rules in one space, the packets that are already decided above a
// rule, and the recorder.

import type { Witness } from "../../bundle/manifest.generated.ts";
import type { CheckedFleet, MatchIr, RuleIr } from "../../ir/nodes.ts";
import { frameOf } from "../cells/frame.ts";
import { holds, type Point, pointOf } from "../cells/point.ts";
import { findPacket, Region } from "../cells/region.ts";
import type { Cell } from "../cells/search.ts";
import { type CheckContext, createContext } from "../checks/context.ts";
import { ALWAYS_PASSED } from "../checks/matches.ts";
import { decides } from "../checks/report.ts";
import { fitsTestRun, type PlannedStep, Recorder } from "./recorder.ts";

export interface WitnessContext extends CheckContext {
  readonly fleet: CheckedFleet;
  readonly recorder: Recorder;
}

export function createWitnessContext(fleet: CheckedFleet): WitnessContext {
  return { ...createContext(fleet), fleet, recorder: new Recorder(fleet) };
}

/** Where evaluation stands before a rule: what has been decided above, and which enforcing limits stand there. */
export interface Above {
  readonly decided: Region<unknown>;
  readonly limited: Region<unknown>;
}

/** Calls `visit` for management flows and rules from top to bottom, and at last for the default (`rule` null). */
export function walk(context: WitnessContext, visit: (rule: RuleIr | null, above: Above) => void): void {
  const above: Above = { decided: new Region(context.space), limited: new Region(context.space) };
  for (const { name, match } of ALWAYS_PASSED) above.decided.add(match, name);
  for (const rule of [...context.fleet.management, ...context.fleet.rules]) {
    visit(rule, above);
    if (decides(rule)) above.decided.add(rule.match, rule);
    else if (!rule.shadow) above.limited.add(rule.match, rule);
  }
  visit(null, above);
}

/**
 * Packets that reach a rule (null: the default). Null where there are none, or to find out is too hard; the checks have
 * told both. `clear`: they meet no enforcing limit on their way either. `also`: what else they shall be.
 */
export function reach(
  context: WitnessContext,
  rule: RuleIr | null,
  above: Above,
  { clear = false, also = [] }: { readonly clear?: boolean; readonly also?: readonly MatchIr[] } = {},
): Cell | null {
  const within = rule ? [rule.match, ...also] : also;
  const outside = clear ? [above.decided, above.limited] : [above.decided];
  const result = findPacket(context.space, within, outside, context.proofBudget());
  return result.kind === "found" ? result.cell : null;
}

/** Null where it can not be built, or no test-run takes it. */
export function testable(point: Point): Uint8Array | null {
  const frame = frameOf(point);
  return frame && fitsTestRun(frame) ? frame : null;
}

export function pointAt(context: WitnessContext, cell: Cell, l3Bytes = 0): Point {
  return pointOf(context.space, cell, l3Bytes);
}

/** Enforcing limits that judge the packet too, and drop it or block its source: those above, and those that block. */
export function otherLimits(context: WitnessContext, rule: RuleIr, point: Point): RuleIr[] {
  const { rules } = context.fleet;
  const own = rules.indexOf(rule);
  return rules.filter(
    (other, index) =>
      other !== rule &&
      other.action.kind === "limit" &&
      !other.shadow &&
      (index < own || other.action.blockForSeconds !== null) &&
      holds(other.match, point),
  );
}

export function once(frame: Uint8Array, atNs: bigint): PlannedStep {
  return { frame, atNs, repeat: 1 };
}

/** What the last step of a witness must get. */
export function ends(witness: Witness, reason: string, rule: string | null): boolean {
  const last = witness.steps.at(-1)!;
  return last.reason === reason && last.rule === rule;
}
