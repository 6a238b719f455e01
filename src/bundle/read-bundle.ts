// The bytes of a bundle file to a Bundle, or a BundleError that names the part at fault. Nothing of a bundle is to be used
// before its digests fit: readBundle() compares all of them, openBundle() leaves those of the tables to its caller. Nothing
// that they cover is trusted to be consistent (consistency.ts).

import { endianness } from "node:os";
import { ABI_VERSION, type SectionName, TABLE_NAMES } from "./abi.ts";
import { BundleError } from "./bundle-error.ts";
import { checkConsistency } from "./consistency.ts";
import { digestOf, generationOf, sectionSha256, sha256Bytes } from "./digest.ts";
import { FORMAT_VERSION, HEADER, MAGIC, toPage } from "./layout.ts";
import type { Manifest, ManifestSection } from "./manifest.generated.ts";
import validateManifest from "./validate-manifest.generated.js";

export interface Bundle {
  readonly bytes: Uint8Array;
  /** `sha256:<64 hex>` of the whole file. */
  readonly digest: string;
  /** First 12 hex digits of the digest. */
  readonly generation: string;
  readonly manifest: Manifest;
  /** The image, null where the bundle does not have it. Aligned to 8 bytes. */
  section(name: SectionName): Uint8Array | null;
}

/**
 * A bundle whose tables are not compared with their digests yet. They may be looked at; what is made of them may be used
 * when verify() has passed, or when it was seen by other means that each of them has its digest.
 */
export interface OpenedBundle extends Bundle {
  /** Hashes every section. Throws BundleError, the one that readBundle gives. */
  verify(): void;
  /** By whoever has seen it by other means: what was found of the tables holds wherever these digests are named. */
  confirm(): void;
}

const COPY_AGAIN = "copy or fetch the bundle again, or compile it again with `piston synth`";
const SAME_VERSION = "compile the bundle and run the agent with the same version of PistonProtection";

/** Throws BundleError. See openBundle. */
export function readBundle(bytes: Uint8Array, wholeDigest?: () => string): Bundle {
  const bundle = openBundle(bytes, wholeDigest);
  bundle.verify();
  return bundle;
}

/**
 * Throws BundleError. `bytes` must not change afterwards. `wholeDigest` gives the digest of all bytes where somebody else is
 * at it; it is asked for last.
 */
export function openBundle(
  bytes: Uint8Array,
  wholeDigest: () => string = () => digestOf(bytes),
): OpenedBundle {
  if (endianness() !== "LE") throw new Error("bundles hold little-endian tables; this machine is big-endian");
  const file = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  const header = readHeader(file);
  const manifest = readManifest(file, header);
  const sections: Section[] = [];
  const images = new Map<SectionName, Uint8Array>();
  let remember: () => void;
  try {
    readSections(file, header, manifest, sections);
    for (const { section, image } of sections) images.set(section.name, image);
    remember = checkConsistency(manifest, images);
  } catch (error) {
    compareDigests(sections); // where bytes were damaged, what else is wrong follows from it
    throw error;
  }
  const digest = wholeDigest();
  return {
    bytes: file,
    digest,
    generation: generationOf(digest),
    manifest,
    section: (name) => images.get(name) ?? null,
    verify() {
      compareDigests(sections);
      remember();
    },
    confirm: remember,
  };
}

interface Section {
  readonly section: ManifestSection;
  readonly image: Uint8Array;
}

/** Adds to `sections` as far as it comes. */
function readSections(file: Uint8Array, header: Header, manifest: Manifest, sections: Section[]): void {
  let end = toPage(HEADER.bytes + header.manifestLength);
  checkZero(file, HEADER.bytes + header.manifestLength, end, "padding after manifest");
  for (const section of manifest.sections) {
    const { name, offset, length } = section;
    const part = `section ${name}`;
    if (offset !== end)
      throw inconsistent(part, `it begins at byte ${offset}; the page after what stands before it is ${end}`);
    end = offset + toPage(length);
    if (end > header.totalLength)
      throw inconsistent(part, `it ends beyond the file's ${header.totalLength} bytes`);
    if (file.length < offset + length)
      throw truncated(part, `it needs ${offset + length} bytes of file and there are ${file.length}`);
    sections.push({ section, image: file.subarray(offset, offset + length) });
    checkZero(file, offset + length, end, `padding after ${part}`);
  }
  compareDigests(sections.filter(({ section }) => !isTable(section.name)));
  if (end !== header.totalLength)
    throw inconsistent(
      "end of file",
      `the header says ${header.totalLength} bytes and the last section ends at ${end}`,
    );
  if (file.length !== end)
    throw new BundleError(
      "trailing-bytes",
      "end of file",
      `${file.length - end} bytes follow the last section`,
      COPY_AGAIN,
    );
}

