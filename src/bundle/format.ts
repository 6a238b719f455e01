// The bundle file: writing and reading.

export { type Bundle, type OpenedBundle, openBundle, readBundle, readManifestOf } from "./read-bundle.ts";
export { type BundleParts, type ManifestHead, type SectionImage, writeBundle } from "./write-bundle.ts";
