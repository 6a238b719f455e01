// A path to a bundle and the signature that came with it: a *.bundle file, a directory with one, or a directory of
// shards (the projected volume).

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  read,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { BundleError } from "./bundle-error.ts";
import { type BeginDigest, beginDigestHere, digestText } from "./digest.ts";
import { type Bundle, type OpenedBundle, openBundle } from "./read-bundle.ts";
import { BUNDLE_BYTES_MAX, joinShards } from "./shards.ts";

export interface FoundBundle<B extends Bundle = Bundle> {
  readonly bundle: B;
  /** The DSSE envelope's text; null where there is none. */
  readonly envelope: string | null;
}

export interface ReadOptions {
  /** Who hashes a file while it is read; else it is hashed afterwards. */
  readonly beginDigest?: BeginDigest;
}

/** A file is hashed part by part as it comes: the first part must not be long in coming, and those after it may be larger. */
const FIRST_PART_BYTES = 2 ** 20;

const readPart = promisify(read);

/** Throws BundleError. */
export async function readBundleFrom(path: string, options: ReadOptions = {}): Promise<FoundBundle> {
  const found = await openBundleFrom(path, options);
  found.bundle.verify();
  return found;
}

/** Throws BundleError. The tables are for the caller to compare with their digests. */
export async function openBundleFrom(
  path: string,
  options: ReadOptions = {},
): Promise<FoundBundle<OpenedBundle>> {
  try {
    return statSync(path).isDirectory()
      ? await readDirectory(path, options)
      : await readBundleFile(path, options);
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

async function readBundleFile(
  path: string,
  { beginDigest = beginDigestHere }: ReadOptions,
): Promise<FoundBundle<OpenedBundle>> {
  // The signature first: where both are replaced in between, the old one does not fit the new bundle.
  const envelope = readEnvelope(`${path}.sig`);
  // A pipe has no size, and may keep who opens it waiting.
  if (!statSync(path).isFile()) return { bundle: openBundle(await readFile(path)), envelope };
  // Only what takes long is asked of other threads: each asking costs as much as reading a hundred KiB, and more where the machine is busy.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(file);
    if (size > BUNDLE_BYTES_MAX)
      throw new BundleError(
        "too-large",
        path,
        `${size} bytes are no bundle`,
        "give the path of a *.bundle file",
      );
    const bytes = Buffer.allocUnsafeSlow(size);
    const digest = beginDigest(bytes);
    try {
      let arrived = 0;
      while (arrived < size) {
        const part = Math.min(Math.max(FIRST_PART_BYTES, 2 * arrived), size - arrived);
        const { bytesRead } = await readPart(file, bytes, arrived, part, arrived);
        if (bytesRead === 0) break; // it was cut meanwhile
        arrived += bytesRead;
        digest.advance(arrived);
      }
      const bundle = openBundle(bytes.subarray(0, arrived), () => digestText(digest.finish()));
      return { bundle, envelope };
    } finally {
      digest.close();
    }
  } finally {
    closeSync(file);
  }
}

async function readDirectory(path: string, options: ReadOptions): Promise<FoundBundle<OpenedBundle>> {
  const directory = settled(path);
  const names = readdirSync(directory);
  if (names.includes("index.json")) {
    const envelope = readEnvelope(join(directory, "signature"));
    const { bytes, digest } = await joinShards((name) => readOptional(join(directory, name)));
    return { bundle: openBundle(bytes, () => digest), envelope };
  }
  const bundles = names.filter((name) => name.endsWith(".bundle"));
  if (bundles.length === 1) return readBundleFile(join(directory, bundles[0]!), options);
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
function settled(path: string): string {
  const data = join(path, "..data");
  try {
    return lstatSync(data).isSymbolicLink() ? realpathSync.native(data) : path;
  } catch {
    return path;
  }
}

async function readOptional(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

function readEnvelope(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
