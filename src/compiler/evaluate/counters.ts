// Packets and bytes by reason and by rule: docs/SEMANTICS.md, "Counters".

import { COUNTER_KINDS, REASONS, type Reason } from "../../bundle/abi.ts";

export interface Count {
  packets: number;
  /** Of frames. */
  bytes: number;
}
export type CounterKind = (typeof COUNTER_KINDS)[number];
export type RuleCounts = Record<CounterKind, Count>;

export interface Counters {
  /** Packets that no rule decided; management flows stand here too. */
  readonly reasons: Readonly<Record<Reason, Readonly<Count>>>;
  /** By rule id, management flows first. */
  readonly rules: ReadonlyMap<string, Readonly<Record<CounterKind, Readonly<Count>>>>;
}

function zeros<K extends string>(keys: readonly K[]): Record<K, Count> {
  return Object.fromEntries(keys.map((key) => [key, { packets: 0, bytes: 0 }])) as Record<K, Count>;
}

export function createReasonCounts(): Record<Reason, Count> {
  return zeros(REASONS);
}
export function createRuleCounts(): RuleCounts {
  return zeros(COUNTER_KINDS);
}

export function count(counter: Count, frameBytes: number): void {
  counter.packets++;
  counter.bytes += frameBytes;
}
