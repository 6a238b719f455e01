import { describe, expect, test } from "vitest";
import { costTicks, gcra, limitParameters } from "./limit.ts";

const limit = (ratePerSecond: number, burst: number, blockForSeconds: number | null = null) =>
  limitParameters({ ratePerSecond, burst, blockForSeconds });

describe("limitParameters", () => {
  test("at 1,000 packets/s a packet takes 1 ms, 16,000,000 ticks", () => {
    expect(limit(1000, 10)).toEqual({
      multiplier: 16_000_000n * 65_536n,
      burstTicks: 160_000_000n,
      blockNs: 0n,
    });
  });

  test("the multiplier is rounded to the nearest integer, the burst down", () => {
    // 16e9 * 65536 / 3 = 349525333333333.33; / 7 = 149796571428571.43; / 11 = 95325090909090.909
    expect(limit(3, 1)).toMatchObject({ multiplier: 349_525_333_333_333n, burstTicks: 5_333_333_333n });
    expect(limit(7, 1).multiplier).toBe(149_796_571_428_571n);
    expect(limit(11, 1).multiplier).toBe(95_325_090_909_091n);
  });

  test("rates below one a second keep their fraction", () => {
    expect(limit(0.5, 1).burstTicks).toBe(32_000_000_000n);
  });

  test("10 Gbit/s in bytes still has sub-tick precision", () => {
    // 16e9 * 65536 / 1.25e9 = 838860.8; 1,500 bytes: 19,200.0046 ticks
    expect(limit(1_250_000_000, 1500)).toMatchObject({ multiplier: 838_861n, burstTicks: 19_200n });
  });

  test("blocks are in nanoseconds", () => {
    expect(limit(1, 1, 60).blockNs).toBe(60_000_000_000n);
  });
});

describe("gcra", () => {
  test("a full bucket lets its burst through at once and refuses one more", () => {
    const { multiplier, burstTicks } = limit(1000, 3);
    const cost = costTicks(multiplier, 1);
    let tat = 0n;
    const verdicts = [1, 2, 3, 4].map(() => {
      const step = gcra(tat, 1_000_000n, cost, burstTicks);
      tat = step.tat;
      return step.exceeded;
    });
    expect(verdicts).toEqual([false, false, false, true]);
    expect(tat).toBe(1_000_000n + 3n * 16_000_000n);
  });

  test("the next packet fits after exactly one interval, and not one tick before", () => {
    expect(gcra(48_000_000n, 15_999_999n, 16_000_000n, 48_000_000n).exceeded).toBe(true);
    expect(gcra(48_000_000n, 16_000_000n, 16_000_000n, 48_000_000n).exceeded).toBe(false);
  });

  test("a packet larger than the burst never fits", () => {
    expect(gcra(0n, 5n, 11n, 10n)).toEqual({ exceeded: true, tat: 0n });
    expect(gcra(0n, 5n, 10n, 10n)).toEqual({ exceeded: false, tat: 15n });
  });
});
