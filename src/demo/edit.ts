// Edits a copy of a policy the way that an author would: one drop rule at the top of a policy's rules.

import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export interface Edit {
  /** The edited copy of the policies. */
  readonly policies: string;
  /** The file that was edited, relative to the copy. */
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Copies a policy directory (or the directory of a policy file) to `target`, with the folder's name kept. */
export function copyPolicies(policies: string, target: string): string {
  const folder = statSync(policies).isDirectory() ? policies : dirname(policies);
  const copy = join(target, basename(folder));
  cpSync(folder, copy, { recursive: true, filter: (path) => basename(path) !== "node_modules" });
  return copy;
}

/** Files of `copy` in which `rules: [` stands, one edit each: the first that compiles is taken. */
export function* candidateEdits(copy: string, source: string): Generator<Edit & { undo(): void }> {
  const files = readdirSync(copy, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.policy\.m?[jt]s$/.test(file))
    .sort();
  for (const file of files) {
    const path = join(copy, file);
    const before = readFileSync(path, "utf8");
    const at = before.indexOf("rules: [");
    if (at < 0) continue;
    const text = `dropInDemo("seen-in-an-attack", { source: "${source}" }),`;
    const inserted = `${before.slice(0, at)}rules: [\n    ${text}${before.slice(at + "rules: [".length)}`;
    // The import goes last, so that no line of the author's moves: imports are hoisted.
    writeFileSync(path, `${inserted}\nimport { drop as dropInDemo } from "pistonprotection";\n`);
    const line = before.slice(0, at).split("\n").length + 1;
    yield { policies: copy, file, line, text, undo: () => writeFileSync(path, before) };
  }
}
