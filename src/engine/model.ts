// The evaluator as an engine.

import type { PacketBatch } from "../capture/index.ts";
import type { Evaluator } from "../compiler/evaluate.ts";
import { type Engine, type Outcome, Outcomes } from "./engine.ts";

export function modelEngine(evaluator: Evaluator): Engine {
  const outcomes = new Outcomes();
  const judged: Outcome[] = [];
  return {
    name: "model",
    judge({ count, bytes, offsets, timesNs }: PacketBatch) {
      judged.length = count;
      for (let i = 0; i < count; i++) {
        const frame = bytes.subarray(offsets[i], offsets[i + 1]);
        const { verdict, rule, reason } = evaluator.decide(frame, timesNs[i]!);
        judged[i] = outcomes.of(verdict, rule, reason);
      }
      return judged;
    },
    notes: () => [],
    close() {},
  };
}
