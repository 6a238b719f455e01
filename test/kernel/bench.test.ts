// Every row of the bench runs, on little input: figures of that size say nothing, but they are there and they are numbers.

import { expect, test } from "vitest";
import { ROWS } from "../../src/bench/rows/index.ts";
import { runRows } from "../../src/bench/run.ts";
import { type RowResult, TINY } from "../../src/bench/types.ts";
import { describeKernel } from "../support/kernel.ts";

describeKernel("the bench", () => {
  test.each(ROWS)("measures $name", { timeout: 30_000 }, async (row) => {
    const results: RowResult[] = [];
    for await (const one of runRows([row], TINY, () => {})) results.push(one);
    const [result, ...others] = JSON.parse(JSON.stringify(results)) as [RowResult, ...RowResult[]];
    expect(others).toEqual([]);
    expect(result).toMatchObject({ name: row.name, title: row.title });
    expect(result.seconds).toBeGreaterThan(0);
    expect(result.figures, result.missing.join("; ")).not.toHaveLength(0);
    for (const figure of result.figures) {
      expect(figure.value, figure.what).toSatisfy(Number.isFinite);
      expect(figure.reached === null, figure.what).toBe(figure.target === null);
    }
  });

  test("names no two rows alike", () => {
    expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
  });
});
