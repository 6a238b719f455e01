// Compiles one fleet of the bench, once for each job, and says what the last took: `compile-worker.ts FLEET FOLDER JOBS`, a process
// of its own, so that peak memory is that of the compilation.

import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { zstdCompressSync } from "node:zlib";
import type { Fleet } from "../policy/types.ts";
import { bundleOf, type CompileJob, type CompileReport } from "./compile.ts";
import * as fleets from "./fleets.ts";

const [name = "", folder = "", jobs = "[]"] = process.argv.slice(2);
const makers = fleets as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Fleet>>;
const make = makers[name];
assert(make, `there is no fleet ${name}`);

let last: (() => CompileReport) | null = null;
for (const { args, output } of JSON.parse(jobs) as readonly CompileJob[]) {
  const begun = performance.now();
  const bytes = await bundleOf(make(...args), folder);
  const compileMs = performance.now() - begun;
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  writeFileSync(output, bytes);
  last = () => ({
    compileMs,
    peakRssBytes,
    bundleBytes: bytes.length,
    compressedBytes: zstdCompressSync(bytes).length,
  });
}
process.stdout.write(`${JSON.stringify(last?.())}\n`);