function isTable(name: SectionName): boolean {
  return (TABLE_NAMES as readonly SectionName[]).includes(name);
}

function compareDigests(sections: readonly Section[]): void {
  for (const { section, image } of sections) {
    if (sectionSha256(image) !== section.sha256)
      throw new BundleError(
        "bad-digest",
        `section ${section.name}`,
        "its SHA-256 is not what the manifest says",
        COPY_AGAIN,
      );
  }
}

/** The manifest alone; sections are not looked at. Throws BundleError. */
export function readManifestOf(bytes: Uint8Array): Manifest {
  return readManifest(bytes, readHeader(bytes));
}

interface Header {
  readonly totalLength: number;
  readonly manifestLength: number;
  readonly manifestSha256: Uint8Array;
}

function readHeader(file: Uint8Array): Header {
  const magic = file.subarray(0, MAGIC.length);
  if (!same(magic, MAGIC.subarray(0, magic.length)))
    throw new BundleError(
      "not-a-bundle",
      "header",
      "it does not begin with PISTONB",
      "give the path of a *.bundle file",
    );
  if (file.length < HEADER.bytes)
    throw truncated("header", `${file.length} bytes are left of its ${HEADER.bytes}`);
  const view = new DataView(file.buffer, file.byteOffset, HEADER.bytes);
  const digest = sha256Bytes(file.subarray(0, HEADER.headerSha256));
  if (!same(digest, file.subarray(HEADER.headerSha256, HEADER.zero)))
    throw new BundleError("bad-digest", "header", "its SHA-256 does not fit", COPY_AGAIN);
  checkZero(file, HEADER.zero, HEADER.bytes, "header");
  const format = view.getUint32(HEADER.formatVersion, true);
  if (format !== FORMAT_VERSION)
    throw new BundleError(
      "unsupported-format",
      "header",
      `format version ${format}; this program reads ${FORMAT_VERSION}`,
      SAME_VERSION,
    );
  const abi = view.getUint32(HEADER.abiVersion, true);
  if (abi !== ABI_VERSION)
    throw new BundleError(
      "unsupported-abi",
      "header",
      `ABI version ${abi}; this program loads ${ABI_VERSION}`,
      SAME_VERSION,
    );
  const totalLength = Number(view.getBigUint64(HEADER.totalLength, true));
  const manifestLength = Number(view.getBigUint64(HEADER.manifestLength, true));
  if (!Number.isSafeInteger(totalLength) || HEADER.bytes + manifestLength > totalLength)
    throw inconsistent("header", `a manifest of ${manifestLength} bytes in a file of ${totalLength}`);
  const manifestSha256 = file.subarray(HEADER.manifestSha256, HEADER.headerSha256);
  return { totalLength, manifestLength, manifestSha256 };
}

function readManifest(file: Uint8Array, header: Header): Manifest {
  const end = HEADER.bytes + header.manifestLength;
  if (file.length < end)
    throw truncated(
      "manifest",
      `${file.length - HEADER.bytes} bytes are left of its ${header.manifestLength}`,
    );
  const text = file.subarray(HEADER.bytes, end);
  if (!same(sha256Bytes(text), header.manifestSha256))
    throw new BundleError("bad-digest", "manifest", "its SHA-256 is not what the header says", COPY_AGAIN);
  let manifest: unknown;
  try {
    manifest = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text));
  } catch (error) {
    throw new BundleError("bad-manifest", "manifest", `not JSON: ${String(error)}`, SAME_VERSION);
  }
  if (!validateManifest(manifest)) {
    const fault = validateManifest.errors?.[0];
    const what = `${fault?.instancePath || "/"} ${fault?.message ?? "is wrong"} ${JSON.stringify(fault?.params ?? {})}`;
    throw new BundleError("bad-manifest", "manifest", what, SAME_VERSION);
  }
  return manifest;
}

function checkZero(file: Uint8Array, from: number, to: number, part: string): void {
  if (file.length < to)
    throw truncated(part, `${Math.max(0, file.length - from)} bytes are left of ${to - from}`);
  for (let i = from; i < to; i++)
    if (file[i] !== 0) throw new BundleError("bad-padding", part, `byte ${i} is not zero`, COPY_AGAIN);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function truncated(part: string, what: string): BundleError {
  return new BundleError("truncated", part, what, COPY_AGAIN);
}

function inconsistent(part: string, what: string): BundleError {
  return new BundleError("inconsistent", part, what, SAME_VERSION);
}
