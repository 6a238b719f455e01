// The bundles of an output directory to the sizes of their feeds, for the guards that compare a build with the last one.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BundleError, readManifestOf } from "../bundle/index.ts";

/** Prefixes by feed. A bundle that cannot be read (there is none yet, or another version made it) says nothing. */
export function lastBuildOf(dist: string): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const path of bundlesIn(join(dist, "bundles"))) {
    try {
      for (const { feed, prefixes4, prefixes6 } of readManifestOf(readFileSync(path)).sets)
        if (feed !== null) sizes.set(feed, prefixes4 + prefixes6);
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
    }
  }
  return sizes;
}

function bundlesIn(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".bundle"));
    return names.sort().map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
