// `piston check` and `piston synth` as one file, and what policies import beside it: a third of their time would go into finding and
// linking six hundred modules. scripts/build.mjs makes the package's with it, scripts/bundle.mjs that of a checkout, which
// bin/piston runs while nothing that it is made of has changed.

import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildOptions, Plugin } from "esbuild";
import { BUNDLED, ROOT } from "./agent-bundle.ts";

/** Below the folder. As deep as src/compiler/load, which looks for the vocabulary from there. */
const COMPILER = "cli/compiler";
export const COMPILER_MAIN = `${COMPILER}/main.js`;

/** What policies import, by the name that src/cli/compiler.ts exports it under. */
const ENTRIES = ["policy", "testing"] as const;

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

/** A script: V8 gives what it has compiled of scripts, and of modules before they have run alone. */
const ONE_SCRIPT: BuildOptions = {
  ...BUNDLED,
  format: "cjs",
  // Names stay: they stand in the stacks of internal errors.
  minify: false,
  plugins: [WITHOUT_NEWER_DASHBOARDS],
  // What looks for a file beside itself looks beside main.js.
  banner: { js: `const MAIN_URL = require("node:url").pathToFileURL(__dirname + "/main.js").href;` },
  define: { "import.meta.url": "MAIN_URL" },
};

/**
 * Writes it into `folder`, in place of what is there. `policies`: what V8 compiles while they are checked is kept beside it, for this
 * version of Node. Throws where esbuild is not installed.
 */
export async function bundleCompiler(folder: string, policies: string | null = null): Promise<void> {
  const { build } = await import("esbuild");
  const begun = new Date();
  const made = `${folder}.${process.pid}`;
  const own = join(made, COMPILER);
  mkdirSync(own, { recursive: true });
  await build({
    ...ONE_SCRIPT,
    entryPoints: [join(ROOT, "src/cli/compiler.ts")],
    outfile: join(own, "compiler.cjs"),
  });
  const source = join(ROOT, "src/cli/compiler-bundle");
  await build({
    ...BUNDLED,
    minify: false,
    banner: {},
    splitting: true,
    entryPoints: [join(source, "main.ts"), join(source, "code.ts")],
    outdir: own,
  });
  for (const entry of ENTRIES) await writeEntry(entry, join(made, entry));
  if (policies !== null) keepCode(own, policies);
  // A file that was changed while esbuild read is newer than this.
  utimesSync(join(made, COMPILER_MAIN), begun, begun);
  rmSync(folder, { recursive: true, force: true });
  renameSync(made, folder);
}

/** A module with the exports of the entry, which are the compiler's own. */
async function writeEntry(entry: (typeof ENTRIES)[number], folder: string): Promise<void> {
  const { build } = await import("esbuild");
  const { metafile } = await build({
    ...BUNDLED,
    entryPoints: [join(ROOT, `src/${entry}/index.ts`)],
    write: false,
    metafile: true,
  });
  const names = Object.values(metafile.outputs).flatMap((output) => output.exports);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "index.js"),
    `import { compiler } from "../${COMPILER}/code.js";\nexport const { ${names.join(", ")} } = compiler().${entry};\n`,
  );
}

/** A process of its own: what it has compiled is a command's, and no more. It may fail, and then nothing is kept. */
function keepCode(folder: string, policies: string): void {
  const code = pathToFileURL(join(folder, "code.js")).href;
  const program = `const { keepCode } = await import(${JSON.stringify(code)}); await keepCode(["check", ${JSON.stringify(policies)}]);`;
  spawnSync(process.execPath, ["--input-type=module", "--eval", program], { stdio: "ignore" });
}
