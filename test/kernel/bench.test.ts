// Every row of the bench runs, on little input: figures of that size say nothing, but they are there and they are numbers.

import assert from "node:assert/strict";
import { afterAll, expect, test } from "vitest";
import { ROWS } from "../../src/bench/rows/index.ts";
import { runRows } from "../../src/bench/run.ts";
import { type RowResult, TINY } from "../../src/bench/types.ts";
import { DATA, dataSkipReason } from "../real-data/lists.ts";
import { describeKernel } from "../support/kernel.ts";

describeKernel("the bench", () => {
  // One run, as `npm run bench` makes it: rows share what is compiled for them. Asked for by itself, a row comes after those before it.
  const results = runRows(ROWS, TINY, () => {});
  afterAll(() => results.return());

  test.each(ROWS)("measures $name", async (row) => {
    let result: RowResult;
    do {
      const next = await results.next();
      assert(!next.done, `no row ${row.name}`);
      result = JSON.parse(JSON.stringify(next.value)) as RowResult;
    } while (result.name !== row.name);
    expect(result).toMatchObject({ name: row.name, title: row.title });
    expect(result.seconds).toBeGreaterThan(0);
    if (row.name === "real-lists" && dataSkipReason) {
      expect(result).toMatchObject({ figures: [], missing: [`${DATA} is not there`] });
      return;
    }
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
