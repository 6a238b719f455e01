// A bundle path to "it may have changed": a file, or a directory of shards or of one bundle. Two ways at once, because
// neither is enough: inotify is quick but blind to what lies behind a symlink, and a ConfigMap's volume changes by swapping
// the symlink `..data`; a poll of what the path resolves to sees everything, a second late.

import { type FSWatcher, readdirSync, type Stats, statSync, watch } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "../errors.ts";
import { every } from "../pulse.ts";

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
    const found = find(path);
    arm(found);
    const now = fingerprint(path, found);
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
  function arm(found: Found): void {
    const directory = watchedDirectory(path, found);
    if (inotify && directory?.identity === inotify.directory) return;
    inotify?.watcher.close();
    inotify = null;
    if (!directory) return;
    try {
      const watcher = watch(directory.path, { persistent: false }, look);
      watcher.on("error", () => watcher.close()); // the poll goes on
      inotify = { watcher, directory: directory.identity };
    } catch {
      // No inotify instance left, or the directory vanished in between: the poll goes on.
    }
  }

  arm(find(path));
  const poll = every(options.pollMs ?? DEFAULT_POLL_MS, look);
  return {
    close() {
      poll.stop();
      if (quiet) clearTimeout(quiet);
      inotify?.watcher.close();
    },
  };
}

function watchedDirectory(path: string, found: Found): { path: string; identity: string } | null {
  if (typeof found !== "string" && found.isDirectory()) return { path, identity: identityOf(path, found) };
  const above = dirname(path);
  const directory = find(above);
  return typeof directory === "string" || !directory.isDirectory()
    ? null
    : { path: above, identity: identityOf(above, directory) };
}

function identityOf(path: string, { dev, ino }: Stats): string {
  return `${path} ${dev}:${ino}`;
}

/** What is at a path, short: two that are equal hold the same files. Follows symlinks. */
export function fingerprint(path: string, found = find(path)): string {
  if (typeof found === "string") return found;
  if (!found.isDirectory()) return `${stampOf(found)}\n${stampOf(find(`${path}.sig`))}`;
  try {
    return readdirSync(path)
      .filter((name) => !name.startsWith("."))
      .sort()
      .map((name) => `${name} ${stampOf(find(join(path, name)))}`)
      .join("\n");
  } catch (error) {
    return messageOf(error);
  }
}

/** Which file it is and when it was last changed; the path that symlinks lead along says nothing more. */
function stampOf(found: Found): string {
  if (typeof found === "string") return found;
  const { dev, ino, size, mtimeMs, ctimeMs } = found;
  return `${dev}:${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}

/** Or why there is nothing: most often there is no signature, and an error for that would cost more than the question. */
type Found = Stats | string;

function find(path: string): Found {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? "absent";
  } catch (error) {
    return messageOf(error);
  }
}
