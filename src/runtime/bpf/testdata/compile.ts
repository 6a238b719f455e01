// The C sources of this directory to BPF objects, by clang.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const compiled = new Map<string, Uint8Array>();

/** The ELF object of `<name>.bpf.c` in this directory. */
export function compile(name: "filter" | "refused" | "patched" | "pruned"): Uint8Array {
  let elf = compiled.get(name);
  if (elf === undefined) {
    const source = fileURLToPath(new URL(`${name}.bpf.c`, import.meta.url));
    const include = `-I/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
    const flags = ["-O2", "-g", "-Wall", "-Werror", "-target", "bpf", include];
    elf = execFileSync("clang", [...flags, "-c", source, "-o", "-"], { maxBuffer: 1 << 24 });
    compiled.set(name, elf);
  }
  return elf;
}
