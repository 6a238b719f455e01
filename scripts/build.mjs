// `npm run build`: what is published and what the agent's image holds. JavaScript of the package entries and the command line (Node
// strips no types under node_modules), and the agent and the compiler's commands bundled, which start faster than a tree.

import { spawnSync } from "node:child_process";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleAgent, programDigest } from "../src/bench/agent-bundle.ts";
import { bundleCompiler } from "../src/bench/compiler-bundle.ts";

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

// In the package the digest of the XDP object takes the place of the checkout's "none".
const digest = programDigest();
writeFileSync(
  join(root, "build/runtime/security/pinned-program.js"),
  `export const PINNED_PROGRAM_SHA256 = ${JSON.stringify(digest)};\n`,
);

rmSync(join(root, "build/agent"), { recursive: true, force: true });
const { missing } = await bundleAgent(join(root, "build/agent"));
for (const path of missing) console.error(`build: ${path} is missing: the agent needs it (npm run setup)`);

await bundleCompiler(join(root, "build/compiler-bundle"));
