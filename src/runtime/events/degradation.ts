// Pressure to a degradation level, and a level to what is kept. A level is taken at once, and left one by one after the
// pressure has been lower for a while, so that load at an edge does not make it swing.

/** Normal, reduced, minimal, emergency. */
export type DegradationLevel = 0 | 1 | 2 | 3;

export const LEVEL_NAMES = ["normal", "reduced", "minimal", "emergency"] as const;

/** Least rank of PRIORITIES that is kept whole, by level. */
const KEPT_FROM_RANK = [0, 1, 1, 2] as const;
/** At level 1 one in so many events of lower rank is kept. */
const REDUCED_ONE_IN = 10;

export class Degradation {
  readonly #recoverMs: number;
  #level: DegradationLevel = 0;
  /** Since when the pressure has been below the level. */
  #easySinceMs: number | null = null;
  #turn = 0;

  constructor(recoverMs: number) {
    this.#recoverMs = recoverMs;
  }

  get level(): DegradationLevel {
    return this.#level;
  }

  observe(pressure: DegradationLevel, nowMs: number): DegradationLevel {
    if (pressure >= this.#level) {
      this.#level = pressure;
      this.#easySinceMs = null;
      return this.#level;
    }
    this.#easySinceMs ??= nowMs;
    if (nowMs - this.#easySinceMs >= this.#recoverMs) {
      this.#level = (this.#level - 1) as DegradationLevel;
      this.#easySinceMs = nowMs;
    }
    return this.#level;
  }

  /** Whether an event of this rank is kept at the level in force. */
  keeps(rank: number): boolean {
    if (rank >= KEPT_FROM_RANK[this.#level]) return true;
    if (this.#level !== 1) return false;
    this.#turn = (this.#turn + 1) % REDUCED_ONE_IN;
    return this.#turn === 0;
  }
}

export interface Strain {
  /** Levels that the resource manager gives; 0: none. */
  readonly resources: number;
  /** How late this thread's timers come. */
  readonly lagMs: number;
  /** The lag that is worth slowing down for. */
  readonly lagLimitMs: number;
  readonly backpressure: boolean;
  /** Share of the queue that is full. */
  readonly queueRatio: number;
  /** Every sink outside of the worker is given up for now. */
  readonly allBreakersOpen: boolean;
}

const QUEUE_NEARLY_FULL = 0.95;

/** The highest that any of these asks for. */
export function pressureOf(strain: Strain): DegradationLevel {
  const lag = strain.lagMs > 10 * strain.lagLimitMs ? 2 : strain.lagMs > 5 * strain.lagLimitMs ? 1 : 0;
  const queue = strain.queueRatio >= QUEUE_NEARLY_FULL ? 2 : strain.backpressure ? 1 : 0;
  const breakers = strain.allBreakersOpen ? 1 : 0;
  return Math.min(3, Math.max(strain.resources, lag, queue, breakers)) as DegradationLevel;
}
