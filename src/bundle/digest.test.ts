// The digest of a section against its definition in docs/BUNDLE.md, by node:crypto's own streams.

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { joinPartDigests, sectionSha256, sha256Bytes } from "./digest.ts";

const PART = 256 * 1024;
const sha256 = (...bytes: Uint8Array[]) =>
  bytes.reduce((hash, some) => hash.update(some), createHash("sha256")).digest();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const image = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) + (i >> 18)) & 255);

describe("the digest of a section", () => {
  test("is SHA-256 of its bytes where they are one part: FIPS 180-2's own example, and 256 KiB", () => {
    expect(sectionSha256(Buffer.from("abc"))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    expect(sectionSha256(new Uint8Array(0))).toBe(hex(sha256()));
    for (const length of [1, PART - 1, PART]) {
      const bytes = image(length);
      expect(sectionSha256(bytes)).toBe(hex(sha256(bytes)));
    }
  });

  test("is SHA-256 of the parts' SHA-256s where they are more, by a byte, by a part, and by both", () => {
    for (const length of [PART + 1, 2 * PART, 2 * PART + 1, 5 * PART - 1]) {
      const bytes = image(length);
      const parts: Buffer[] = [];
      for (let rest = bytes; rest.length > 0; rest = rest.subarray(PART))
        parts.push(sha256(rest.subarray(0, PART)));
      expect(parts).toHaveLength(Math.ceil(length / PART));
      expect(sectionSha256(bytes)).toBe(hex(sha256(...parts)));
      expect(sectionSha256(bytes)).not.toBe(hex(sha256(bytes)));
    }
  });

  test("is another one with its parts in another order, and with another last byte", () => {
    const bytes = image(2 * PART + 100);
    const [first, second, last] = [0, 1, 2].map((part) => bytes.subarray(part * PART, (part + 1) * PART));
    const seen = new Set([sectionSha256(bytes)]);
    seen.add(sectionSha256(Buffer.concat([second!, first!, last!])));
    seen.add(sectionSha256(Buffer.concat([first!, first!, last!])));
    const changed = bytes.slice();
    changed[changed.length - 1]! ^= 1;
    seen.add(sectionSha256(changed));
    expect(seen.size).toBe(4);
  });

  test("is the same of parts that were hashed one by one", () => {
    const bytes = image(PART + 8);
    const parts = [sha256Bytes(bytes.subarray(0, PART)), sha256Bytes(bytes.subarray(PART))];
    expect(joinPartDigests(parts)).toBe(sectionSha256(bytes));
    expect(joinPartDigests(parts.toReversed())).not.toBe(sectionSha256(bytes));
    expect(joinPartDigests(parts.slice(0, 1))).toBe(sectionSha256(bytes.subarray(0, PART)));
  });
});
