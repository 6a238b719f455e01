// The clock that the XDP program stamps samples with, cheaply.

const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** CLOCK_MONOTONIC in milliseconds. */
export function monotonicMs(): number {
  return performance.now() + offsetMs;
}

/** Milliseconds since 1970 at CLOCK_MONOTONIC 0, as the wall clock stands now. */
export function clockOriginMs(): number {
  return Date.now() - monotonicMs();
}
