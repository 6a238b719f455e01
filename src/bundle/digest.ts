// Bytes to SHA-256, in the two spellings that bundles use, and a section's, which threads can share.

import { hash } from "node:crypto";

/** 64 hex digits. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return hash("sha256", bytes, "hex");
}

export function sha256Bytes(bytes: Uint8Array | string): Uint8Array {
  return hash("sha256", bytes, "buffer");
}

/** `sha256:<64 hex>`. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${sha256Hex(bytes)}`;
}

/** The same of a digest that is there. */
export function digestText(digest: Uint8Array): string {
  return `sha256:${Buffer.from(digest).toString("hex")}`;
}

/** A section that is longer is hashed by parts of so many bytes. kPartBytes of addon/src/seal.cc. */
export const SECTION_PART_BYTES = 256 * 1024;

/**
 * `sha256` of a section in the manifest, and of a table in the kernel: 64 hex digits. Of one part it is SHA-256, of several
 * SHA-256 of theirs: one SHA-256 has one thread, and a fleet may have one large table (ADR 23).
 */
export function sectionSha256(bytes: Uint8Array): string {
  const parts: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += SECTION_PART_BYTES)
    parts.push(sha256Bytes(bytes.subarray(at, at + SECTION_PART_BYTES)));
  return joinPartDigests(parts);
}

/** The same of the parts' digests, in order: one at least. */
export function joinPartDigests(parts: readonly Uint8Array[]): string {
  const joined = Buffer.concat(parts);
  return parts.length === 1 ? joined.toString("hex") : sha256Hex(joined);
}

/** A SHA-256 of bytes that are still arriving. Either finish() or close() ends it. */
export interface ArrivingDigest {
  /** So many bytes, from the first on, are there and do not change any more. */
  advance(bytes: number): void;
  /** 32 bytes, of what has arrived. */
  finish(): Uint8Array;
  close(): void;
}

export type BeginDigest = (bytes: Uint8Array) => ArrivingDigest;

/** In this thread, when it is asked for. */
export const beginDigestHere: BeginDigest = (bytes) => {
  let arrived = 0;
  return {
    advance: (count) => {
      arrived = count;
    },
    finish: () => sha256Bytes(bytes.subarray(0, arrived)),
    close: () => {},
  };
};

/** The first 12 hex digits of a bundle's digest: what people call the generation. */
export function generationOf(digest: string): string {
  return digest.slice("sha256:".length, "sha256:".length + 12);
}
