// `piston check` and `piston synth` as one file, and what policies import beside it: a third of their time would go into finding and
// linking six hundred modules. scripts/build.mjs makes the package's with it, scripts/bundle.mjs that of a checkout, which
// bin/piston runs while nothing that it is made of has changed.

import { mkdirSync, renameSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { BUNDLED, ROOT } from "./agent-bundle.ts";

/** Below the folder. */
export const COMPILER_MAIN = "cli/compiler/main.js";

/** Writes it into `folder`, in place of what is there. Throws where esbuild is not installed. */
export async function bundleCompiler(folder: string): Promise<void> {
  const { build } = await import("esbuild");
  const begun = new Date();
  const made = `${folder}.${process.pid}`;
  mkdirSync(made, { recursive: true });
  await build({
    ...BUNDLED,
    // Names stay: they stand in the stacks of internal errors.
    minify: false,
    entryPoints: {
      [COMPILER_MAIN.slice(0, -3)]: join(ROOT, "src/cli/compiler.ts"),
      // Policies have to meet the vocabulary that the compiler has, not a second one.
      "policy/index": join(ROOT, "src/policy/index.ts"),
      "testing/index": join(ROOT, "src/testing/index.ts"),
    },
    outdir: made,
    splitting: true,
    // As deep as src/compiler/load, which looks for the vocabulary from there.
    chunkNames: "cli/compiler/[name]-[hash]",
  });
  // A file that was changed while esbuild read is newer than this.
  utimesSync(join(made, COMPILER_MAIN), begun, begun);
  rmSync(folder, { recursive: true, force: true });
  renameSync(made, folder);
}
