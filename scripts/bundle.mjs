// What `bin/piston check` and `bin/piston synth` of this checkout run until a source changes: scripts/setup.mjs runs it.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleCompiler } from "../src/bench/compiler-bundle.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
await bundleCompiler(join(root, "build/compiler-bundle"), join(root, "policies"));
