// Bytes to SHA-256, in the two spellings that bundles use.

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

/** The first 12 hex digits of a bundle's digest: what people call the generation. */
export function generationOf(digest: string): string {
  return digest.slice("sha256:".length, "sha256:".length + 12);
}
