// A capture's timestamps to the time that limits and blocks are judged by: nanoseconds since the first packet, never
// backwards. Both engines are given the same number. A node's clock does not run back, and the kernel reuses the state of a
// limit that owes nothing: with a time before that it could not say what the model says.
//
// Packets out of order (several queues, merged captures) have the time of the latest before them. A packet more than
// SET_BACK_NS behind says that the clock was set back, or that the one before was damaged: time goes on from where it was.
// GCRA keeps 64-bit ticks of 1/16 ns: a leap forward counts as LEAP_NS at most, and time ends at LAST_NS.

const SET_BACK_NS = 60_000_000_000n;
/** 417 days: every limit and block is long over. */
const LEAP_NS = 1n << 55n;
/** 18 years. */
export const LAST_NS = (1n << 59n) - 1n;

export class CaptureClock {
  /** The timestamp that is time 0. */
  #zeroNs: bigint | null = null;
  #nowNs = 0n;

  /** The time of the next packet. */
  relative(timeNs: bigint): bigint {
    this.#zeroNs ??= timeNs;
    const ns = timeNs - this.#zeroNs;
    if (ns - this.#nowNs > LEAP_NS) this.#goOn(timeNs, this.#nowNs + LEAP_NS);
    else if (this.#nowNs - ns > SET_BACK_NS) this.#goOn(timeNs, this.#nowNs);
    else if (ns > this.#nowNs) this.#nowNs = ns;
    if (this.#nowNs > LAST_NS) this.#nowNs = LAST_NS;
    return this.#nowNs;
  }

  #goOn(timeNs: bigint, nowNs: bigint): void {
    this.#nowNs = nowNs;
    this.#zeroNs = timeNs - nowNs;
  }
}
