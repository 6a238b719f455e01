// A circuit breaker: a sink that fails as often as it succeeds is left alone for a while, then tried, then trusted again.

import type { BreakerState } from "../../metrics/event-labels.ts";
import type { CircuitBreakerOptions } from "./options.ts";

/** Outcomes that the failure ratio is taken over, and how many there must be. */
const WINDOW = 20;
const WINDOW_LEAST = 5;

export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #changed: (state: BreakerState) => void;
  #state: BreakerState = "closed";
  /** Newest last; true: failed. In half-open: of the trials. */
  #outcomes: boolean[] = [];
  #openUntilMs = 0;

  constructor(options: CircuitBreakerOptions, changed: (state: BreakerState) => void = () => {}) {
    this.#options = options;
    this.#changed = changed;
  }

  state(nowMs: number): BreakerState {
    if (this.#state === "open" && nowMs >= this.#openUntilMs) this.#become("half-open");
    return this.#state;
  }

  /** Whether a delivery may be tried now. Each one that is must report its outcome before the next. */
  allows(nowMs: number): boolean {
    return this.state(nowMs) !== "open";
  }

  report(failed: boolean, nowMs: number): void {
    const state = this.state(nowMs);
    if (state === "open") return;
    this.#outcomes.push(failed);
    const { failureRatio, halfOpenTrials } = this.#options;
    const failures = this.#outcomes.filter(Boolean).length;
    if (state === "half-open") {
      // Open again as soon as the trials that are left cannot bring the ratio below the threshold.
      if (failures >= Math.max(1, halfOpenTrials * failureRatio)) this.#open(nowMs);
      else if (this.#outcomes.length >= halfOpenTrials) this.#become("closed");
      return;
    }
    if (this.#outcomes.length > WINDOW) this.#outcomes.shift();
    const count = this.#outcomes.length;
    if (count >= WINDOW_LEAST && this.#outcomes.filter(Boolean).length >= count * failureRatio)
      this.#open(nowMs);
  }

  #open(nowMs: number): void {
    this.#openUntilMs = nowMs + this.#options.openSeconds * 1000;
    this.#become("open");
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#outcomes = [];
    this.#changed(state);
  }
}
