// What happens in a case, in order: a packet arrives, or an operator blocks or unblocks a source.

import type { TimedFrame } from "../../src/runtime/kernel/proof-engine.ts";

export interface OperatorStep {
  readonly source: string;
  /** null: unblocks. */
  readonly blockUntilNs: bigint | null;
}
export type Step = TimedFrame | OperatorStep;

export function isPacket(step: Step): step is TimedFrame {
  return "frame" in step;
}
