import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BEAT_MS, every, later, type Timer } from "./pulse.ts";

let timers: Timer[];
beforeEach(() => {
  vi.useFakeTimers();
  timers = [];
});
afterEach(() => {
  for (const timer of timers) timer.stop();
  vi.runOnlyPendingTimers();
  vi.useRealTimers();
});

/** Wakes up once in each `everyMs`; the moments, in milliseconds from now. */
function moments(everyMs: number): number[] {
  const begun = performance.now();
  const seen: number[] = [];
  timers.push(every(everyMs, () => seen.push(performance.now() - begun)));
  return seen;
}

describe("the agent's pulse", () => {
  it("does what has another interval in the same moments", () => {
    const short = moments(BEAT_MS);
    const long = moments(4 * BEAT_MS);
    vi.advanceTimersByTime(12 * BEAT_MS);
    expect(short).toHaveLength(12);
    expect(long).toHaveLength(3);
    expect(short).toEqual(expect.arrayContaining(long));
    expect(vi.getTimerCount()).toBe(1);
  });

  it("keeps the phase of what joins later, which waits one interval at most", () => {
    const first = moments(1000);
    vi.advanceTimersByTime(700);
    const second = moments(1000);
    vi.advanceTimersByTime(4000);
    expect(second[0]).toBeLessThanOrEqual(1000);
    expect(second).toHaveLength(4);
    expect(second.map((ms) => ms + 700)).toEqual(first.slice(-4));
  });

  it("gives what is no multiple of the beat a timer of its own", () => {
    const beats = moments(BEAT_MS);
    const odd = moments(100);
    vi.advanceTimersByTime(1000);
    expect(odd).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
    expect(beats).toHaveLength(4);
  });

  it("stops when nobody needs it, also from within a beat", () => {
    const timer = every(BEAT_MS, () => timer.stop());
    vi.advanceTimersByTime(BEAT_MS);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("what is to be done once", () => {
  it("waits for a beat where there is one, and is never early", () => {
    moments(BEAT_MS);
    const done: number[] = [];
    for (const delayMs of [0, 249, 251, 500]) later(delayMs, () => done.push(delayMs));
    vi.advanceTimersByTime(BEAT_MS);
    expect(done).toEqual([0, 249]);
    vi.advanceTimersByTime(BEAT_MS);
    expect(done).toEqual([0, 249, 251, 500]);
  });

  it("is in time where nothing beats", () => {
    const done = vi.fn<() => void>();
    later(30, done);
    vi.advanceTimersByTime(29);
    expect(done).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(done).toHaveBeenCalledOnce();
  });

  it("is done although the last that beat has stopped meanwhile", () => {
    const timer = every(BEAT_MS, () => {});
    const done = vi.fn<() => void>();
    later(2 * BEAT_MS, done);
    timer.stop();
    vi.advanceTimersByTime(3 * BEAT_MS);
    expect(done).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is not done once stopped", () => {
    moments(BEAT_MS);
    const done = vi.fn<() => void>();
    later(10, done).stop();
    later(10, () => {}).stop();
    vi.advanceTimersByTime(4 * BEAT_MS);
    expect(done).not.toHaveBeenCalled();
  });
});
