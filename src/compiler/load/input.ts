// Fleets as the vocabulary made them, and the texts of their files, to the input of compile(): paths from one root,
// feeds read, and a revision that names all of it.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isAbsolute, join, posix, relative, sep } from "node:path";
import type { Site } from "../../policy/site.ts";
import type { Fleet } from "../../policy/types.ts";
import type { CompileInput, FeedText } from "../types.ts";
import { feedPath, NO_SUCH_FILE } from "./feed-path.ts";
import { relocate } from "./relocate.ts";

export interface InputOptions {
  /** Absolute path that all paths of the input are relative to: the policy directory's parent. */
  readonly root: string;
  /** Absolute path at which to read the feed with this path from the root; below the root where it is missing. */
  readonly feedFile?: (path: string) => string;
  /** Bytes of the files by absolute path; those that a place names and that are not here are read from disk. */
  readonly sources?: ReadonlyMap<string, Uint8Array>;
  readonly site?: Site | null;
  /** Files that only the site needs, as `sources`: read for diagnostics, and no part of the revision. */
  readonly siteSources?: ReadonlyMap<string, Uint8Array>;
}

/** Never rejects for a file that cannot be read: it is missing from the sources, or a `missing` feed. */
export async function inputOfFleets(
  fleets: readonly Fleet[],
  {
    root,
    feedFile = (path) => join(root, path),
    sources = new Map(),
    site = null,
    siteSources = new Map(),
  }: InputOptions,
): Promise<CompileInput> {
  const show = showFrom(root);
  const relocated = relocate(fleets, show, site);

  const files = new Map(sources);
  for (const file of relocated.files) {
    if (files.has(file) || !isAbsolute(file)) continue;
    const text = await readText(file);
    if (text.kind === "bytes") files.set(file, text.bytes);
  }
  const named = new Map([...files].map(([path, bytes]) => [show(path), bytes] as const));
  const siteNamed = [...siteSources].map(([path, bytes]) => [show(path), bytes] as const);

  const feeds = new Map<string, FeedText>();
  for (const path of new Set(relocated.feeds.map(feedPath))) feeds.set(path, await readText(feedFile(path)));

  return Object.freeze({
    fleets: Object.freeze(relocated.fleets),
    site: relocated.site,
    sources: new Map(
      [...siteNamed, ...named].map(([path, bytes]) => [path, Buffer.from(bytes).toString("utf8")]),
    ),
    feeds,
    revision: revisionOf(named, feeds),
  });
}

/** Absolute path to a path from `root`, with `/`. */
export function showFrom(root: string): (path: string) => string {
  return (path) => (isAbsolute(path) ? relative(root, path).split(sep).join(posix.sep) : path);
}

async function readText(path: string): Promise<FeedText> {
  try {
    return { kind: "bytes", bytes: await readFile(path) };
  } catch (error) {
    return unreadable(error);
  }
}

/** What stands for a file that cannot be read. */
export function unreadable(error: unknown): FeedText {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return {
    kind: "missing",
    message: code === "ENOENT" ? NO_SUCH_FILE : `it cannot be read (${code})`,
  };
}

/** Names and bytes, each with its length before it, in order of name: no two inputs run into one another. */
function revisionOf(sources: ReadonlyMap<string, Uint8Array>, feeds: ReadonlyMap<string, FeedText>): string {
  const hash = createHash("sha256");
  const add = (kind: string, name: string, bytes: Uint8Array) =>
    hash.update(`${kind} ${Buffer.byteLength(name)} ${bytes.length}\n${name}\n`).update(bytes);
  for (const [name, bytes] of byName(sources)) add("source", name, bytes);
  for (const [name, text] of byName(feeds))
    if (text.kind === "bytes") add("feed", name, text.bytes);
    else add("missing", name, new Uint8Array());
  return `sha256:${hash.digest("hex")}`;
}

function byName<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
