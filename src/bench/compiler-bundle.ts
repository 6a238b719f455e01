// `piston check` and `piston synth` as one file, and what policies import beside it: a third of their time would go into finding and
// linking six hundred modules. scripts/build.mjs makes the package's with it, scripts/bundle.mjs that of a checkout, which
// bin/piston runs while nothing that it is made of has changed.

import { mkdirSync, renameSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { BUNDLED, ROOT } from "./agent-bundle.ts";

/** Below the folder. */
export const COMPILER_MAIN = "cli/compiler/main.js";

/**
 * Grafana's SDK gives the builders of three generations of dashboards in one import, and takes 20 ms to set them up. Of the two newer ones
 * nothing is called here; what is missing would not escape the test that compares dist/.
 */
const WITHOUT_NEWER_DASHBOARDS: Plugin = {
  name: "without-newer-dashboards",
  setup: (build) =>
    build.onLoad(
      { filter: /grafana-foundation-sdk\/dist\/\w+\/(?:visualization|query)(?:V2)?Builder\.gen\.js$/ },
      () => ({
        contents: "",
      }),
    ),
};

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
    plugins: [WITHOUT_NEWER_DASHBOARDS],
    // As deep as src/compiler/load, which looks for the vocabulary from there.
    chunkNames: "cli/compiler/[name]-[hash]",
  });
  // A file that was changed while esbuild read is newer than this.
  utimesSync(join(made, COMPILER_MAIN), begun, begun);
  rmSync(folder, { recursive: true, force: true });
  renameSync(made, folder);
}
