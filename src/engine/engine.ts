// One interface over the two implementations of docs/SEMANTICS.md: the model (src/compiler/evaluate.ts) and the kernel (the
// XDP program, through BPF_PROG_TEST_RUN). Batches of packets in, decisions out, in order, on state of the engine's own.

import type { Reason } from "../bundle/abi.ts";
import type { PacketBatch } from "../capture/index.ts";
import type { Verdict } from "../compiler/evaluate.ts";

export const ENGINE_NAMES = ["model", "kernel"] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** What a packet got. Packets that got the same share one object, numbered in the order in which they were first met. */
export interface Outcome {
  readonly index: number;
  readonly verdict: Verdict;
  readonly rule: string | null;
  readonly reason: Reason;
}

export interface Engine {
  readonly name: EngineName;
  /** The outcome of each packet, in order. The array holds until the next call. */
  judge(batch: PacketBatch): readonly Outcome[];
  /** What people should know of the verdicts given so far. */
  notes(): readonly string[];
  close(): void;
}

/** Gives equal decisions one object, so that whoever counts or prints them does it by number. */
export class Outcomes {
  readonly #byRule = new Map<string | null, Map<Reason, Outcome[]>>();
  #count = 0;

  of(verdict: Verdict, rule: string | null, reason: Reason): Outcome {
    let byReason = this.#byRule.get(rule);
    if (!byReason) this.#byRule.set(rule, (byReason = new Map()));
    let found = byReason.get(reason);
    if (!found) byReason.set(reason, (found = []));
    for (const outcome of found) if (outcome.verdict === verdict) return outcome;
    const outcome = Object.freeze({ index: this.#count++, verdict, rule, reason });
    found.push(outcome);
    return outcome;
  }
}
