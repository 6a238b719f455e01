import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TopK } from "./top-k.ts";

const name = (key: string) => key;

describe("the top list", () => {
  it("counts exactly what fits", () => {
    const top = new TopK<string>(2);
    for (const key of "abacabad") top.add(key);
    expect(top.top(2, name)).toEqual([
      { key: "a", count: 4, error: 0 },
      { key: "b", count: 2, error: 0 },
    ]);
  });

  it("finds the heavy keys among a million others, in the memory of 64", () => {
    const top = new TopK<string>(4);
    for (let i = 0; i < 100_000; i++) {
      top.add(`once ${i}`);
      if (i % 10 === 0) top.add("heavy");
      if (i % 20 === 0) top.add("less heavy");
    }
    const [first, second] = top.top(4, name);
    expect([first?.key, second?.key]).toEqual(["heavy", "less heavy"]);
    expect(first!.count).toBeGreaterThanOrEqual(10_000);
    expect(first!.count - first!.error).toBeLessThanOrEqual(10_000);
  });

  it("has bounds that hold for every stream: count - error <= truth <= count", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 2000 }), (stream) => {
        const top = new TopK<string>(1);
        const truth = new Map<string, number>();
        for (const key of stream.map(String)) {
          top.add(key);
          truth.set(key, (truth.get(key) ?? 0) + 1);
        }
        const found = top.top(200, name);
        for (const { key, count, error } of found) {
          expect(count).toBeGreaterThanOrEqual(truth.get(key)!);
          expect(count - error).toBeLessThanOrEqual(truth.get(key)!);
        }
        for (const [key, count] of truth)
          if (count > stream.length / 64) expect(found.map((one) => one.key)).toContain(key);
      }),
    );
  });

  it("lets what is long ago fade", () => {
    const top = new TopK<string>(2);
    for (let i = 0; i < 100; i++) top.add("old");
    for (let i = 0; i < 3; i++) top.fade();
    for (let i = 0; i < 20; i++) top.add("new");
    expect(top.top(2, name).map(({ key, count }) => [key, count])).toEqual([
      ["new", 20],
      ["old", 12],
    ]);
  });
});
