// A ratio to a pressure level that does not flutter: it rises at once, and falls by one level at a time, when the ratio has
// been clearly lower for a while.

/** normal, reduced, minimal, emergency. */
export type PressureLevel = 0 | 1 | 2 | 3;

/** A level is left below so much of the ratio at which it is entered. */
const LEAVE_RATIO = 0.9;
/** Readings in a row that must be lower before a level is left. */
const CALM_READINGS = 3;

/** Ratios at which the levels 1, 2 and 3 begin: at the warning, half-way from it to the limit, and three quarters. */
export function thresholds(warnRatio: number): readonly [number, number, number] {
  const rest = 1 - warnRatio;
  return [warnRatio, warnRatio + rest / 2, warnRatio + (rest * 3) / 4];
}

export class Pressure {
  readonly #enter: readonly [number, number, number];
  #level: PressureLevel = 0;
  #calm = 0;

  /** @param warnRatio above 0, at most 1. */
  constructor(warnRatio: number) {
    this.#enter = thresholds(warnRatio);
  }

  get level(): PressureLevel {
    return this.#level;
  }

  /** @param ratio used of the limit; more than 1 where the limit is not the kernel's. */
  observe(ratio: number): PressureLevel {
    const level = this.#levelAt(ratio);
    if (level >= this.#level) {
      this.#level = level;
      this.#calm = 0;
      return level;
    }
    const clearlyLower = ratio < this.#enter[this.#level - 1]! * LEAVE_RATIO;
    this.#calm = clearlyLower ? this.#calm + 1 : 0;
    if (this.#calm >= CALM_READINGS) {
      this.#level = (this.#level - 1) as PressureLevel;
      this.#calm = 0;
    }
    return this.#level;
  }

  #levelAt(ratio: number): PressureLevel {
    const [reduced, minimal, emergency] = this.#enter;
    if (ratio >= emergency) return 3;
    if (ratio >= minimal) return 2;
    return ratio >= reduced ? 1 : 0;
  }
}
