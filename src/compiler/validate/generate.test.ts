import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { generate } from "./generate.mjs";

it("schemas.generated.ts is what the models' types say", () => {
  const committed = readFileSync(new URL("schemas.generated.ts", import.meta.url), "utf8");
  // Not toBe: a difference of 80 KB says nothing.
  expect(generate() === committed, "run `npm run generate`").toBe(true);
});
