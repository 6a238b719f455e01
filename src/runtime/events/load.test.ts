// What load does to the collector: rate, backpressure, levels, breakers. By hand here, with a clock; by real load in
// test/kernel/events-load.test.ts.

import { describe, expect, it } from "vitest";
import type { BreakerState } from "../../metrics/event-labels.ts";
import { Backpressure } from "./backpressure.ts";
import { CircuitBreaker } from "./breaker.ts";
import { Degradation, type DegradationLevel, pressureOf } from "./degradation.ts";
import { AdaptiveRate, TokenBucket } from "./limiter.ts";

const takes = (bucket: TokenBucket, rank: number, nowMs: number): number => {
  let count = 0;
  while (bucket.take(rank, nowMs)) count++;
  return count;
};

describe("the token bucket", () => {
  it("lets a burst through, then its rate", () => {
    const bucket = new TokenBucket(10_000, 20_000, 0);
    expect(takes(bucket, 0, 0)).toBe(20_000);
    expect(takes(bucket, 0, 1)).toBe(10);
    expect(takes(bucket, 0, 1001)).toBe(10_000);
    expect(takes(bucket, 0, 60_000)).toBe(20_000);
  });

  it("lets what matters overdraw it, by priority, and pays the debt back first", () => {
    const bucket = new TokenBucket(1_000, 1_000, 0);
    expect([0, 1, 2, 3].map((rank) => takes(bucket, rank, 0))).toEqual([1_000, 100, 100, 100]);
    expect(takes(bucket, 0, 300)).toBe(0);
    expect(takes(bucket, 0, 301)).toBe(1);
  });

  it("takes another rate from now on, and no time twice", () => {
    const bucket = new TokenBucket(1_000, 100, 0);
    takes(bucket, 0, 0);
    bucket.setRate(10_000, 10);
    expect(takes(bucket, 0, 10)).toBe(10);
    expect(takes(bucket, 0, 5)).toBe(0);
    expect(takes(bucket, 0, 11)).toBe(10);
  });
});

describe("the adaptive rate", () => {
  const options = { perSecond: 10_000, burst: 1, adaptive: true, minPerSecond: 1_000, maxPerSecond: 50_000 };
  const calm = { cpuRatio: 0.1, memoryPressure: 0, lagMs: 0 };
  const run = (rate: AdaptiveRate, load: typeof calm, limited: boolean, times: number) => {
    for (let i = 0; i < times; i++) rate.adapt(load, limited);
    return Math.round(rate.perSecond);
  };

  it.each([
    ["CPU", { ...calm, cpuRatio: 0.95 }],
    ["memory", { ...calm, memoryPressure: 1 }],
    ["lag", { ...calm, lagMs: 101 }],
  ])("falls to its least under %s, and comes back", (_, load) => {
    const rate = new AdaptiveRate(options, 100);
    expect(run(rate, load, true, 1)).toBe(7_000);
    expect(run(rate, load, true, 20)).toBe(1_000);
    expect(run(rate, calm, false, 1)).toBe(1_200);
    expect(run(rate, calm, false, 20)).toBe(10_000);
  });

  it("rises to its most while events are dropped and nothing is short, and goes back when they are not", () => {
    const rate = new AdaptiveRate(options, 100);
    expect(run(rate, calm, true, 20)).toBe(50_000);
    expect(run(rate, { ...calm, cpuRatio: 0.8 }, true, 5)).toBe(50_000);
    expect(run(rate, calm, false, 20)).toBe(10_000);
  });

  it("stays where it is told not to adapt", () => {
    const rate = new AdaptiveRate({ ...options, adaptive: false }, 100);
    expect(run(rate, { ...calm, cpuRatio: 5 }, true, 5)).toBe(10_000);
  });
});

