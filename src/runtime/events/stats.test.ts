import { describe, expect, it } from "vitest";
import { LATENCY_BOUNDS } from "../../metrics/event-labels.ts";
import { type Latency, latencySince, quantile, sampleTotals } from "./stats.ts";

const latency = (counts: Readonly<Record<number, number>>): Latency => ({
  counts: [...LATENCY_BOUNDS, Number.POSITIVE_INFINITY].map((bound) => counts[bound] ?? 0),
  sumSeconds: 0,
});

describe("quantiles of the latency", () => {
  it("lie evenly within a bucket, as histogram_quantile() has them", () => {
    const one = latency({ 0.1: 100 });
    expect(quantile(one, 0.5)).toBeCloseTo(0.0875);
    expect(quantile(one, 1)).toBeCloseTo(0.1);
    const two = latency({ 0.005: 90, 1: 10 });
    expect(quantile(two, 0.9)).toBeCloseTo(0.005);
    expect(quantile(two, 0.95)).toBeCloseTo(0.75);
  });

  it("are the last bound above all buckets, and nothing where nothing was", () => {
    expect(quantile(latency({ [Number.POSITIVE_INFINITY]: 3 }), 0.5)).toBe(30);
    expect(quantile(latency({}), 0.5)).toBeNaN();
  });

  it("are of what came between two readings", () => {
    const before = latency({ 0.001: 1000 });
    const now = latency({ 0.001: 1000, 10: 4 });
    expect(quantile(latencySince(now, before), 0.5)).toBeCloseTo(7.5);
  });
});

describe("the kernel's totals of samples", () => {
  it("are summed over the CPUs", () => {
    const words = BigUint64Array.of(9n, 9n, 1n, 2n, 3n, 7n, 8n, 8n, 10n, 20n, 30n, 6n);
    expect(sampleTotals(new Uint8Array(words.buffer))).toEqual({ taken: 11, suppressed: 22, lost: 33 });
  });
});
