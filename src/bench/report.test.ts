import { describe, expect, test } from "vitest";
import { renderRow, renderSummary } from "./report.ts";
import { figure } from "./types.ts";

describe("a figure", () => {
  test("is reached at its bound, and not beyond", () => {
    expect(figure("step", 25, "ns", { atMost: 25 }).reached).toBe(true);
    expect(figure("step", 25.01, "ns", { atMost: 25 }).reached).toBe(false);
    expect(figure("rate", 8, "×", { atLeast: 8 }).reached).toBe(true);
    expect(figure("rate", 7.99, "×", { atLeast: 8 }).reached).toBe(false);
    expect(figure("trie", 1, "ns").reached).toBeNull();
  });
});

const row = {
  name: "source-1m",
  title: "source step",
  figures: [
    figure("step", 66.04, "ns", { atMost: 60 }),
    figure("trie", 1425.4, "ns"),
    figure("step / trie", 1 / 21, "×", { atMost: 1 / 20 }),
    figure("of drop-only", 0.6, "×", { atLeast: 0.6 }),
  ],
  missing: ["no nft"],
  seconds: 3.21,
};

test("a row says figure, target, whether it is reached, and what was left out", () => {
  expect(renderRow(row)).toBe(
    [
      "source-1m: source step (3.2 s)",
      "  step             66 ns  ≤ 60 ns   NOT reached",
      "  trie          1,425 ns",
      "  step / trie     1/21 ×  ≤ 1/20 ×  reached",
      "  of drop-only     0.6 ×  ≥ 0.6 ×   reached",
      "  left out: no nft",
      "",
    ].join("\n"),
  );
});

test("the summary counts the targets of all rows", () => {
  expect(renderSummary([row, { ...row, figures: [figure("trie", 1, "ns")] }])).toBe("2 of 3 targets reached");
});
