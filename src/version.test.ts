import { expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { VERSION } from "./version.ts";

it("the version in the code is that of package.json", () => {
  expect(VERSION).toBe(manifest.version);
});
