import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { generate } from "./generate.mjs";

test("the generated files and the table of docs/CONFIGURATION.md are what the schema gives: else run `npm run generate`", async () => {
  for (const [name, text] of await generate()) {
    const committed = await readFile(new URL(name, import.meta.url), "utf8");
    expect(committed === text, `${name} is stale`).toBe(true);
  }
});
