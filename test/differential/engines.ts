// A fleet to the two engines that judge it, with one answer in text: `drop policy/rule limit`, `-` for no rule.

import { readBundle } from "../../src/bundle/index.ts";
import { emitBundle } from "../../src/compiler/emit/bundle/index.ts";
import { createEvaluator } from "../../src/compiler/evaluate.ts";
import type { CheckedFleet, FleetIr } from "../../src/ir/nodes.ts";
import { readProgramObject } from "../../src/runtime/kernel/generation.ts";
import { createProofEngine } from "../../src/runtime/kernel/proof-engine.ts";
import { FILTER_OBJECT } from "../support/build-filter.ts";

export interface Engine {
  decide(frame: Uint8Array, atNs?: bigint): string;
  close(): void;
}

const START_NS = 1_000_000_000n;

export function modelEngine(fleet: FleetIr): Engine {
  const evaluator = createEvaluator(fleet);
  return {
    decide(frame, atNs = START_NS) {
      const { verdict, rule, reason } = evaluator.decide(frame, atNs);
      return `${verdict} ${rule ?? "-"} ${reason}`;
    },
    close() {},
  };
}

export function kernelEngine(fleet: FleetIr): Engine {
  const bytes = emitBundle(fleet as CheckedFleet, { revision: `sha256:${"0".repeat(64)}`, witnesses: [] });
  const bundle = readBundle(bytes);
  const engine = createProofEngine(bundle, readProgramObject(FILTER_OBJECT));
  const ids = new Map(bundle.manifest.rules.map((rule) => [BigInt(`0x${rule.stableId}`), rule.id]));
  return {
    decide(frame, atNs = START_NS) {
      const [decision] = engine.runMany([{ frame, atNs }]);
      const { verdict, rule, reason } = decision!;
      return `${verdict} ${rule === 0n ? "-" : (ids.get(rule) ?? rule)} ${reason}`;
    },
    close: () => engine.close(),
  };
}
