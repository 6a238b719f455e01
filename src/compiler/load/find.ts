// A directory to the policy files in it, and to its site file.

import { readdir } from "node:fs/promises";
import { join } from "node:path";

const SITE_FILES = ["site.ts", "site.mts", "site.js", "site.mjs"];
const POLICY_FILE = /\.policy\.(?:ts|mts|js|mjs)$/;

/** Paths of all policy files under a directory, sorted by code units; hidden directories and node_modules are not entered. */
export async function findPolicyFiles(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== "node_modules" && !entry.name.startsWith("."))
        found.push(...(await findPolicyFiles(path)));
    } else if (POLICY_FILE.test(entry.name)) found.push(path);
  }
  return found.sort();
}

/** The first of `site.ts`, `site.mts`, `site.js` and `site.mjs` in the directory itself; null where there is none. */
export async function findSiteFile(directory: string): Promise<string | null> {
  const names = new Set(await readdir(directory));
  const name = SITE_FILES.find((one) => names.has(one));
  return name === undefined ? null : join(directory, name);
}
