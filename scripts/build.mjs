// `npm run build`: what is published and what the agent's image holds. JavaScript of the package entries and the command line (Node
// strips no types under node_modules), and the agent as one file, which starts faster and takes less memory than a tree.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const types = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (types.status !== 0) process.exit(types.status ?? 1);

for (const generated of [
  "bundle/validate-manifest.generated.js",
  "runtime/config/validate-config.generated.js",
])
  copyFileSync(join(root, "src", generated), join(root, "build", generated));

await build({
  entryPoints: [join(root, "src/cli/agent.ts")],
  outfile: join(root, "build/agent/piston.mjs"),
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
});

// Beside the agent's file, where it looks for them.
for (const path of ["addon/build/Release/piston_bpf.node", "build/filter.bpf.o"]) {
  const from = join(root, path);
  if (existsSync(from)) copyFileSync(from, join(root, "build/agent", path.split("/").at(-1)));
  else console.error(`build: ${path} is missing: the agent needs it (npm run setup)`);
}
