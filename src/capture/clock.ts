// A capture's timestamps to the time that limits and blocks are judged by: nanoseconds since the first packet. Both engines
// are given the same number, so they cannot read a strange clock in two ways.
//
// A clock may jump: a packet older than the first one counts as simultaneous with it. GCRA keeps 64-bit ticks of 1/16 ns,
// 36 years; a damaged timestamp may lie far beyond, and counts as LAST_NS, 18 years after the first packet.

export const LAST_NS = (1n << 59n) - 1n;

export class CaptureClock {
  #firstNs: bigint | null = null;

  relative(timeNs: bigint): bigint {
    this.#firstNs ??= timeNs;
    const ns = timeNs - this.#firstNs;
    if (ns < 0n) return 0n;
    return ns > LAST_NS ? LAST_NS : ns;
  }
}
