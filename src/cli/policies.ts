// Where the policies are, and reading and compiling them: what check, synth, explain and the demo begin with.

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CommandError } from "./command.ts";

/**
 * The policy directory or file that was named, else `policies/` in this folder or the nearest one above that has it, so
 * that the commands work from anywhere inside a repository.
 */
export function findPolicies(named: string | undefined): string {
  if (named !== undefined) {
    const path = resolve(named);
    if (!existsSync(path))
      throw new CommandError(`${named}: no such file or directory`, "name a policy file or directory");
    return path;
  }
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const path = join(folder, "policies");
    if (existsSync(path)) return path;
    if (folder === dirname(folder))
      throw new CommandError(
        "no policies/ here or above",
        "run inside a repository with policies/, or name the directory",
      );
  }
}
