// A fleet made by the vocabulary inside a test, compiled to its bundle: the same passes as `piston synth`.

import { strict as assert } from "node:assert";
import { fileURLToPath } from "node:url";
import { compile } from "../../src/compiler/compile.ts";
import { inputOfFleets } from "../../src/compiler/load/index.ts";
import type { Fleet } from "../../src/policy/types.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The bundle's bytes. Throws an AssertionError with the diagnostics where the fleet does not compile. */
export async function bundleOf(fleet: Fleet): Promise<Uint8Array> {
  const { artifacts, diagnostics } = compile(await inputOfFleets([fleet], { root: ROOT }));
  const errors = diagnostics.filter((one) => one.severity === "error");
  assert.deepEqual(errors, []);
  const artifact = artifacts.find(({ path }) => path === `bundles/${fleet.name}.bundle`);
  assert(artifact, "the compiler emits a bundle for each fleet");
  return artifact.bytes;
}
