// Readings of the account, a second apart, to what happened lately: the share that was dropped, and the latency.

import { DROP_CAUSES } from "../../metrics/event-labels.ts";
import { type EventStats, type Latency, latencySince } from "./stats.ts";

/** The document's alert: more than so much of the events dropped. */
const DROP_SHARE = 0.01;
/** Below so many a second it is a burst that a budget of samples is there for, and no flood. */
const DROPS_PER_SECOND = 1_000;
const LATENCY_WINDOW_MS = 60_000;

type Reading = Pick<EventStats, "submitted" | "dropped" | "latency">;

export interface Drops {
  readonly submitted: number;
  readonly dropped: EventStats["dropped"];
}

export class SlidingWindow {
  readonly #dropWindowMs: number;
  readonly #readings: { readonly atMs: number; readonly reading: Reading }[] = [];

  constructor(dropWindowMs: number) {
    this.#dropWindowMs = dropWindowMs;
  }

  /** null: nothing has happened since the last one. An idle agent would keep a minute of equal ones. */
  push(stats: Reading | null): void {
    const now = performance.now();
    const reading = stats ? shortened(stats) : this.#readings.at(-1)?.reading;
    if (!reading) return;
    this.#readings.push({ atMs: now, reading });
    // The oldest that is kept is the last one at or before the window's beginning.
    while (this.#readings.length > 2 && this.#readings[1]!.atMs <= now - LATENCY_WINDOW_MS)
      this.#readings.shift();
  }

  /** Since the window's beginning; null before the first reading. */
  since(now: Reading): Drops | null {
    const before = this.#at(this.#dropWindowMs);
    if (!before) return null;
    const dropped = Object.fromEntries(
      DROP_CAUSES.map((cause) => [cause, now.dropped[cause] - before.dropped[cause]]),
    ) as EventStats["dropped"];
    return { submitted: now.submitted - before.submitted, dropped };
  }

  latency(now: Reading): Latency {
    const before = this.#at(LATENCY_WINDOW_MS);
    return before ? latencySince(now.latency, before.latency) : now.latency;
  }

  #at(windowMs: number): Reading | null {
    const beginMs = performance.now() - windowMs;
    const found = this.#readings.findLast(({ atMs }) => atMs <= beginMs) ?? this.#readings[0];
    return found?.reading ?? null;
  }
}

function shortened({ submitted, dropped, latency }: Reading): Reading {
  return { submitted, dropped, latency };
}

/** What health says of drops within a window; null where they are too few to speak of. */
export function dropText(drops: Drops | null, windowMs: number): string | null {
  if (!drops) return null;
  const causes = DROP_CAUSES.map((cause) => ({ cause, count: drops.dropped[cause] })).filter(
    ({ count }) => count > 0,
  );
  const total = causes.reduce((sum, { count }) => sum + count, 0);
  if (total <= drops.submitted * DROP_SHARE || total < (DROPS_PER_SECOND * windowMs) / 1000) return null;
  const shares = causes
    .sort((a, b) => b.count - a.count)
    .map(({ cause, count }) => `${cause} ${count}`)
    .join(", ");
  const percent = ((100 * total) / drops.submitted).toFixed(total === drops.submitted ? 0 : 1);
  return `${percent} % of the events of the last ${windowMs / 1000} s were dropped: ${shares}`;
}
