// A fleet and packets in time to the first thing that evaluator and kernel disagree on: a verdict, a rule, a reason, or
// a counter at the end. The fleet goes the whole way: vocabulary, lowering, checks, bundle, reader, tables in the kernel.

import { strict as assert } from "node:assert";
import { COUNTER_KINDS, COUNTERS_PER_SLOT, COUNTERS_REASONS, REASONS } from "../../src/bundle/abi.ts";
import { readBundle } from "../../src/bundle/index.ts";
import { runChecks } from "../../src/compiler/checks/index.ts";
import { emitBundle } from "../../src/compiler/emit/bundle/index.ts";
import { createEvaluator, type Evaluator, formatTrace } from "../../src/compiler/evaluate.ts";
import { lower } from "../../src/compiler/lower/index.ts";
import { deriveWitnesses } from "../../src/compiler/witness/index.ts";
import type { CheckedFleet, FleetIr } from "../../src/ir/nodes.ts";
import { formatPacket } from "../../src/packet/text.ts";
import type { Fleet } from "../../src/policy/types.ts";
import type { ProgramObject } from "../../src/runtime/generation.ts";
import { createProofEngine, type TimedFrame } from "../../src/runtime/proof-engine.ts";
import { prove } from "../../src/runtime/prove.ts";

const REVISION = `sha256:${"0".repeat(64)}`;

/** Keys of limits and blocks: the kernel may forget some of a table that is more than half full (LRU), the model never. */
const STATE_ENTRIES = 32_768;

/** Witnesses are derived for small fleets: their search grows with the rules, and is tested by itself. */
const WITNESSED_RULES_MAX = 24;

export interface Comparison {
  /** One a line; null: they agree. */
  readonly disagreement: string | null;
  /** Index of the packet; null where a counter or a witness differs, or nothing does. */
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

export function compare(ir: FleetIr, steps: readonly TimedFrame[], object: ProgramObject): Comparison {
  const reasons = new Map<string, number>();
  const result = { packets: steps.length, reasons, witnessesProven: 0 };
  const { bytes, witnesses } = bundleOf(ir);
  const bundle = readBundle(bytes);
  const engine = createProofEngine(bundle, object, STATE_ENTRIES);
  try {
    const evaluator = createEvaluator(ir);
    const ids = new Map(bundle.manifest.rules.map((rule) => [BigInt(`0x${rule.stableId}`), rule.id]));
    const judged = engine.runMany(steps);
    for (const [index, { frame, atNs }] of steps.entries()) {
      const model = evaluator.decide(frame, atNs);
      const kernel = judged[index]!;
      const rule = kernel.rule === 0n ? null : (ids.get(kernel.rule) ?? `unknown rule ${kernel.rule}`);
      reasons.set(model.reason, (reasons.get(model.reason) ?? 0) + 1);
      if (model.verdict === kernel.verdict && model.rule === rule && model.reason === kernel.reason) continue;
      const text = [
        `packet ${index} of ${steps.length} at ${atNs} ns: ${formatPacket(frame)}`,
        `kernel: ${kernel.verdict} ${rule ?? "-"} ${kernel.reason}`,
        `model:  ${model.verdict} ${model.rule ?? "-"} ${model.reason}`,
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

/** With witnesses where the fleet is sound and small: a fleet that the checks refuse has none, and is judged all the same. */
function bundleOf(ir: FleetIr): { bytes: Uint8Array; witnesses: number } {
  const small = ir.management.length + ir.rules.length <= WITNESSED_RULES_MAX;
  const checked = small ? runChecks(ir).checked : null;
  const witnesses = checked ? deriveWitnesses(checked).witnesses : [];
  const bytes = emitBundle(checked ?? (ir as CheckedFleet), { revision: REVISION, witnesses });
  return { bytes, witnesses: witnesses.length };
}

function explain(ir: FleetIr, steps: readonly TimedFrame[]): string[] {
  const evaluator = createEvaluator(ir);
  const last = steps.at(-1)!;
  for (const { frame, atNs } of steps.slice(0, -1)) evaluator.decide(frame, atNs);
  return formatTrace(evaluator.explain(last.frame, last.atNs).trace).map((line) => `  ${line}`);
}

type Counts = ReturnType<ReturnType<typeof createProofEngine>["counters"]>;

/** The first counter that differs, null where none does. */
function firstCounter(ir: FleetIr, evaluator: Evaluator, kernel: Counts): string | null {
  const model = evaluator.counters();
  const differs = (what: string, entry: number, { packets, bytes }: Counts[number]): string | null => {
    const found = kernel[entry]!;
    if (found.packets === packets && found.bytes === bytes) return null;
    return [
      `counter ${what}`,
      `kernel: ${found.packets} packets, ${found.bytes} bytes`,
      `model:  ${packets} packets, ${bytes} bytes`,
    ].join("\n");
  };
  for (const [entry, reason] of REASONS.entries()) {
    const text = differs(`reason ${reason}`, entry, model.reasons[reason]);
    if (text !== null) return text;
  }
  for (const [index, { id }] of [...ir.management, ...ir.rules].entries())
    for (const [kind, name] of COUNTER_KINDS.entries()) {
      const entry = COUNTERS_REASONS + index * COUNTERS_PER_SLOT + kind;
      const text = differs(`${id} ${name}`, entry, model.rules.get(id)![name]);
      if (text !== null) return text;
    }
  return null;
}
