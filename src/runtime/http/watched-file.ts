// Files that are read again when they change, by asking stat: what Kubernetes mounts changes by a link that is replaced,
// which watchers of files miss.

import { readFileSync, statSync } from "node:fs";
import { errnoOf, messageOf } from "../errors.ts";

export interface FileChange {
  /** Each file's content, in the order of the paths. */
  readonly contents: readonly Buffer[];
}

export class WatchedFiles {
  readonly #paths: readonly string[];
  #seen = "";

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** The contents where they may have changed since the last call; null where not. Throws an Error that names the file. */
  changed(): FileChange | null {
    const stamp = this.#paths.map(stampOf).join(" ");
    if (stamp === this.#seen) return null;
    const contents = this.#paths.map(read);
    this.#seen = stamp;
    return { contents };
  }

  /** The next call reads again, whatever stat says. */
  forget(): void {
    this.#seen = "";
  }
}

function stampOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): Error {
  return new Error(`cannot read ${path}: ${errnoOf(cause) ?? messageOf(cause)}`, { cause });
}
