// A policy directory (or one file) to everything that compile() needs, read once: fleets, source texts, feeds.

import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Site } from "../../policy/site.ts";
import type { Fleet, Policy } from "../../policy/types.ts";
import { diagnostic, Locator } from "../diagnostics/index.ts";
import type { CompileInput, Diagnostic } from "../types.ts";
import { hasPlace, loadFailure } from "./failure.ts";
import { findPolicyFiles, findSiteFile } from "./find.ts";
import { openImportTree } from "./import-tree.ts";
import { inputOfFleets, showFrom } from "./input.ts";

export { feedPath } from "./feed-path.ts";
export { type InputOptions, inputOfFleets } from "./input.ts";

export interface LoadOptions {
  /** Directory that stands in for the policy directory where feeds are read: a copy of policies needs no feeds. */
  readonly feedRoot?: string;
}

export interface LoadedPolicies extends CompileInput {
  /** Absolute path of the policy directory's parent: all paths are relative to it. */
  readonly root: string;
  /** Found while loading; compile() reports them with its own. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Imports `*.policy.{ts,mts,js,mjs}` under a directory and its `site.ts`, or the one file given, and reads what they name. A file that
 * does not load is a diagnostic, and the others are loaded all the same. Each call sees the files as they are now.
 */
export async function loadPolicies(path: string, { feedRoot }: LoadOptions = {}): Promise<LoadedPolicies> {
  const given = resolve(path);
  const target = await realpath(given).catch(() => null);
  if (target === null) return nothingThere(given, path);
  const isDirectory = (await stat(target)).isDirectory();
  const directory = isDirectory ? target : dirname(target);
  const root = dirname(directory);
  const show = showFrom(root);
  const diagnostics = new Map<string, Diagnostic>();
  const add = (one: Diagnostic) => diagnostics.set(JSON.stringify(one), one);

  const fleets = new Set<Fleet>();
  const policies = new Map<Policy, string>();
  const tree = openImportTree();
  let isWhole = true;
  let promise: string | null = null;
  const siteFile = isDirectory ? await findSiteFile(target) : null;
  let site: Site | null = null;
  let sources: ReadonlyMap<string, Uint8Array> = new Map();
  try {
    for (const entry of isDirectory ? await findPolicyFiles(target) : [target]) {
      try {
        const exported = await tree.import(entry);
        for (const name of Object.keys(exported).sort()) {
          const value = exported[name];
          if (isKind(value, "fleet")) fleets.add(value);
          if (isKind(value, "policy")) policies.set(value, name);
          if (value instanceof Promise) promise = show(entry);
        }
      } catch (error) {
        isWhole = false;
        add(await failureOf(error, { tree, entry, show }));
      }
    }
    sources = new Map(tree.sources);
    if (siteFile !== null)
      try {
        const value = (await tree.import(siteFile))["default"];
        if (isKind(value, "site")) site = value;
        else add(noSite(show(siteFile)));
      } catch (error) {
        add(await failureOf(error, { tree, entry: siteFile, show }));
      }
  } finally {
    tree.close();
  }

  const input = await inputOfFleets([...fleets], {
    root,
    sources,
    site,
    siteSources: new Map([...tree.sources].filter(([file]) => !sources.has(file))),
    ...(feedRoot === undefined
      ? {}
      : { feedFile: (file: string) => join(feedRoot, relative(basename(directory), file)) }),
  });
  const locator = new Locator(input.sources);
  // The fleet that runs it may stand in a file that did not load.
  for (const [policy, name] of isWhole ? policies : [])
    if (![...fleets].some((fleet) => Array.isArray(fleet.policies) && fleet.policies.includes(policy)))
      add(unusedPolicy(policy, name, locator, show));
  if (fleets.size === 0 && ![...diagnostics.values()].some((one) => one.severity === "error"))
    add(noFleet(show(target), isDirectory, promise));
  return Object.freeze({ ...input, root, diagnostics: Object.freeze([...diagnostics.values()]) });
}

type FailureContext = Parameters<typeof loadFailure>[1];

/** A syntax error without a place is looked for once more by TypeScript's parser; nothing of the tree ran. */
async function failureOf(error: unknown, context: FailureContext): Promise<Diagnostic> {
  if (!(error instanceof SyntaxError) || hasPlace(error, context)) return loadFailure(error, context);
  const again = openImportTree({ asTypeScript: true });
  try {
    await again.import(context.entry);
  } catch (second) {
    const found = { ...context, tree: again };
    if (hasPlace(second, found)) return loadFailure(second, found);
  } finally {
    again.close();
  }
  return loadFailure(error, context);
}

interface Exported {
  readonly fleet: Fleet;
  readonly policy: Policy;
  readonly site: Site;
}

function isKind<K extends keyof Exported>(value: unknown, kind: K): value is Exported[K] {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    value.kind === kind &&
    "location" in value
  );
}

function unusedPolicy(
  policy: Policy,
  name: string,
  locator: Locator,
  show: (path: string) => string,
): Diagnostic {
  const location = { ...policy.location, file: show(policy.location.file) };
  return diagnostic({
    code: "policy-not-in-fleet",
    severity: "warning",
    message: `no fleet runs the policy that is exported as \`${name}\``,
    help: "add it to the `policies` of a fleet, or do not export it",
    ...locator.literal(location, policy.name),
  });
}

function noFleet(shown: string, isDirectory: boolean, promise: string | null): Diagnostic {
  return diagnostic({
    code: "no-fleet",
    message: isDirectory
      ? `no policy file under \`${shown}\` exports a fleet`
      : `\`${shown}\` exports no fleet`,
    help:
      promise === null
        ? "write `export default fleet(…)` in a file that ends in `.policy.ts`"
        : `\`${promise}\` exports a promise: write \`export default await …\` there`,
    location: { file: shown, line: 1, column: 1 },
  });
}

function noSite(shown: string): Diagnostic {
  return diagnostic({
    code: "no-site",
    message: `\`${shown}\` exports no site by default`,
    help: "write `export default site({ … })`, or remove the file",
    location: { file: shown, line: 1, column: 1 },
  });
}

async function nothingThere(path: string, shown: string): Promise<LoadedPolicies> {
  const root = dirname(path);
  const fault = diagnostic({
    code: "policy-load-failed",
    message: `there is no file or directory \`${shown}\``,
    help: "give the directory of the policy files, or one of them",
    location: { file: basename(path), line: 1, column: 1 },
  });
  return { ...(await inputOfFleets([], { root })), root, diagnostics: [fault] };
}
