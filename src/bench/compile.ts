// A fleet and its feeds to a bundle: in this process, or in one of its own where its time and memory are asked for.

import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bundle, readBundle } from "../bundle/index.ts";
import { compile } from "../compiler/compile.ts";
import { inputOfFleets } from "../compiler/load/index.ts";
import type { Fleet } from "../policy/types.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The bundle's bytes. Feeds are read from `folder`, by the last part of their path. */
export async function bundleOf(fleet: Fleet, folder: string): Promise<Uint8Array> {
  const input = await inputOfFleets([fleet], {
    root: ROOT,
    feedFile: (path) => join(folder, basename(path)),
  });
  const { artifacts, diagnostics } = compile(input);
  const errors = diagnostics.filter((one) => one.severity === "error");
  assert.deepEqual(
    errors.map(({ code, message }) => `${code}: ${message}`),
    [],
    "a fleet of the bench does not compile",
  );
  const artifact = artifacts.find(({ path }) => path === `bundles/${fleet.name}.bundle`);
  assert(artifact, "the compiler emits a bundle for each fleet");
  return artifact.bytes;
}

export async function compiled(fleet: Fleet, folder: string): Promise<Bundle> {
  return readBundle(await bundleOf(fleet, folder));
}

export interface CompileReport {
  /** From reading the feed to the bundle's bytes, without the start of the process. */
  readonly compileMs: number;
  readonly peakRssBytes: number;
  readonly bundleBytes: number;
  /** zstd, at the default level. */
  readonly compressedBytes: number;
}

const WORKER = fileURLToPath(new URL("./compile-worker.ts", import.meta.url));

export interface CompileJob {
  /** Of the fleet's maker. */
  readonly args: readonly unknown[];
  /** Where the bundle goes. */
  readonly output: string;
}

/** A fleet of fleets.ts, by name, compiled in a process of its own, several times where there are more jobs: the report is the last one's. */
export function compileApart(fleet: string, folder: string, ...jobs: readonly CompileJob[]): CompileReport {
  const result = spawnSync(process.execPath, [WORKER, fleet, folder, JSON.stringify(jobs)], {
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  if (result.status !== 0)
    throw new Error(`compiling ${fleet} failed: ${result.error?.message ?? result.stderr}`);
  return JSON.parse(result.stdout) as CompileReport;
}

export function readBundleFile(path: string): Bundle {
  return readBundle(readFileSync(path));
}
