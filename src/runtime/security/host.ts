// Files in which the kernel speaks of itself, below a root that tests put elsewhere.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Host {
  /** Text without the white space around it; null where the file is not there or not for us. */
  read(path: string): string | null;
  exists(path: string): boolean;
}

export function hostAt(root = "/"): Host {
  return {
    read(path) {
      try {
        // AppArmor ends its text with a NUL.
        return readFileSync(join(root, path), "utf8").replaceAll("\0", "").trim();
      } catch {
        return null;
      }
    },
    exists: (path) => existsSync(join(root, path)),
  };
}
