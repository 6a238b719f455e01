// Where the policies are, and reading and compiling them: what check, synth, explain and the demo begin with.

import { Console } from "node:console";
import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { compile } from "../compiler/compile.ts";
import { renderDiagnostics, renderDiagnosticsJson, summarise } from "../compiler/diagnostics/index.ts";
import { type LoadedPolicies, loadPolicies } from "../compiler/load/index.ts";
import type { CompileResult } from "../compiler/types.ts";
import { CommandError } from "./command.ts";
import { lastBuildOf } from "./last-build.ts";

/**
 * The policy directory or file that was named, else `policies/` in this folder or the nearest one above that has it, so
 * that the commands work from anywhere inside a repository.
 */
export function findPolicies(named: string | undefined): string {
  if (named !== undefined) {
    const path = resolve(named);
    if (!existsSync(path))
      throw new CommandError(`${named}: no such file or directory`, "name a policy file or directory");
    if (statSync(path).isFile() && !/\.[cm]?[jt]s$/.test(path))
      throw new CommandError(
        `${named}: this is no policy file`,
        "name a TypeScript file that exports a fleet, or a directory of policies",
      );
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

export interface Compiled {
  readonly input: LoadedPolicies;
  readonly result: CompileResult;
}

/** Reads and compiles. `dist`: the last build, which some guards of feeds compare with. */
export async function compilePolicies(path: string, dist = join(dirname(path), "dist")): Promise<Compiled> {
  // What a policy file prints is for people. Standard output is the command's: a document, or lines that a program reads.
  globalThis.console = new Console(process.stderr);
  process.on("exit", endedWhileLoading);
  const input = await loadPolicies(path).finally(() => process.off("exit", endedWhileLoading));
  return { input, result: compile({ ...input, lastBuild: lastBuildOf(dist) }) };
}

/** Else a check of nothing would end with code 0. */
function endedWhileLoading(): void {
  process.stderr.write(
    "piston: the process ended while policies were loaded\n" +
      "  help: look for process.exit() in a policy file or what it imports, or for an await of what never comes\n",
  );
  process.exitCode = 1;
}

export function hasErrors({ result }: Compiled): boolean {
  return result.diagnostics.some((one) => one.severity === "error");
}

/** For people on standard error, for machines as JSON lines on standard output. */
export function printDiagnostics({ input, result }: Compiled, json: boolean): void {
  const { diagnostics } = result;
  if (json) {
    process.stdout.write(renderDiagnosticsJson(diagnostics));
    return;
  }
  if (diagnostics.length === 0) return;
  process.stderr.write(renderDiagnostics(diagnostics, input, { color: isColorful(process.stderr) }));
  process.stderr.write(`\n${summarise(diagnostics)}\n`);
}

/** https://no-color.org, and colour on a terminal only. */
function isColorful(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && !process.env.NO_COLOR;
}
