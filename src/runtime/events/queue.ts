// Records that wait for the sinks, in a ring of fixed slots: no object for each, and memory that is taken as it is used.

import { SAMPLE } from "../../bundle/abi.ts";

export class RecordQueue {
  readonly capacity: number;
  /** Slots of SAMPLE.bytes. */
  readonly bytes: Uint8Array;
  readonly #ranks: Uint8Array;
  readonly #patterns: Uint16Array;
  #first = 0;
  #depth = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.bytes = new Uint8Array(capacity * SAMPLE.bytes);
    this.#ranks = new Uint8Array(capacity);
    this.#patterns = new Uint16Array(capacity);
  }

  get depth(): number {
    return this.#depth;
  }

  /** False where it is full. */
  push(bytes: Uint8Array, at: number, rank: number, patterns: number): boolean {
    if (this.#depth === this.capacity) return false;
    const slot = (this.#first + this.#depth) % this.capacity;
    this.bytes.set(bytes.subarray(at, at + SAMPLE.bytes), slot * SAMPLE.bytes);
    this.#ranks[slot] = rank;
    this.#patterns[slot] = patterns;
    this.#depth++;
    return true;
  }

  /** Shows the oldest `count` records, in order: where each one's bytes begin. They stay until drop(). */
  peek(count: number, show: (at: number, rank: number, patterns: number) => void): void {
    for (let i = 0; i < count; i++) {
      const slot = (this.#first + i) % this.capacity;
      show(slot * SAMPLE.bytes, this.#ranks[slot]!, this.#patterns[slot]!);
    }
  }

  drop(count: number): void {
    this.#first = (this.#first + count) % this.capacity;
    this.#depth -= count;
  }
}
