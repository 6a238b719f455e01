// A bundle path to "it may have changed": a file, or a directory of shards or of one bundle. Two ways at once, because
// neither is enough: inotify is quick but blind to what lies behind a symlink, and a ConfigMap's volume changes by swapping
// the symlink `..data`; a poll of what the path resolves to sees everything, a second late.

import { type FSWatcher, readdirSync, realpathSync, statSync, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf } from "../errors.ts";

export interface WatchOptions {
  readonly pollMs?: number;
  /** A change is reported when nothing has changed for so long: files of a set arrive one by one. */
  readonly quietMs?: number;
}

export interface BundleWatcher {
  close(): void;
}

const DEFAULT_POLL_MS = 1000;
const DEFAULT_QUIET_MS = 50;

/** Calls `onChange` after each change of what is at the path. What is there at the time of the call is not reported. */
export function watchBundle(path: string, onChange: () => void, options: WatchOptions = {}): BundleWatcher {
  const quietMs = options.quietMs ?? DEFAULT_QUIET_MS;
  let seen = fingerprint(path);
  let inotify: { readonly watcher: FSWatcher; readonly directory: string } | null = null;
  let quiet: NodeJS.Timeout | null = null;

  function look(): void {
    arm();
    const now = fingerprint(path);
    if (now === seen) return;
    seen = now;
    if (quiet) clearTimeout(quiet);
    quiet = setTimeout(settle, quietMs);
  }

  function settle(): void {
    quiet = null;
    const now = fingerprint(path);
    if (now === seen) return onChange();
    seen = now;
    quiet = setTimeout(settle, quietMs);
  }

  /** Watches the directory that the path is, or is in; anew where another directory has taken its place. */
  function arm(): void {
    const found = watchedDirectory(path);
    if (inotify && found?.identity === inotify.directory) return;
    inotify?.watcher.close();
    inotify = null;
    if (!found) return;
    try {
      const watcher = watch(found.path, { persistent: false }, look);
      watcher.on("error", () => watcher.close()); // the poll goes on
      inotify = { watcher, directory: found.identity };
    } catch {
      // No inotify instance left, or the directory vanished in between: the poll goes on.
    }
  }

  arm();
  const poll = setInterval(look, options.pollMs ?? DEFAULT_POLL_MS);
  return {
    close() {
      clearInterval(poll);
      if (quiet) clearTimeout(quiet);
      inotify?.watcher.close();
    },
  };
}

function watchedDirectory(path: string): { path: string; identity: string } | null {
  for (const candidate of [path, dirname(path)]) {
    try {
      const stat = statSync(candidate);
      if (stat.isDirectory()) return { path: candidate, identity: `${candidate} ${stat.dev}:${stat.ino}` };
    } catch {
      // Not there yet.
    }
  }
  return null;
}

/** What is at a path, short: two that are equal hold the same files. Follows symlinks. */
export function fingerprint(path: string): string {
  let names: string[];
  try {
    names = statSync(path).isDirectory()
      ? readdirSync(path)
          .filter((name) => !name.startsWith("."))
          .sort()
          .map((name) => join(path, name))
      : [path, `${path}.sig`];
  } catch (error) {
    return `absent: ${messageOf(error)}`;
  }
  return names
    .map((name) => {
      try {
        const real = realpathSync.native(name); // the other one asks for each folder of the path
        const stat = statSync(real, { bigint: true });
        return `${basename(name)} ${real} ${stat.ino} ${stat.size} ${stat.mtimeNs}`;
      } catch {
        return `${basename(name)} absent`;
      }
    })
    .join("\n");
}
