// piston test: the user's policy tests under vitest, by the model and then by the kernel where it can be had, and which
// rules no test reaches.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { ENGINE_NAMES, type EngineName } from "../engine/engine.ts";
import { kernelUnavailable } from "../engine/kernel.ts";
import type { RuleIr } from "../ir/nodes.ts";
import { CommandError, defineCommand, UsageError } from "./command.ts";
import { compilePolicies, findPolicies, hasErrors, printDiagnostics } from "./policies.ts";
import { formatTable } from "./table.ts";

interface Run {
  readonly engine: EngineName;
  /** Why it was left out. */
  readonly skipped: string | null;
  readonly passed: number;
  readonly failed: number;
}

export default defineCommand({
  summary: "Run policy tests on both engines, and say which rules no test reaches",
  positionals: ["[POLICIES]"],
  options: {
    engine: { type: "string", value: "ENGINE", help: "model or kernel alone; both where it is missing" },
    "require-coverage": { type: "boolean", help: "exit 1 where a rule is reached by no test" },
    json: { type: "boolean", help: "print one JSON document; what the tests print goes to standard error" },
  },
  notes:
    "Tests are *.test.ts beside the policies, run by vitest of your project. A rule is reached where a packet matches it.\n" +
    "The kernel needs root on Linux; where it cannot be had, that is said, and the model runs alone.\n" +
    "Exit code 1 where a test fails or there is none.",
  async run({ engine: only, "require-coverage": required, json }, [named]) {
    if (only !== undefined && !ENGINE_NAMES.some((name) => name === only))
      throw new UsageError(`--engine is ${ENGINE_NAMES.join(" or ")}, not ${JSON.stringify(only)}`);
    const policies = findPolicies(named);
    const compiled = await compilePolicies(policies);
    if (hasErrors(compiled)) {
      printDiagnostics(compiled, json);
      return 1;
    }
    const scratch = mkdtempSync(join(tmpdir(), "piston-test-"));
    try {
      const coverage = join(scratch, "reached");
      writeFileSync(coverage, "");
      const project = projectOf(policies);
      const runs: Run[] = [];
      for (const engine of ENGINE_NAMES) {
        if (only !== undefined && only !== engine) continue;
        runs.push(await runEngine(engine, { policies, coverage, project, scratch, json }));
      }
      const reached = new Set(readFileSync(coverage, "utf8").split("\n"));
      const rules = new Map(
        compiled.result.fleets
          .flatMap((fleet) => [...fleet.management, ...fleet.rules])
          .map((rule) => [rule.id, rule]),
      );
      const unreached = [...rules.values()].filter(({ id }) => !reached.has(id));
      process.stdout.write(
        json
          ? `${JSON.stringify(document(runs, rules.size, unreached))}\n`
          : report(runs, rules.size, unreached),
      );
      const ran = runs.filter((run) => run.skipped === null);
      const failed = ran.length === 0 || ran.some((run) => run.failed > 0 || run.passed === 0);
      return failed || (required && unreached.length > 0) ? 1 : 0;
    } finally {
      rmSync(scratch, { recursive: true });
    }
  },
});

/** The nearest folder with a package.json: where vitest finds its configuration and its packages. */
function projectOf(policies: string): string {
  const start = statSync(policies).isDirectory() ? policies : dirname(policies);
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) return dirname(start);
  }
}

interface Options {
  readonly policies: string;
  readonly coverage: string;
  readonly project: string;
  readonly scratch: string;
  readonly json: boolean;
}

async function runEngine(engine: EngineName, options: Options): Promise<Run> {
  const skipped = engine === "kernel" ? kernelUnavailable() : null;
  if (skipped !== null) {
    process.stderr.write(`piston: the kernel is left out: ${skipped}\n`);
    return { engine, skipped, passed: 0, failed: 0 };
  }
  const { policies, project, coverage, scratch, json } = options;
  const folder = statSync(policies).isDirectory() ? policies : dirname(policies);
  const results = join(scratch, `${engine}.json`);
  const args = [
    findVitest(project),
    "run",
    "--root",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${results}`,
    folder === project ? "." : `${relative(project, folder)}/`,
  ];
  if (!json) process.stdout.write(`engine ${engine}\n`);
  const child = spawn(process.execPath, args, {
    cwd: project,
    stdio: ["ignore", json ? 2 : "inherit", "inherit"],
    env: { ...process.env, PISTON_ENGINE: engine, PISTON_COVERAGE: coverage },
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve(status ?? 1));
  });
  const { passed, failed } = readResults(results);
  return { engine, skipped: null, passed, failed: failed === 0 && code !== 0 ? 1 : failed };
}

/** None where vitest ended before it wrote any. */
function readResults(path: string): { passed: number; failed: number } {
  if (!existsSync(path)) return { passed: 0, failed: 0 };
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(path, "utf8")) as Record<string, number>;
  return { passed: numPassedTests ?? 0, failed: numFailedTests ?? 0 };
}

/** The project's own, else ours. */
function findVitest(project: string): string {
  for (const from of [join(project, "package.json"), import.meta.url]) {
    try {
      const manifest = createRequire(from).resolve("vitest/package.json");
      return join(dirname(manifest), "vitest.mjs");
    } catch {
      // The next place.
    }
  }
  throw new CommandError("vitest is not installed", "npm install --save-dev vitest");
}

function document(runs: readonly Run[], rules: number, unreached: readonly RuleIr[]) {
  return {
    engines: runs,
    coverage: {
      rules,
      reached: rules - unreached.length,
      unreached: unreached.map(({ id, location }) => ({ rule: id, location })),
    },
  };
}

function report(runs: readonly Run[], rules: number, unreached: readonly RuleIr[]): string {
  const lines = runs.map(({ engine, skipped, passed, failed }) =>
    skipped === null
      ? `${engine}: ${passed} tests passed, ${failed} failed`
      : `${engine}: left out, because ${skipped}`,
  );
  lines.push(`rules that a test reaches: ${rules - unreached.length} of ${rules}`);
  if (unreached.length > 0)
    lines.push(
      "",
      formatTable(
        ["reached by no test", "line"],
        unreached.map(({ id, location }) => [id, `${location.file}:${location.line}`]),
      ),
    );
  return `${lines.join("\n")}\n`;
}
