// The agent as its image has it: piston.mjs, all of the agent in one file; event-worker.mjs, the code of its worker thread,
// with what only some of its sinks need in files of their own that are loaded when they are used; the addon and the XDP
// object. scripts/build.mjs makes the image's with it.

import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions } from "esbuild";
import { sha256Hex } from "../bundle/digest.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export const BUNDLED: BuildOptions = {
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node24",
  minify: true,
  legalComments: "none",
  // Packages in CommonJS call require(), which an ES module has to make for itself.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
  logLevel: "warning",
};

/** Beside the agent's file, where it looks for them. */
const BESIDE = ["addon/build/Release/piston_bpf.node", "build/filter.bpf.o"];

/** SHA-256, hex, of the XDP object that this build has; null where it is not built. */
export function programDigest(): string | null {
  const path = join(ROOT, "build/filter.bpf.o");
  return existsSync(path) ? sha256Hex(readFileSync(path)) : null;
}

/** Writes it into `folder`. Throws where esbuild is not installed. */
export async function bundleAgent(
  folder: string,
): Promise<{ readonly program: string; readonly missing: readonly string[] }> {
  mkdirSync(folder, { recursive: true });
  const { build } = await import("esbuild");
  const program = join(folder, "piston.mjs");
  const digest = programDigest();
  // The digest is in the code and not beside the object: who changes the one has not changed the other (docs/adr/0013).
  const define = digest === null ? {} : { PISTON_PROGRAM_SHA256: JSON.stringify(digest) };
  await build({ ...BUNDLED, define, entryPoints: [join(ROOT, "src/cli/agent.ts")], outfile: program });
  await build({
    ...BUNDLED,
    entryPoints: { "event-worker": join(ROOT, "src/runtime/events/worker.ts") },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    splitting: true,
    chunkNames: "event-[name]-[hash]",
  });
  const missing = BESIDE.filter((path) => !existsSync(join(ROOT, path)));
  for (const path of BESIDE)
    if (!missing.includes(path)) copyFileSync(join(ROOT, path), join(folder, basename(path)));
  return { program, missing };
}
