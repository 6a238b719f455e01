// A checked fleet to its witnesses: packets that prove a generation in the kernel before it serves. One for every way of
// failing to parse, for what is always passed, for every management flow and every rule that a packet reaches, for the
// default verdict, and for the edges of sets.

import { strict as assert } from "node:assert";
import type { Witness } from "../../bundle/manifest.generated.ts";
import type { CheckedFleet, RuleIr } from "../../ir/nodes.ts";
import type { Cell } from "../cells/search.ts";
import { TESTABLE_FRAME_BYTES } from "../cells/space.ts";
import { LARGE } from "../checks/matches.ts";
import { ruleDiagnostic } from "../checks/report.ts";
import type { Diagnostic } from "../types.ts";
import {
  type Above,
  createWitnessContext,
  ends,
  once,
  pointAt,
  reach,
  testable,
  type WitnessContext,
  walk,
} from "./context.ts";
import { ALWAYS_PASSED_FRAMES, PARSE_FRAMES } from "./frames.ts";
import { START_NS } from "./recorder.ts";
import { conformingWitness, decidingWitness, exceedingWitness, shadowWitness } from "./rule-witnesses.ts";
import { ShownSets, setEdges } from "./set-edges.ts";

export interface WitnessResult {
  readonly witnesses: readonly Witness[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Deterministic. State is empty before each witness. */
export function deriveWitnesses(fleet: CheckedFleet): WitnessResult {
  const context = createWitnessContext(fleet);
  const witnesses = [...parseWitnesses(context), ...alwaysPassedWitnesses(context)];
  const edges: Witness[] = [];
  const diagnostics: Diagnostic[] = [];
  const shown = new ShownSets();
  walk(context, (rule, above) => {
    if (!rule) {
      witnesses.push(...defaultWitness(context, above));
      return;
    }
    const cell = reach(context, rule, above);
    if (!cell) return;
    const witness = ruleWitness(context, rule, above, cell);
    if (witness) witnesses.push(witness);
    else diagnostics.push(noWitness(rule));
    edges.push(...setEdges(context, rule, above, shown));
  });
  return { witnesses: [...witnesses, ...edges], diagnostics };
}

function ruleWitness(context: WitnessContext, rule: RuleIr, above: Above, any: Cell): Witness | null {
  if (rule.shadow) return shadowWitness(context, rule, any);
  const { action } = rule;
  if (action.kind !== "limit") {
    const witness = decidingWitness(context, rule, any);
    if (witness) return witness;
    // A limit above may be so tight that it drops a single packet.
    const clear = reach(context, rule, above, { clear: true });
    return clear && decidingWitness(context, rule, clear);
  }
  // Best are large packets for bytes, and packets that no other limit judges.
  for (const also of action.unit === "bytes" ? [[LARGE], []] : [[]])
    for (const clear of [true, false]) {
      const cell = reach(context, rule, above, { clear, also });
      const witness = cell && exceedingWitness(context, rule, action, cell);
      if (witness) return witness;
    }
  return conformingWitness(context, rule, any);
}

function parseWitnesses({ recorder }: WitnessContext): Witness[] {
  return PARSE_FRAMES.map(({ class: parseClass, name, frame }) => {
    const steps = [once(frame, START_NS)];
    const witness = recorder.record({ name: `parse: ${parseClass}, ${name}`, rule: null, steps });
    assert(ends(witness, parseClass, null), `${witness.name}: ${witness.steps[0]!.reason}`);
    return witness;
  });
}

function alwaysPassedWitnesses({ recorder }: WitnessContext): Witness[] {
  return ALWAYS_PASSED_FRAMES.map(({ reason, name, frame }) => {
    const steps = [once(frame, START_NS)];
    const witness = recorder.record({ name: `always passed: ${reason}, ${name}`, rule: null, steps });
    assert(ends(witness, reason, null), `${witness.name}: ${witness.steps[0]!.reason}`);
    return witness;
  });
}

/** None where the rules decide every packet, or limits drop what is left. */
function defaultWitness(context: WitnessContext, above: Above): Witness[] {
  for (const clear of [false, true]) {
    const cell = reach(context, null, above, { clear });
    const frame = cell && testable(pointAt(context, cell));
    if (!frame) return [];
    const steps = [once(frame, START_NS)];
    const witness = context.recorder.record({ name: "default", rule: null, steps });
    if (ends(witness, "default", null)) return [witness];
  }
  return [];
}

function noWitness(rule: RuleIr): Diagnostic {
  return ruleDiagnostic(
    rule,
    "no-witness",
    "warning",
    `no packet that shows \`${rule.name}\` at work can be tried in the kernel before the bundle serves`,
    `a trial takes frames of up to ${TESTABLE_FRAME_BYTES.toLocaleString("en-US")} bytes that no limit above drops at once: let the rule match such a packet`,
  );
}
