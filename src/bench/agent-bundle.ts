// The agent as its image has it: one file, with the addon and the XDP object beside it (scripts/build.mjs).

import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Writes it into `folder` and returns the path of what Node runs. Throws where esbuild is not installed. */
export async function bundleAgent(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, "piston.mjs");
  const { build } = await import("esbuild");
  await build({
    entryPoints: [join(ROOT, "src/cli/agent.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    minify: true,
    legalComments: "none",
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    logLevel: "error",
  });
  for (const path of ["addon/build/Release/piston_bpf.node", "build/filter.bpf.o"])
    copyFileSync(join(ROOT, path), join(folder, basename(path)));
  return outfile;
}
