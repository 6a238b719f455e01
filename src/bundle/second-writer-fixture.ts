// A second reader and writer of bundles, from docs/BUNDLE.md alone: parts of a file by their ends, and bundles that are changed and sealed again.

import { createHash } from "node:crypto";
import { SECTION_NAMES, type SectionName } from "./abi.ts";
import { BundleError } from "./bundle-error.ts";
import type { Manifest } from "./manifest.generated.ts";
import { readBundle } from "./read-bundle.ts";

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
/** docs/BUNDLE.md: of a section that is longer than 256 KiB, SHA-256 of its parts'. */
export const sectionSha256 = (bytes: Uint8Array) => {
  const part = 256 * 1024;
  if (bytes.length <= part) return sha256(bytes);
  const count = Math.ceil(bytes.length / part);
  return sha256(
    Buffer.concat(Array.from({ length: count }, (_, i) => sha256(bytes.subarray(i * part, (i + 1) * part)))),
  );
};
const page = (bytes: number) => Math.ceil(bytes / 4096) * 4096;

export function refusal(bytes: Uint8Array): { code: string; part: string; message: string; help: string } {
  try {
    readBundle(bytes);
  } catch (error) {
    if (error instanceof BundleError) return error;
    throw error;
  }
  throw new Error("the bundle was taken");
}

/** The parts of a file and where each ends, from docs/BUNDLE.md. */
export function partsOf(bytes: Uint8Array): { part: string; end: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const manifestEnd = 128 + Number(view.getBigUint64(24, true));
  const manifest = JSON.parse(Buffer.from(bytes.subarray(128, manifestEnd)).toString()) as Manifest;
  return [
    { part: "header", end: 128 },
    { part: "manifest", end: manifestEnd },
    { part: "padding after manifest", end: page(manifestEnd) },
    ...manifest.sections.flatMap(({ name, offset, length }) => [
      { part: `section ${name}`, end: offset + length },
      { part: `padding after section ${name}`, end: page(offset + length) },
    ]),
  ];
}

/** A second writer: any manifest and any images to a file whose digests fit, sections where the manifest says. */
export function seal(
  manifest: Manifest,
  images: ReadonlyMap<string, Uint8Array>,
  totalLength?: number,
): Uint8Array {
  const sections = manifest.sections.map((section) => {
    const image = images.get(section.name);
    return image ? { ...section, sha256: sectionSha256(image).toString("hex") } : section;
  });
  const text = Buffer.from(JSON.stringify({ ...manifest, sections }));
  const end = Math.max(
    page(128 + text.length),
    ...sections.map(({ offset, length }) => page(offset + length)),
  );
  const file = new Uint8Array(totalLength ?? end);
  const view = new DataView(file.buffer);
  file.set(Buffer.from("PISTONB\0"));
  view.setUint32(8, 1, true);
  view.setUint32(12, 2, true);
  view.setBigUint64(16, BigInt(file.length), true);
  view.setBigUint64(24, BigInt(text.length), true);
  file.set(sha256(text), 32);
  file.set(sha256(file.subarray(0, 64)), 64);
  file.set(text, 128);
  for (const { name, offset } of sections) if (images.has(name)) file.set(images.get(name)!, offset);
  return file;
}

/** The bundle taken apart, changed, and sealed again with digests that fit. */
export function altered(
  bytes: Uint8Array,
  change: (manifest: Manifest, image: (name: SectionName) => DataView) => Manifest | undefined,
): Uint8Array {
  const bundle = readBundle(bytes);
  const images = new Map(
    SECTION_NAMES.flatMap((name) => {
      const image = bundle.section(name);
      return image ? [[name, new Uint8Array(image)] as const] : [];
    }),
  );
  const view = (name: SectionName) => {
    const image = images.get(name)!;
    return new DataView(image.buffer);
  };
  const manifest = change(structuredClone(bundle.manifest), view) ?? bundle.manifest;
  return seal(manifest, images);
}

/**
 * The bundle with other sections: what `change` leaves of the images, or puts among them, one behind the other and told by the manifest as they
 * are. Entries stay as large as they were.
 */
export function relaid(
  bytes: Uint8Array,
  change: (images: Map<SectionName, Uint8Array>) => void,
): Uint8Array {
  const bundle = readBundle(bytes);
  const { manifest } = bundle;
  const images = new Map<SectionName, Uint8Array>();
  for (const { name } of manifest.sections) images.set(name, new Uint8Array(bundle.section(name)!));
  change(images);
  let offset = manifest.sections[0]!.offset;
  let memoryBytes = 0;
  const sections = manifest.sections.flatMap((one) => {
    const length = images.get(one.name)?.length;
    if (length === undefined) return [];
    const told = { ...one, offset, length, entries: length / one.entryBytes };
    offset += page(length);
    memoryBytes += 4096 + page(length);
    return [told];
  });
  return seal({ ...manifest, sections, memoryBytes }, images);
}

/** The file with another digest of a section in its manifest, header and manifest sealed again. */
export function withDigest(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const file = bytes.slice();
  const length = Number(new DataView(file.buffer).getBigUint64(24, true));
  const text = Buffer.from(file.subarray(128, 128 + length))
    .toString()
    .replace(from, to);
  file.set(Buffer.from(text), 128);
  file.set(sha256(file.subarray(128, 128 + length)), 32);
  file.set(sha256(file.subarray(0, 64)), 64);
  return file;
}
