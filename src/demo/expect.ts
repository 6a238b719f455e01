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

/** A counter of the agent: a rule's outcome, or a reason that no rule gave. */
export interface CounterKey {
  readonly rule: string | null;
  /** `decided`, `exceeded`, `conformed`, `blocked`, or the reason. */
  readonly outcome: string;
}

export class Expectation {
  readonly #early: Evaluator;
  readonly #spread: Evaluator;
  #passed = { least: 0, most: 0 };

  constructor(fleet: CheckedFleet) {
    this.#early = createEvaluator(fleet);
    this.#spread = createEvaluator(fleet);
  }

  add(burst: Burst): void {
    const { frames, begunNs, endedNs } = burst;
    const count = BigInt(Math.max(1, frames.length));
    let early = 0;
    let spread = 0;
    for (const [i, frame] of frames.entries()) {
      if (this.#early.decide(frame, begunNs).verdict === "pass") early++;
      const at = begunNs + ((endedNs - begunNs) * BigInt(i + 1)) / count;
      if (this.#spread.decide(frame, at).verdict === "pass") spread++;
    }
    this.#passed.least += Math.min(early, spread);
    this.#passed.most += Math.max(early, spread);
  }

  /** How many frames the filter lets through. */
  get passed(): Range {
    return widen(this.#passed.least, this.#passed.most);
  }

  /** Packets by counter. Counters that stay at zero are left out. */
  packets(): Map<string, CounterKey & Range> {
    const result = new Map<string, CounterKey & Range>();
    const early = flatten(this.#early);
    const spread = flatten(this.#spread);
    for (const id of new Set([...early.keys(), ...spread.keys()])) {
      const { key } = (early.get(id) ?? spread.get(id))!;
      const a = early.get(id)?.packets ?? 0;
      const b = spread.get(id)?.packets ?? 0;
      result.set(id, { ...key, ...widen(Math.min(a, b), Math.max(a, b)) });
    }
    return result;
  }
}

/** Where the refill matters at all, the real arrival of one packet may fall on either side of it. */
function widen(least: number, most: number): Range {
  return least === most ? { least, most } : { least: Math.max(0, least - 1), most: most + 1 };
}

export function counterId(key: CounterKey): string {
  return `${key.rule ?? ""} ${key.outcome}`;
}

function flatten(evaluator: Evaluator): Map<string, { key: CounterKey; packets: number }> {
  const flat = new Map<string, { key: CounterKey; packets: number }>();
  const counters = evaluator.counters();
  for (const [reason, count] of Object.entries(counters.reasons)) {
    const key = { rule: null, outcome: reason };
    if (count.packets > 0) flat.set(counterId(key), { key, packets: count.packets });
  }
  for (const [rule, outcomes] of counters.rules) {
    for (const [outcome, count] of Object.entries(outcomes)) {
      const key = { rule, outcome };
      if (count.packets > 0) flat.set(counterId(key), { key, packets: count.packets });
    }
  }
  return flat;
}
