// What was sent, and when, to what must be counted. The evaluator judges every frame twice: as if the whole burst had come
// at its first moment, and as if it had come evenly until its last. Where a limit refills in between, the two differ, and the
// count must lie between them; elsewhere there is one right figure.

import type { Evaluator } from "../compiler/evaluate.ts";
import { createEvaluator } from "../compiler/evaluate.ts";
import type { CheckedFleet } from "../ir/nodes.ts";

export interface Burst {
  readonly frames: readonly Uint8Array[];
  /** CLOCK_MONOTONIC just before the first and just after the last frame was handed to the kernel. */
  readonly begunNs: bigint;
  readonly endedNs: bigint;
}

export interface Range {
  readonly least: number;
  readonly most: number;
}

/** A counter of the agent: a rule's outcome, or (rule null) a reason with its verdict; every packet has one reason. */
export interface CounterKey {
  readonly rule: string | null;
  /** `decided`, `exceeded`, `conformed`, `blocked`, or the reason. */
  readonly outcome: string;
  /** Of a reason; null for a rule's outcome. */
  readonly verdict: string | null;
}

/** One reading of when the packets came: its evaluator, and what it said. */
class Reading {
  readonly evaluator: Evaluator;
  readonly reasons = new Map<string, { key: CounterKey; packets: number }>();
  passed = 0;

  constructor(fleet: CheckedFleet) {
    this.evaluator = createEvaluator(fleet);
  }

  judge(frame: Uint8Array, nowNs: bigint): void {
    const { verdict, reason } = this.evaluator.decide(frame, nowNs);
    if (verdict === "pass") this.passed++;
    const key = { rule: null, outcome: reason, verdict };
    const counted = this.reasons.get(counterId(key)) ?? { key, packets: 0 };
    counted.packets++;
    this.reasons.set(counterId(key), counted);
  }

  counters(): Map<string, { key: CounterKey; packets: number }> {
    const all = new Map(this.reasons);
    for (const [rule, outcomes] of this.evaluator.counters().rules) {
      for (const [outcome, { packets }] of Object.entries(outcomes)) {
        const key = { rule, outcome, verdict: null };
        if (packets > 0) all.set(counterId(key), { key, packets });
      }
    }
    return all;
  }
}

export class Expectation {
  readonly #early: Reading;
  readonly #spread: Reading;

  constructor(fleet: CheckedFleet) {
    this.#early = new Reading(fleet);
    this.#spread = new Reading(fleet);
  }

  add({ frames, begunNs, endedNs }: Burst): void {
    const count = BigInt(Math.max(1, frames.length));
    for (const [i, frame] of frames.entries()) {
      this.#early.judge(frame, begunNs);
      this.#spread.judge(frame, begunNs + ((endedNs - begunNs) * BigInt(i + 1)) / count);
    }
  }

  /** How many frames the filter lets through, of all that were added. */
  get passed(): Range {
    return rangeOf(this.#early.passed, this.#spread.passed);
  }

  /** Packets by counter. Counters that stay at zero are left out. */
  packets(): Map<string, CounterKey & Range> {
    const result = new Map<string, CounterKey & Range>();
    const early = this.#early.counters();
    const spread = this.#spread.counters();
    for (const id of new Set([...early.keys(), ...spread.keys()])) {
      const { key } = (early.get(id) ?? spread.get(id))!;
      result.set(id, { ...key, ...rangeOf(early.get(id)?.packets ?? 0, spread.get(id)?.packets ?? 0) });
    }
    return result;
  }
}

/** Where the refill matters at all, the real arrival of one packet may fall on either side of it. */
function rangeOf(a: number, b: number): Range {
  return a === b
    ? { least: a, most: a }
    : { least: Math.max(0, Math.min(a, b) - 1), most: Math.max(a, b) + 1 };
}

export function counterId({ rule, outcome, verdict }: CounterKey): string {
  return [rule, outcome, verdict].join(" ");
}
