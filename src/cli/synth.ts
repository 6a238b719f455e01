// piston synth: policies to dist/. `cdk8s synth` runs the same command, with its output directory in CDK8S_OUTDIR.

import { dirname, join, relative, resolve } from "node:path";
import { defineCommand } from "./command.ts";
import { compareDist, type DistDifference, isStale, writeDist } from "./dist.ts";
import { compilePolicies, findPolicies, hasErrors, printDiagnostics } from "./policies.ts";

export default defineCommand({
  summary: "Compile policies into manifests, alert rules, dashboards and bundles",
  positionals: ["[POLICIES]"],
  options: {
    output: {
      type: "string",
      short: "o",
      value: "DIR",
      help: "where to write; dist/ beside the policy directory where it is missing",
    },
    check: { type: "boolean", help: "write nothing; exit 1 where the output is not what the policies say" },
    json: { type: "boolean", help: "print one JSON document: diagnostics and what changed" },
  },
  notes:
    "POLICIES is a directory; policies/ here or above where it is missing.\nNothing is written where there is an error. The folders that it writes in DIR are its own: what else stands in them is removed.",
  async run({ output, check, json }, [named]) {
    const begun = performance.now();
    const policies = findPolicies(named);
    const folder = resolve(output ?? process.env.CDK8S_OUTDIR ?? join(dirname(policies), "dist"));
    const compiled = await compilePolicies(policies, folder);
    const { diagnostics, artifacts } = compiled.result;
    if (!json) printDiagnostics(compiled, false);
    const failed = hasErrors(compiled);
    const difference = failed ? null : check ? compareDist(folder, artifacts) : writeDist(folder, artifacts);
    if (json) process.stdout.write(`${JSON.stringify({ diagnostics, output: folder, ...difference })}\n`);
    if (difference === null) return 1;
    const shown = relative(process.cwd(), folder) || ".";
    if (!json) report(difference, check, shown, artifacts.length, performance.now() - begun);
    return check && isStale(difference) ? 1 : 0;
  },
});

function report(difference: DistDifference, check: boolean, folder: string, count: number, ms: number): void {
  // Where all of it is new (cdk8s deletes the directory first) a list of the files says nothing.
  const isNew = difference.added.length === count && difference.removed.length === 0;
  for (const [sign, paths] of [
    ["+", difference.added],
    ["~", difference.changed],
    ["-", difference.removed],
  ] as const)
    for (const path of isNew ? [] : paths) process.stderr.write(`${sign} ${path}\n`);
  if (check && isStale(difference)) {
    process.stderr.write(
      `${folder} is not what the policies say\n  help: run piston synth, and commit the result\n`,
    );
    return;
  }
  const state = isStale(difference) ? "written" : "up to date";
  process.stderr.write(`${folder}: ${count} files, ${state} (${(ms / 1000).toFixed(2)} s)\n`);
}
