// `piston check` and `piston synth`, and what policies import beside them, for src/bench/compiler-bundle.ts to make one file of.

import { runCommandLine } from "./command-line.ts";
import { COMPILER_COMMANDS } from "./compiler-commands.ts";

// Policies have to meet the vocabulary that the compiler has, not a second one.
export * as policy from "../policy/index.ts";
export * as testing from "../testing/index.ts";

/** Never rejects. */
export function run(args: readonly string[]): Promise<void> {
  return runCommandLine(COMPILER_COMMANDS, args);
}