describe("backpressure", () => {
  const options = { highRatio: 0.8, lowRatio: 0.2, timeoutSeconds: 300 };

  it("begins at 80 % and ends at 20 %", () => {
    const queue = new Backpressure(options, 10_000);
    expect([7_999, 8_000, 7_000, 2_001, 2_000, 7_999].map((depth) => queue.observe(depth, 0))).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it("ends after five minutes, and begins again only when the queue has been lower", () => {
    const queue = new Backpressure(options, 10_000);
    expect(queue.observe(9_000, 0)).toBe(true);
    expect(queue.observe(9_000, 299_999)).toBe(true);
    expect(queue.observe(9_000, 300_000)).toBe(false);
    expect(queue.observe(9_000, 300_001)).toBe(false);
    expect(queue.observe(7_999, 300_002)).toBe(false);
    expect(queue.observe(8_000, 300_003)).toBe(true);
  });
});

describe("the degradation level", () => {
  const kept = (degradation: Degradation) =>
    [0, 1, 2, 3].map(
      (rank) => Array.from({ length: 100 }, () => degradation.keeps(rank)).filter(Boolean).length,
    );

  it.each([
    [0, [100, 100, 100, 100]],
    [1, [10, 100, 100, 100]],
    [2, [0, 100, 100, 100]],
    [3, [0, 0, 100, 100]],
  ] as const)("%i keeps of each hundred, by priority: %j", (level, of) => {
    const degradation = new Degradation(5_000);
    degradation.observe(level, 0);
    expect(kept(degradation)).toEqual(of);
  });

  it("is taken at once, and left one by one after five seconds each", () => {
    const degradation = new Degradation(5_000);
    const steps: [DegradationLevel, number, DegradationLevel][] = [
      [3, 0, 3],
      [0, 1_000, 3],
      [0, 5_999, 3],
      [0, 6_000, 2],
      [0, 10_999, 2],
      [0, 11_000, 1],
      [1, 12_000, 1],
      [0, 13_000, 1],
      [0, 17_999, 1],
      [0, 18_000, 0],
    ];
    for (const [pressure, nowMs, level] of steps)
      expect(degradation.observe(pressure, nowMs), String(nowMs)).toBe(level);
  });

  it("is the highest that anything asks for", () => {
    const calm = {
      resources: 0,
      lagMs: 0,
      lagLimitMs: 100,
      backpressure: false,
      queueRatio: 0,
      allBreakersOpen: false,
    };
    expect(pressureOf(calm)).toBe(0);
    expect(pressureOf({ ...calm, resources: 3, backpressure: true })).toBe(3);
    expect(pressureOf({ ...calm, backpressure: true })).toBe(1);
    expect(pressureOf({ ...calm, backpressure: true, queueRatio: 0.95 })).toBe(2);
    expect(pressureOf({ ...calm, allBreakersOpen: true })).toBe(1);
    expect([500, 501, 1000, 1001].map((lagMs) => pressureOf({ ...calm, lagMs }))).toEqual([0, 1, 1, 2]);
  });
});

describe("a circuit breaker", () => {
  const options = { failureRatio: 0.5, openSeconds: 30, halfOpenTrials: 10 };

  function breaker() {
    const states: BreakerState[] = [];
    const made = new CircuitBreaker(options, (state) => states.push(state));
    const report = (outcomes: string, nowMs: number) => {
      for (const one of outcomes) made.report(one === "x", nowMs);
      return made.state(nowMs);
    };
    return { made, states, report };
  }

  it("opens where half of the deliveries fail, and not before there were five", () => {
    expect(breaker().report("xxxx", 0)).toBe("closed");
    expect(breaker().report("xxxxx", 0)).toBe("open");
    expect(breaker().report("..x.x.x..", 0)).toBe("closed");
    expect(breaker().report(".x.x.x", 0)).toBe("open");
  });

  it("forgets what is more than twenty deliveries ago", () => {
    expect(breaker().report(`${".".repeat(20)}xxxxxxxxx`, 0)).toBe("closed");
    expect(breaker().report(`${".".repeat(20)}xxxxxxxxxx`, 0)).toBe("open");
    expect(breaker().report(`${".".repeat(1000)}xxxxxxxxxx`, 0)).toBe("open");
  });

  it("lets nothing through for thirty seconds, then ten trials, then all", () => {
    const { made, states, report } = breaker();
    report("xxxxx", 0);
    expect(made.allows(29_999)).toBe(false);
    expect(made.allows(30_000)).toBe(true);
    expect(report("x.x.x.x..", 30_000)).toBe("half-open");
    expect(report(".", 30_001)).toBe("closed");
    expect(states).toEqual(["open", "half-open", "closed"]);
  });

  it("opens again where the trials fail as often as the threshold allows", () => {
    const { made, states, report } = breaker();
    report("xxxxx", 0);
    expect(report("xxxx.", 30_000)).toBe("half-open");
    expect(report("x", 30_001)).toBe("open");
    expect(made.allows(60_000)).toBe(false);
    expect(made.allows(60_001)).toBe(true);
    expect(states).toEqual(["open", "half-open", "open", "half-open"]);
  });
});
