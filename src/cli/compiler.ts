// `piston check` and `piston synth` alone: src/bench/compiler-bundle.ts makes one file of it.

import { runCommandLine } from "./command-line.ts";
import { COMPILER_COMMANDS } from "./compiler-commands.ts";

await runCommandLine(COMPILER_COMMANDS, process.argv.slice(2));
