// A queue's depth to whether it is filling up: on at the high watermark, off at the low one or after a time-out.

import type { BackpressureOptions } from "./options.ts";

export class Backpressure {
  readonly #high: number;
  readonly #low: number;
  readonly #timeoutMs: number;
  #sinceMs: number | null = null;
  /** After a time-out the queue must fall below the high watermark first: else it would be on again at once. */
  #waitsForFall = false;

  constructor(options: BackpressureOptions, capacity: number) {
    this.#high = options.highRatio * capacity;
    this.#low = options.lowRatio * capacity;
    this.#timeoutMs = options.timeoutSeconds * 1000;
  }

  get active(): boolean {
    return this.#sinceMs !== null;
  }

  observe(depth: number, nowMs: number): boolean {
    if (depth < this.#high) this.#waitsForFall = false;
    if (this.#sinceMs === null) {
      if (depth >= this.#high && !this.#waitsForFall) this.#sinceMs = nowMs;
    } else if (depth <= this.#low) this.#sinceMs = null;
    else if (nowMs - this.#sinceMs >= this.#timeoutMs) {
      this.#sinceMs = null;
      this.#waitsForFall = depth >= this.#high;
    }
    return this.active;
  }
}
