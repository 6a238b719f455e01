// A bundle to compressed shards that fit ConfigMaps, and back. Shards are named by content, so a ConfigMap of that name
// never changes; the index names them all, so a mixture of two bundles is recognised as torn and waited out.

import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { BundleError } from "./bundle-error.ts";
import { digestOf, sha256Hex } from "./digest.ts";

/**
 * The API server allows 1 MiB of data and binaryData together, counted decoded (ValidateConfigMap, MaxSecretSize); as
 * base64 in a manifest this is 960 KiB, so that the YAML document of one shard stays below 1 MiB as well.
 */
export const SHARD_BYTES = 720 * 1024;
/** One projected volume may take so many: above it the objects of a fleet cost the API server more than a registry. */
export const SHARDS_MAX = 16;
/** What a hostile index may make us decompress. */
export const BUNDLE_BYTES_MAX = 512 * 2 ** 20;

/** 6 is 8 % smaller than 3 on a table of 200,000 prefixes for 30 ms more; 19 takes 1.8 s. Part of the bytes: do not change lightly. */
const COMPRESSION_LEVEL = 6;

export interface Shard {
  /** Name of the ConfigMap. */
  readonly name: string;
  /** Path in the projected volume. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

export interface ShardedBundle {
  readonly bundleDigest: string;
  /** Text of index.json. */
  readonly index: string;
  readonly shards: readonly Shard[];
  readonly compressedBytes: number;
}

interface Compression {
  readonly compressed: Uint8Array;
  /** Of the bundle. */
  readonly digest: string;
}

/** A bundle's check and each environment's manifests ask for it. */
const compressions = new WeakMap<Uint8Array, Compression>();

function compress(bundleBytes: Uint8Array): Compression {
  const known = compressions.get(bundleBytes);
  if (known) return known;
  const compressed = zstdCompressSync(bundleBytes, {
    params: { [constants.ZSTD_c_compressionLevel]: COMPRESSION_LEVEL },
    pledgedSrcSize: bundleBytes.length,
  });
  const compression = { compressed, digest: digestOf(bundleBytes) };
  compressions.set(bundleBytes, compression);
  return compression;
}

/** `bundleBytes` must not change afterwards. */
export function splitBundle(fleetName: string, bundleBytes: Uint8Array): ShardedBundle {
  const { compressed, digest: bundleDigest } = compress(bundleBytes);
  const shards: Shard[] = [];
  for (let start = 0; start < compressed.length; start += SHARD_BYTES) {
    const bytes = compressed.subarray(start, start + SHARD_BYTES);
    const sha256 = sha256Hex(bytes);
    const path = `shard-${String(shards.length).padStart(3, "0")}`;
    shards.push({ name: `${fleetName}-bundle-${sha256.slice(0, 10)}`, path, sha256, bytes });
  }
  const index = {
    bundleDigest,
    compressedBytes: compressed.length,
    shards: shards.map(({ path, sha256, bytes }) => ({ path, sha256, bytes: bytes.length })),
  };
  return { bundleDigest, index: JSON.stringify(index), shards, compressedBytes: compressed.length };
}

/** Reads one file of the directory; null where it does not exist. */
export type DirectoryReader = (path: string) => Promise<Uint8Array | null>;

export interface JoinedBundle {
  readonly bytes: Uint8Array;
  /** `sha256:<64 hex>` of them, as the index names it. */
  readonly digest: string;
}

/** The bundle's bytes. Throws BundleError: `torn` where waiting may help, `bad-index` where it will not. */
export async function joinShards(read: DirectoryReader): Promise<JoinedBundle> {
  const index = parseIndex(await read("index.json"));
  const parts: Uint8Array[] = [];
  for (const { path, sha256, bytes } of index.shards) {
    const part = await read(path);
    if (!part) throw torn(`shard ${path}`, "it is not there yet");
    if (part.length !== bytes || sha256Hex(part) !== sha256)
      throw torn(`shard ${path}`, "it is not the one that index.json names");
    parts.push(part);
  }
  const compressed = Buffer.concat(parts);
  if (compressed.length !== index.compressedBytes)
    throw badIndex(`its shards are ${compressed.length} bytes together, not ${index.compressedBytes}`);
  let bytes: Uint8Array;
  try {
    bytes = zstdDecompressSync(compressed, { maxOutputLength: BUNDLE_BYTES_MAX });
  } catch (error) {
    throw badIndex(`its shards do not decompress: ${error instanceof Error ? error.message : String(error)}`);
  }
  const digest = digestOf(bytes);
  if (digest !== index.bundleDigest)
    throw torn("index.json", `its shards are bundle ${digest}, not ${index.bundleDigest}`);
  return { bytes, digest };
}

interface Index {
  readonly bundleDigest: string;
  readonly compressedBytes: number;
  readonly shards: readonly { readonly path: string; readonly sha256: string; readonly bytes: number }[];
}

function parseIndex(text: Uint8Array | null): Index {
  if (!text) throw torn("index.json", "it is not there yet");
  let index: unknown;
  try {
    index = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch {
    throw badIndex("not JSON");
  }
  if (!isIndex(index)) throw badIndex("not an index of shards");
  return index;
}

function isIndex(value: unknown): value is Index {
  if (typeof value !== "object" || value === null) return false;
  const { bundleDigest, compressedBytes, shards } = value as Partial<Record<keyof Index, unknown>>;
  return (
    typeof bundleDigest === "string" &&
    /^sha256:[0-9a-f]{64}$/.test(bundleDigest) &&
    typeof compressedBytes === "number" &&
    Array.isArray(shards) &&
    shards.length > 0 &&
    shards.every(
      (shard: unknown) =>
        typeof shard === "object" &&
        shard !== null &&
        "path" in shard &&
        typeof shard.path === "string" &&
        /^shard-\d{3}$/.test(shard.path) && // a name, never a way out of the directory
        "sha256" in shard &&
        typeof shard.sha256 === "string" &&
        "bytes" in shard &&
        typeof shard.bytes === "number",
    )
  );
}

function torn(part: string, what: string): BundleError {
  return new BundleError("torn", part, what, "wait: the volume is being updated; else sync the bundle again");
}

function badIndex(what: string): BundleError {
  return new BundleError("bad-index", "index.json", what, "synthesize and sync the bundle again");
}
