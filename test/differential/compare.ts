// A fleet and packets in time to the first thing that evaluator and kernel disagree on: a verdict, a rule, a reason, or
// a counter at the end. The fleet goes the whole way: vocabulary, lowering, checks, bundle, reader, tables in the kernel. The
// evaluator that knows a bundle's tables and not its policies (src/engine) judges as well.

import { strict as assert } from "node:assert";
import { COUNTER_KINDS, REASONS } from "../../src/bundle/abi.ts";
import { readBundle } from "../../src/bundle/index.ts";
import { runChecks } from "../../src/compiler/checks/index.ts";
import { emitBundle } from "../../src/compiler/emit/bundle/index.ts";
import { createEvaluator, type Evaluator, formatTrace } from "../../src/compiler/evaluate.ts";
import { lower } from "../../src/compiler/lower/index.ts";
import { deriveWitnesses } from "../../src/compiler/witness/index.ts";
import { evaluatorOfBundle } from "../../src/engine/index.ts";
import type { CheckedFleet, FleetIr } from "../../src/ir/nodes.ts";
import { formatPacket } from "../../src/packet/text.ts";
import type { Fleet } from "../../src/policy/types.ts";
import type { ProgramObject } from "../../src/runtime/kernel/generation.ts";
import {
  createProofEngine,
  type ProofEngine,
  type TimedFrame,
} from "../../src/runtime/kernel/proof-engine.ts";
import { prove } from "../../src/runtime/kernel/prove.ts";
import { isPacket, type Step } from "./step.ts";

const REVISION = `sha256:${"0".repeat(64)}`;

/** Keys of limits and blocks: the kernel may forget some of a table that is more than half full (LRU), the model never. */
const STATE_ENTRIES = 32_768;

/** Witnesses are derived for small fleets: their search grows with the rules, and is tested by itself. */
const WITNESSED_RULES_MAX = 24;

export interface Comparison {
  /** One a line; null: they agree. */
  readonly disagreement: string | null;
  /** Index of the step; null where a counter or a witness differs, or nothing does. */
  readonly step: number | null;
  readonly packets: number;
  /** Packets by the reason that they got, for a run that says what it reached. */
  readonly reasons: ReadonlyMap<string, number>;
  /** The fleet passed every check, and its witnesses were proven. */
  readonly witnessesProven: number;
}

/** Null where lowering leaves no fleet at all. Rules that lowering refuses (a set that is empty) are left out. */
export function lowerFleet(fleet: Fleet): FleetIr | null {
  return (
    lower({ fleets: [fleet], sources: new Map(), feeds: new Map(), revision: REVISION }).fleets[0] ?? null
  );
}

