import { expect, test } from "vitest";
import { runRows } from "./run.ts";
import { type Row, TINY } from "./types.ts";

function rowOf(name: string, run: () => void = () => {}): Row {
  return {
    name,
    title: name,
    run: async () => {
      run();
      return { figures: [] };
    },
  };
}

async function namesOf(rows: readonly Row[], stop?: AbortSignal): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of runRows(rows, TINY, () => {}, stop)) names.push(name);
  return names;
}

test("rows run one after the other", async () => {
  expect(await namesOf([rowOf("a"), rowOf("b")])).toEqual(["a", "b"]);
});

test("the row in which the run is stopped is measured, and is the last one", async () => {
  const stop = new AbortController();
  expect(await namesOf([rowOf("a"), rowOf("b", () => stop.abort()), rowOf("c")], stop.signal)).toEqual([
    "a",
    "b",
  ]);
});

test("a row that throws says why, and the next one runs", async () => {
  const broken = rowOf("a", () => {
    throw new Error("no such file\nand more");
  });
  const found = [];
  for await (const { name, missing } of runRows([broken, rowOf("b")], TINY, () => {}))
    found.push([name, missing]);
  expect(found).toEqual([
    ["a", ["no such file"]],
    ["b", []],
  ]);
});
