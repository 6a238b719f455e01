// BPF sources to objects: bpf/filter.bpf.c in a directory of the test's own, with the flags of bpf/Makefile and perhaps more;
// and a program that only tests have.

import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ProgramObject, readProgramObject } from "../../src/runtime/kernel/generation.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The object that the build has made: what ships. */
export const FILTER_OBJECT = join(ROOT, "build/filter.bpf.o");

/** `defines`: `PISTON_CANARY=1`. */
export function buildFilter(directory: string, defines: readonly string[]): ProgramObject {
  const clang = ["clang", ...defines.map((define) => `-D${define}`)].join(" ");
  const args = ["--no-print-directory", "-C", join(ROOT, "bpf"), `OUTPUT=${directory}`, `CLANG=${clang}`];
  const make = spawnSync("make", args, { encoding: "utf8" });
  if (make.status !== 0) throw new Error(`make ${args.join(" ")}: ${make.error?.message ?? make.stderr}`);
  return readProgramObject(join(directory, "filter.bpf.o"));
}

/** `source`: a file beside the test, which may include what is in bpf/. */
export function buildTestProgram(source: string, object: string): void {
  const machine = execFileSync("gcc", ["-print-multiarch"], { encoding: "utf8" }).trim();
  const include = ["-I", join(ROOT, "bpf"), "-I", `/usr/include/${machine}`];
  execFileSync("clang", ["-O2", "-g", "-target", "bpf", "-mcpu=v3", ...include, "-c", source, "-o", object]);
}
