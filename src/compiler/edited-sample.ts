// For tests: the sample site as somebody else would have written it. Its policy directory is copied, the copy edited as text,
// and compiled.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "./compile.ts";
import { loadPolicies } from "./load/index.ts";
import type { CompileResult } from "./types.ts";

const POLICIES = join(dirname(fileURLToPath(import.meta.url)), "../../policies");

/** By file name in policies/: old text to new. Each old text must be there. */
export type Edits = Readonly<Record<string, readonly (readonly [old: string | RegExp, text: string])[]>>;

export interface EditedSample extends CompileResult {
  readonly sources: ReadonlyMap<string, string>;
}

export async function compileEdited(edits: Edits): Promise<EditedSample> {
  const folder = mkdtempSync(join(tmpdir(), "piston-sample-"));
  try {
    const policies = join(folder, "policies");
    cpSync(POLICIES, policies, { recursive: true });
    for (const [name, changes] of Object.entries(edits)) {
      const path = join(policies, name);
      let text = readFileSync(path, "utf8");
      for (const [old, replacement] of changes) {
        const changed = text.replace(old, replacement);
        if (changed === text) throw new Error(`${name} has no ${old}`);
        text = changed;
      }
      writeFileSync(path, text);
    }
    const input = await loadPolicies(policies);
    return { ...compile(input), sources: input.sources };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
