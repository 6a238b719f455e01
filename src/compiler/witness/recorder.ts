// A plan (frames and times) to a witness: the evaluator says what each step must get.

import { strict as assert } from "node:assert";
import type { Witness, WitnessStep } from "../../bundle/manifest.generated.ts";
import { limitParameters } from "../../ir/limit.ts";
import type { CheckedFleet } from "../../ir/nodes.ts";
import { TESTABLE_FRAME_BYTES } from "../cells/space.ts";
import { createEvaluator, type Evaluator } from "../evaluate.ts";

/** Time of a witness's first step: not 0, which is the state of a limit that was never seen. */
export const START_NS = 1_000_000_000n;

/** A BPF test-run takes an Ethernet header at least. */
const FRAME_BYTES_MIN = 14;

/** A clock of 1/16 ns in 64 bits goes round after 36 years. */
const CLOCK_MAX_NS = 30n * 365n * 86_400n * 1_000_000_000n;

export interface PlannedStep {
  readonly frame: Uint8Array;
  readonly atNs: bigint;
  readonly repeat: number;
}
export interface WitnessPlan {
  readonly name: string;
  /** Id of the rule that it is derived for. */
  readonly rule: string | null;
  readonly steps: readonly PlannedStep[];
}

export function fitsTestRun(frame: Uint8Array): boolean {
  return frame.length >= FRAME_BYTES_MIN && frame.length <= TESTABLE_FRAME_BYTES;
}

/**
 * One evaluator serves all witnesses, though the state of each is empty at first: witnesses are judged so far apart in
 * time that every bucket is full again and every block is over. Such a state decides as an empty one does, and decisions
 * depend on differences of time alone (docs/SEMANTICS.md §4).
 */
export class Recorder {
  readonly #fleet: CheckedFleet;
  /** After this long, state is as good as empty. */
  readonly settleNs: bigint;
  #evaluator: Evaluator;
  #offsetNs = 0n;

  constructor(fleet: CheckedFleet) {
    this.#fleet = fleet;
    this.#evaluator = createEvaluator(fleet);
    let settleNs = 1_000_000_000n;
    for (const { action } of fleet.rules) {
      if (action.kind !== "limit") continue;
      const { burstTicks, blockNs } = limitParameters(action);
      const longest = burstTicks / 16n > blockNs ? burstTicks / 16n : blockNs;
      if (longest >= settleNs) settleNs = longest + 1n;
    }
    this.settleNs = settleNs;
  }

  record({ name, rule, steps }: WitnessPlan): Witness {
    const last = steps.at(-1)!;
    if (this.#offsetNs + last.atNs > CLOCK_MAX_NS) {
      this.#evaluator = createEvaluator(this.#fleet);
      this.#offsetNs = 0n;
    }
    const recorded = steps.map(({ frame, atNs, repeat }): WitnessStep => {
      assert(fitsTestRun(frame), `${name}: a frame of ${frame.length} bytes`);
      assert(repeat > 0, `${name}: a step runs once at least`);
      const decision = this.#evaluator.repeat(frame, this.#offsetNs + atNs, repeat);
      return {
        packet: Buffer.from(frame).toString("base64"),
        atNs: String(atNs),
        repeat,
        verdict: decision.verdict,
        rule: decision.rule,
        reason: decision.reason,
      };
    });
    this.#offsetNs += last.atNs + this.settleNs;
    return { name, rule, steps: recorded };
  }
}
