// Judged batches to counts: packets and bytes by outcome, the sources that were dropped most, and, against a second engine
// on the same packets, which packets change their verdict.

import type { PacketBatch } from "../capture/index.ts";
import type { Outcome } from "./engine.ts";
import { SourceCounter } from "./sources.ts";

export interface OutcomeCount {
  readonly outcome: Outcome;
  packets: number;
  /** Of frames. */
  bytes: number;
}

export interface DroppedSource {
  readonly source: string;
  readonly packets: number;
  readonly bytes: number;
}

export interface OutcomeChange {
  readonly from: Outcome;
  readonly to: Outcome;
  packets: number;
  bytes: number;
}

export class Tally {
  readonly #counts: OutcomeCount[] = [];
  readonly #sources = new SourceCounter();
  readonly #changes = new Map<number, OutcomeChange>();

  add(batch: PacketBatch, outcomes: readonly Outcome[]): void {
    const { bytes, offsets, count } = batch;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < count; i++) {
      const outcome = outcomes[i]!;
      const start = offsets[i]!;
      const end = offsets[i + 1]!;
      const counted = (this.#counts[outcome.index] ??= { outcome, packets: 0, bytes: 0 });
      counted.packets++;
      counted.bytes += end - start;
      if (outcome.verdict === "drop") this.#sources.add(bytes, view, start, end);
    }
  }

  /** Packets whose verdict the other engine changes. */
  compare(batch: PacketBatch, outcomes: readonly Outcome[], others: readonly Outcome[]): void {
    for (let i = 0; i < batch.count; i++) {
      const from = outcomes[i]!;
      const to = others[i]!;
      if (from.verdict === to.verdict) continue;
      const key = from.index * 2 ** 20 + to.index;
      let change = this.#changes.get(key);
      if (!change) this.#changes.set(key, (change = { from, to, packets: 0, bytes: 0 }));
      change.packets++;
      change.bytes += batch.offsets[i + 1]! - batch.offsets[i]!;
    }
  }

  /** The most packets first. */
  counts(): readonly OutcomeCount[] {
    return this.#counts.toSorted((a, b) => b.packets - a.packets || a.outcome.index - b.outcome.index);
  }

  packets(verdict: Outcome["verdict"]): number {
    return this.#counts
      .filter(({ outcome }) => outcome.verdict === verdict)
      .reduce((sum, { packets }) => sum + packets, 0);
  }

  changes(): readonly OutcomeChange[] {
    return [...this.#changes.values()].sort((a, b) => b.packets - a.packets);
  }

  /** `approximate`: there were too many sources to remember, and the counts are lower bounds. */
  droppedSources(count: number): {
    readonly approximate: boolean;
    readonly sources: readonly DroppedSource[];
  } {
    return { approximate: this.#sources.approximate, sources: this.#sources.top(count) };
  }
}
