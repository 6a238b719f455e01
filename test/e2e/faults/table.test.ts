// docs/RELIABILITY.md says for each fault which test makes it happen: the test must be there, under that name.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const text = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), "utf8");

/** Rows of the table of faults: the last cell is `file`: title. */
const rows = text("docs/RELIABILITY.md")
  .split("\n## Faults\n")[1]!
  .split("\n## ")[0]!
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (fault|---) /.test(line))
  .map((line) => line.slice(2, -2).split(" | "));

describe("the fault table", () => {
  it("has the faults that the agent must bear", () => {
    expect(rows.length).toBeGreaterThan(15);
    for (const row of rows) expect(row, row[0]).toHaveLength(4);
  });

  it.each(rows)("%s: is shown by a test", (_fault, _effect, _sign, test) => {
    const [, file, title] = /^`([^`]+)`: (.+)$/.exec(test) ?? [];
    expect(file).toBeDefined();
    expect(text(file ?? "")).toContain(title);
  });
});
