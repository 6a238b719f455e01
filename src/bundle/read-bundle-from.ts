// A path to a bundle and the signature that came with it: a *.bundle file, a directory with one, or a directory of
// shards (the projected volume).

import { lstat, readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { BundleError } from "./bundle-error.ts";
import { type Bundle, type IsKnown, readBundle } from "./read-bundle.ts";
import { BUNDLE_BYTES_MAX, joinShards } from "./shards.ts";

export interface FoundBundle {
  readonly bundle: Bundle;
  /** The DSSE envelope's text; null where there is none. */
  readonly envelope: string | null;
}

/** Throws BundleError. `isKnown`: see readBundle. */
export async function readBundleFrom(path: string, isKnown?: IsKnown): Promise<FoundBundle> {
  try {
    return (await stat(path)).isDirectory()
      ? await readDirectory(path, isKnown)
      : await readBundleFile(path, isKnown);
  } catch (error) {
    if (error instanceof BundleError) throw error;
    throw new BundleError(
      "unreadable",
      path,
      error instanceof Error ? error.message : String(error),
      "check the path and its permissions",
    );
  }
}

async function readBundleFile(path: string, isKnown: IsKnown | undefined): Promise<FoundBundle> {
  const { size } = await stat(path);
  if (size > BUNDLE_BYTES_MAX)
    throw new BundleError(
      "too-large",
      path,
      `${size} bytes are no bundle`,
      "give the path of a *.bundle file",
    );
  // The signature first: where both are replaced in between, the old one does not fit the new bundle.
  const envelope = await readOptional(`${path}.sig`);
  return { bundle: readBundle(await readFile(path), isKnown), envelope: envelope?.toString() ?? null };
}

async function readDirectory(path: string, isKnown: IsKnown | undefined): Promise<FoundBundle> {
  const directory = await settled(path);
  const names = await readdir(directory);
  if (names.includes("index.json")) {
    const envelope = await readOptional(join(directory, "signature"));
    const bytes = await joinShards((name) => readOptional(join(directory, name)));
    return { bundle: readBundle(bytes, isKnown), envelope: envelope?.toString() ?? null };
  }
  const bundles = names.filter((name) => name.endsWith(".bundle"));
  if (bundles.length === 1) return readBundleFile(join(directory, bundles[0]!), isKnown);
  throw new BundleError(
    "no-bundle",
    path,
    bundles.length === 0
      ? "it has neither a *.bundle file nor an index.json"
      : `it has ${bundles.length} bundles: ${bundles.sort().join(", ")}`,
    "give a directory with one fleet's bundle, or the path of the file",
  );
}

/** The kubelet swaps the symlink `..data`: what it points to now is one state, and stays so while it is read. */
async function settled(path: string): Promise<string> {
  const data = join(path, "..data");
  try {
    return (await lstat(data)).isSymbolicLink() ? await realpath(data) : path;
  } catch {
    return path;
  }
}

async function readOptional(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
