// What other rooms import of the bundle. The types come from manifest.schema.json.

export { BundleError, type BundleErrorCode } from "./bundle-error.ts";
export { type Config, decodeConfig } from "./consistency.ts";
export { type BeginDigest, digestOf, generationOf, sha256Bytes, sha256Hex } from "./digest.ts";
export * from "./format.ts";
export { tableMemoryBytes } from "./layout.ts";
export type {
  Manifest,
  ManifestBackend,
  ManifestFleet,
  ManifestLimit,
  ManifestLocation,
  ManifestPolicy,
  ManifestRule,
  ManifestSection,
  ManifestSet,
  Witness,
  WitnessStep,
} from "./manifest.generated.ts";
export { type FoundBundle, openBundleFrom, type ReadOptions, readBundleFrom } from "./read-bundle-from.ts";
export {
  type DirectoryReader,
  type JoinedBundle,
  joinShards,
  SHARD_BYTES,
  SHARDS_MAX,
  type Shard,
  type ShardedBundle,
  splitBundle,
} from "./shards.ts";
export { generateKeys, type KeyPair, signBundle, verifySignature } from "./sign.ts";
