// A directory to the policy files in it.

import { readdir } from "node:fs/promises";
import { join } from "node:path";

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
