// POLICY|BUNDLE on a command line to what can be judged by: the bundle, and the model of what it means. Policies are
// compiled; a bundle is read, and its model comes from its own tables.

import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { type Bundle, BundleError, readBundle, readBundleFrom } from "../bundle/index.ts";
import { MAGIC } from "../bundle/layout.ts";
import { createEvaluator, type Evaluator } from "../compiler/evaluate.ts";
import { evaluatorOfBundle } from "../engine/bundle-evaluator.ts";
import { CommandError } from "./command.ts";
import { compilePolicies, findPolicies, hasErrors, printDiagnostics } from "./policies.ts";

export interface Target {
  readonly bundle: Bundle;
  /** A new one, with limits full and no blocks. */
  readonly evaluator: () => Evaluator;
}

/** null where the policies have faults; they are printed. Throws CommandError. */
export async function loadTarget(
  named: string | undefined,
  options: { readonly fleet: string | undefined; readonly json: boolean },
): Promise<Target | null> {
  if (named !== undefined && isBundle(named)) return bundleTarget(named, options.fleet);
  const compiled = await compilePolicies(findPolicies(named));
  if (hasErrors(compiled)) {
    printDiagnostics(compiled, options.json);
    return null;
  }
  const { fleets, artifacts } = compiled.result;
  const fleet =
    options.fleet === undefined && fleets.length === 1
      ? fleets[0]
      : fleets.find((one) => one.name === options.fleet);
  if (!fleet)
    throw new CommandError(
      options.fleet === undefined
        ? "the policies have several fleets"
        : `there is no fleet ${JSON.stringify(options.fleet)}`,
      `give --fleet, one of: ${fleets.map((one) => one.name).join(", ")}`,
    );
  const artifact = artifacts.find(({ path }) => path === `bundles/${fleet.name}.bundle`);
  if (!artifact) throw new TypeError("the compiler emits a bundle for each fleet");
  return { bundle: readBundle(artifact.bytes), evaluator: () => createEvaluator(fleet) };
}

async function bundleTarget(path: string, fleet: string | undefined): Promise<Target> {
  try {
    const { bundle } = await readBundleFrom(path);
    const { name } = bundle.manifest.fleet;
    if (fleet !== undefined && fleet !== name)
      throw new CommandError(`${path}: the bundle is of fleet ${name}`, `leave --fleet out, or say ${name}`);
    return { bundle, evaluator: () => evaluatorOfBundle(bundle) };
  } catch (error) {
    if (error instanceof BundleError) throw new CommandError(`${path}: ${error.message}`, error.help);
    throw error;
  }
}

/** A file that begins as a bundle does or is named like one, or a directory with one or with shards. */
export function isBundle(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return path.endsWith(".bundle");
  if (stat.isDirectory()) {
    const names = readdirSync(path);
    return names.includes("index.json") || names.some((name) => name.endsWith(".bundle"));
  }
  if (path.endsWith(".bundle")) return true;
  const fd = openSync(path, "r");
  try {
    const start = new Uint8Array(MAGIC.length);
    return readSync(fd, start) === MAGIC.length && MAGIC.every((byte, i) => byte === start[i]);
  } finally {
    closeSync(fd);
  }
}
