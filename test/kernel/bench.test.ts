// Every row of the bench runs, on little input: figures of that size say nothing, but they are there and they are numbers.

import { afterAll, expect, test } from "vitest";
import { ROWS } from "../../src/bench/rows/index.ts";
import { runRows } from "../../src/bench/run.ts";
import { type RowResult, TINY } from "../../src/bench/types.ts";
import { describeKernel } from "../support/kernel.ts";

describeKernel("the bench", () => {
  const results: RowResult[] = [];
  afterAll(() => expect(results).toHaveLength(ROWS.length));

  test.each(ROWS)("measures $name", { timeout: 30_000 }, async (row) => {
    for await (const result of runRows([row], TINY, () => {})) results.push(result);
    const result = JSON.parse(JSON.stringify(results.at(-1))) as RowResult;
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