export function compare(ir: FleetIr, steps: readonly Step[], object: ProgramObject): Comparison {
  const reasons = new Map<string, number>();
  const result = { packets: steps.filter(isPacket).length, reasons, witnessesProven: 0 };
  const { bytes, witnesses } = bundleOf(ir);
  const bundle = readBundle(bytes);
  const engine = createProofEngine(bundle, object, STATE_ENTRIES);
  try {
    const evaluator = createEvaluator(ir);
    const byTables = evaluatorOfBundle(bundle);
    const ids = new Map(bundle.manifest.rules.map((rule) => [BigInt(`0x${rule.stableId}`), rule.id]));
    const kernel = runKernel(engine, steps, (id) =>
      id === 0n ? "-" : (ids.get(id) ?? `unknown rule ${id}`),
    );
    for (const [index, step] of steps.entries()) {
      const model = runModel(evaluator, step);
      const tables = runModel(byTables, step);
      if (isPacket(step)) {
        const [, , reason = ""] = model.split(" ");
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
      if (model === kernel[index] && tables === model) continue;
      const text = [
        `step ${index} of ${steps.length}: ${isPacket(step) ? `${formatPacket(step.frame)}, at ${step.atNs} ns` : `operator, ${step.source}`}`,
        `kernel: ${kernel[index]}`,
        `model:  ${model}`,
        `model by the bundle's tables: ${tables}`,
        ...explain(ir, steps.slice(0, index + 1)),
      ];
      return { ...result, disagreement: text.join("\n"), step: index };
    }
    assert(
      engine.stateSize() < STATE_ENTRIES / 2,
      "the kernel may have forgotten state: give it more entries, or fewer keys",
    );
    const counter = firstCounter(ir, evaluator, engine.counters());
    if (counter !== null) return { ...result, disagreement: counter, step: null };
    // After the counters, for its packets count as well.
    if (witnesses > 0) prove(bundle.manifest, engine);
    return { ...result, disagreement: null, step: null, witnessesProven: witnesses };
  } finally {
    engine.close();
  }
}

/** What each step gets, `drop policy/rule limit`. Packets between two steps of an operator go to the kernel in one call. */
function runKernel(engine: ProofEngine, steps: readonly Step[], nameOf: (id: bigint) => string): string[] {
  const answers: string[] = [];
  let packets: TimedFrame[] = [];
  const flush = () => {
    for (const { verdict, rule, reason } of engine.runMany(packets))
      answers.push(`${verdict} ${nameOf(rule)} ${reason}`);
    packets = [];
  };
  for (const step of steps) {
    if (isPacket(step)) packets.push(step);
    else {
      flush();
      if (step.blockUntilNs !== null) engine.block(step.source, step.blockUntilNs);
      answers.push(step.blockUntilNs === null ? `unblocked ${engine.unblock(step.source)}` : "blocked");
    }
  }
  flush();
  return answers;
}

function runModel(evaluator: Evaluator, step: Step): string {
  if (isPacket(step)) {
    const { verdict, rule, reason } = evaluator.decide(step.frame, step.atNs);
    return `${verdict} ${rule ?? "-"} ${reason}`;
  }
  if (step.blockUntilNs === null) return `unblocked ${evaluator.unblock(step.source)}`;
  evaluator.block(step.source, step.blockUntilNs);
  return "blocked";
}

/** With witnesses where the fleet is sound and small: a fleet that the checks refuse has none, and is judged all the same. */
function bundleOf(ir: FleetIr): { bytes: Uint8Array; witnesses: number } {
  const small = ir.management.length + ir.rules.length <= WITNESSED_RULES_MAX;
  const checked = small ? runChecks(ir).checked : null;
  const witnesses = checked ? deriveWitnesses(checked).witnesses : [];
  const bytes = emitBundle(checked ?? (ir as CheckedFleet), { revision: REVISION, witnesses });
  return { bytes, witnesses: witnesses.length };
}

function explain(ir: FleetIr, steps: readonly Step[]): string[] {
  const evaluator = createEvaluator(ir);
  const last = steps.at(-1)!;
  for (const step of steps.slice(0, -1)) runModel(evaluator, step);
  if (!isPacket(last)) return [];
  return formatTrace(evaluator.explain(last.frame, last.atNs).trace).map((line) => `  ${line}`);
}

type Counts = ReturnType<ReturnType<typeof createProofEngine>["counters"]>;
type Count = Counts["reasons"][number];

/** The first counter that differs, null where none does. */
function firstCounter(ir: FleetIr, evaluator: Evaluator, kernel: Counts): string | null {
  const model = evaluator.counters();
  const differs = (what: string, found: Count, { packets, bytes }: Count): string | null => {
    if (found.packets === packets && found.bytes === bytes) return null;
    return [
      `counter ${what}`,
      `kernel: ${found.packets} packets, ${found.bytes} bytes`,
      `model:  ${packets} packets, ${bytes} bytes`,
    ].join("\n");
  };
  for (const [entry, reason] of REASONS.entries()) {
    const text = differs(`reason ${reason}`, kernel.reasons[entry]!, model.reasons[reason]);
    if (text !== null) return text;
  }
  for (const [index, { id }] of [...ir.management, ...ir.rules].entries())
    for (const [kind, name] of COUNTER_KINDS.entries()) {
      const text = differs(`${id} ${name}`, kernel.slots[index]![kind]!, model.rules.get(id)![name]);
      if (text !== null) return text;
    }
  return null;
}
