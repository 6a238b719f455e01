// A manifest and section images to the bytes of a bundle file. The same input gives the same bytes.

import assert from "node:assert/strict";
import { ABI_VERSION, SECTION_NAMES, type SectionName } from "./abi.ts";
import { sectionSha256, sha256Bytes } from "./digest.ts";
import { FORMAT_VERSION, HEADER, MAGIC, tableMemoryBytes, toPage } from "./layout.ts";
import type { Manifest, ManifestSection } from "./manifest.generated.ts";
import schema from "./manifest.schema.json" with { type: "json" };

/** What the writer cannot work out for itself. */
export type ManifestHead = Omit<Manifest, "formatVersion" | "abiVersion" | "memoryBytes" | "sections">;

export interface SectionImage {
  readonly bytes: Uint8Array;
  /** Value size of the map. */
  readonly entryBytes: number;
}

export interface BundleParts {
  readonly manifest: ManifestHead;
  readonly sections: ReadonlyMap<SectionName, SectionImage>;
}

export function writeBundle(parts: BundleParts): Uint8Array {
  const images = SECTION_NAMES.flatMap((name) => {
    const image = parts.sections.get(name);
    return image ? [{ name, image }] : [];
  });
  assert.equal(images.length, parts.sections.size, "a section has a name that the ABI does not know");
  const described: ManifestSection[] = images.map(({ name, image }) => ({
    name,
    offset: 0,
    length: image.bytes.length,
    entryBytes: image.entryBytes,
    entries: image.bytes.length / image.entryBytes,
    sha256: sectionSha256(image.bytes),
  }));
  const { manifest, sections, totalLength } = place(parts.manifest, described);

  const file = new Uint8Array(totalLength);
  const view = new DataView(file.buffer);
  file.set(MAGIC, HEADER.magic);
  view.setUint32(HEADER.formatVersion, FORMAT_VERSION, true);
  view.setUint32(HEADER.abiVersion, ABI_VERSION, true);
  view.setBigUint64(HEADER.totalLength, BigInt(totalLength), true);
  view.setBigUint64(HEADER.manifestLength, BigInt(manifest.length), true);
  file.set(sha256Bytes(manifest), HEADER.manifestSha256);
  file.set(sha256Bytes(file.subarray(0, HEADER.headerSha256)), HEADER.headerSha256);
  file.set(manifest, HEADER.bytes);
  images.forEach(({ image }, i) => {
    file.set(image.bytes, sections[i]!.offset);
  });
  return file;
}

/** Offsets stand in the manifest, whose length moves them: repeated until the length stays, which it soon does. */
function place(head: ManifestHead, described: readonly ManifestSection[]) {
  const memoryBytes = tableMemoryBytes(described.map((section) => section.length));
  const parts = { formatVersion: FORMAT_VERSION, abiVersion: ABI_VERSION, ...head, memoryBytes };
  // Witnesses are most of it, and stay as they are.
  const ordered = inSchemaOrder({ ...parts, sections: described }, schema) as Manifest;
  for (let start = 0; ; ) {
    let next = start;
    const sections = ordered.sections.map((section) => {
      const offset = next;
      next += toPage(section.length);
      return { ...section, offset };
    });
    const manifest = new TextEncoder().encode(JSON.stringify({ ...ordered, sections }));
    const end = toPage(HEADER.bytes + manifest.length);
    if (end === start) return { manifest, sections, totalLength: next };
    assert(end > start, "the manifest grows with its offsets, so this ends");
    start = end;
  }
}

/** The keywords of JSON Schema that order keys; others are passed over. */
interface Schema {
  readonly [keyword: string]: unknown;
  readonly $ref?: string | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly items?: Schema | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
}
const definitions: Readonly<Record<string, Schema>> = schema.definitions;

/** A copy with keys in the order of the schema, so that the callers' order does not reach the bytes. */
function inSchemaOrder(value: unknown, node: Schema): unknown {
  const target = node.anyOf?.[0] ?? node;
  const resolved = target.$ref ? definitions[target.$ref.slice("#/definitions/".length)]! : target;
  if (Array.isArray(value)) return value.map((item) => inSchemaOrder(item, resolved.items ?? {}));
  if (value === null || typeof value !== "object") return value;
  const properties = resolved.properties ?? {};
  const entries = new Map(Object.entries(value));
  for (const key of entries.keys())
    assert(Object.hasOwn(properties, key), `the manifest's schema has no ${key}`);
  return Object.fromEntries(
    Object.keys(properties)
      .filter((key) => entries.has(key))
      .map((key) => [key, inSchemaOrder(entries.get(key), properties[key]!)]),
  );
}
