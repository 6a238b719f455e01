import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { REASONS, SECTION_NAMES } from "./abi.ts";
import { generate } from "./generate.mjs";
import schema from "./manifest.schema.json" with { type: "json" };

test("the generated files are what the schema gives: else run `npm run generate`", async () => {
  for (const [name, text] of await generate()) {
    const committed = await readFile(new URL(name, import.meta.url), "utf8");
    expect(committed === text, `${name} is stale`).toBe(true);
  }
});

test("the schema names the reasons and sections of the ABI", () => {
  expect(schema.definitions.WitnessStep.properties.reason.enum).toEqual([...REASONS]);
  expect(schema.definitions.ManifestSection.properties.name.enum).toEqual([...SECTION_NAMES]);
});
