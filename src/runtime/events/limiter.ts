// How many events a second are looked at further: a token bucket, and the rate that it is given by the machine's load.

import type { RateLimitOptions } from "./options.ts";

/** Share of the burst that a priority may overdraw, by rank: what matters gets through a flood of what does not. */
const OVERDRAFT = [0, 0.1, 0.2, 0.3] as const;

export class TokenBucket {
  readonly #burst: number;
  #perSecond: number;
  #tokens: number;
  #atMs: number;

  /** Full at first. */
  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  setRate(perSecond: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#perSecond = perSecond;
  }

  /** Takes a token for an event of this rank; false where there is none. A debt is paid before anybody else is served. */
  take(rank: number, nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1 - this.#burst * (OVERDRAFT[rank] ?? 0)) return false;
    this.#tokens--;
    return true;
  }

  #fill(nowMs: number): void {
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs <= 0) return;
    this.#atMs = nowMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs / 1000) * this.#perSecond);
  }
}

export interface Load {
  /** CPU time of the agent, of its share: 1 is all of it. */
  readonly cpuRatio: number;
  /** 0: none. */
  readonly memoryPressure: number;
  /** How late timers come, of either thread. */
  readonly lagMs: number;
}

const SLOWER = 0.7;
const FASTER = 1.2;
/** Of the CPU share: above the first the rate falls, below the second it may rise. */
const CPU_STRAINED = 0.9;
const CPU_EASY = 0.7;

export class AdaptiveRate {
  readonly #options: RateLimitOptions;
  readonly #lagMs: number;
  #perSecond: number;

  constructor(options: RateLimitOptions, lagMs: number) {
    this.#options = options;
    this.#lagMs = lagMs;
    this.#perSecond = options.perSecond;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** `limited`: events were dropped by the rate since the last call, so a higher rate would be used. */
  adapt(load: Load, limited: boolean): number {
    const { perSecond: base, adaptive, minPerSecond, maxPerSecond } = this.#options;
    if (!adaptive) return this.#perSecond;
    const rate = this.#perSecond;
    const strained = load.cpuRatio > CPU_STRAINED || load.memoryPressure > 0 || load.lagMs > this.#lagMs;
    const easy = load.cpuRatio < CPU_EASY && load.lagMs < this.#lagMs / 2;
    if (strained) this.#perSecond = Math.max(Math.min(minPerSecond, base), rate * SLOWER);
    else if (rate < base && easy) this.#perSecond = Math.min(base, rate * FASTER);
    else if (limited && easy) this.#perSecond = Math.min(Math.max(maxPerSecond, base), rate * FASTER);
    else if (rate > base && !limited) this.#perSecond = Math.max(base, rate / FASTER);
    return this.#perSecond;
  }
}
