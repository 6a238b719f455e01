// Compiles one fleet of the bench and says what it took: `compile-worker.ts FLEET ARGUMENTS FOLDER OUTPUT`, a process of
// its own, so that peak memory is that of the compilation.

import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { zstdCompressSync } from "node:zlib";
import type { Fleet } from "../policy/types.ts";
import { bundleOf, type CompileReport } from "./compile.ts";
import * as fleets from "./fleets.ts";

const [name = "", args = "[]", folder = "", output = ""] = process.argv.slice(2);
const makers = fleets as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Fleet>>;
const make = makers[name];
assert(make, `there is no fleet ${name}`);

const begun = performance.now();
const bytes = await bundleOf(make(...(JSON.parse(args) as readonly unknown[])), folder);
const compileMs = performance.now() - begun;
const peakRssBytes = process.resourceUsage().maxRSS * 1024;

writeFileSync(output, bytes);
const report: CompileReport = {
  compileMs,
  peakRssBytes,
  bundleBytes: bytes.length,
  compressedBytes: zstdCompressSync(bytes).length,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
