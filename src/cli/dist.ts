// The output tree on disk. It belongs to the compiler as a whole: what it did not write this time is from an older
// policy, and would be synced to the cluster for ever.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import type { Artifact } from "../compiler/types.ts";

/** Folders that the compiler writes into; nothing else in the output directory is touched. */
const FOLDERS = [
  "alertmanager",
  "alerts",
  "bundles",
  "ci",
  "dashboards",
  "environments",
  "manifests",
  "prometheus",
];

export interface DistDifference {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export function isStale({ added, changed, removed }: DistDifference): boolean {
  return added.length + changed.length + removed.length > 0;
}

/** `piston sign` writes it beside the bundle, and it outlives what is made again. */
const SIGNATURE = /^bundles\/[^/]+\.bundle\.sig$/;

/** What writing would change. */
export function compareDist(folder: string, artifacts: readonly Artifact[]): DistDifference {
  const present = new Set(
    FOLDERS.flatMap((name) => filesUnder(join(folder, name)).map((path) => toSlashes(folder, path))).filter(
      (path) => !SIGNATURE.test(path),
    ),
  );
  const added: string[] = [];
  const changed: string[] = [];
  for (const { path, bytes } of artifacts) {
    if (!present.delete(path)) added.push(path);
    else if (!readFileSync(join(folder, path)).equals(bytes)) changed.push(path);
  }
  return { added: added.sort(), changed: changed.sort(), removed: [...present].sort() };
}

/** Writes what differs, each file whole or not at all, and removes what is no longer made. */
export function writeDist(folder: string, artifacts: readonly Artifact[]): DistDifference {
  const difference = compareDist(folder, artifacts);
  const wanted = new Set([...difference.added, ...difference.changed]);
  for (const { path, bytes } of artifacts) {
    if (!wanted.has(path)) continue;
    const target = join(folder, path);
    makeFolder(dirname(target));
    const temporary = `${target}.tmp-${process.pid}`;
    writeFileSync(temporary, bytes);
    renameSync(temporary, target);
  }
  for (const path of difference.removed) rmSync(join(folder, path));
  return difference;
}

/** As mkdir -p. Node's own says ENOENT of a read-only file system, and never ends where a parent takes no folders (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  mkdirSync(path);
}

function filesUnder(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function toSlashes(folder: string, path: string): string {
  return relative(folder, path).split(sep).join("/");
}
