// The digest on a thread of its own against the one of node:crypto, and what becomes of the thread.

import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadAddon } from "./addon.ts";
import { bpfUnavailable, Sha256 } from "./index.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const expected = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const threads = () => readdirSync("/proc/self/task").length;
const unavailable = bpfUnavailable();
if (unavailable) console.warn(`skipped: SHA-256 of bytes that arrive: ${unavailable.message}`);

describe.skipIf(unavailable !== null)("SHA-256 of bytes that arrive", () => {
  test("is that of FIPS 180-2 for `abc`, and of nothing", () => {
    const digest = Sha256.begin(Buffer.from("abc"));
    digest.advance(3);
    expect(hex(digest.finish())).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(hex(Sha256.begin(new Uint8Array(0)).finish())).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
  });

  test.each([1, 63, 64, 65, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_001])(
    "covers %d bytes, whatever parts they come in",
    async (length) => {
      const source = Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 167) >>> 3));
      for (const parts of [1, 2, 7]) {
        const bytes = Buffer.alloc(length, 0xee);
        const digest = Sha256.begin(bytes);
        for (let part = 1; part <= parts; part++) {
          const end = Math.floor((length * part) / parts);
          source.copy(bytes, 0, 0, end);
          digest.advance(end);
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(hex(digest.finish())).toBe(expected(source));
      }
    },
  );

  test("is of what has arrived, not of what has not", () => {
    const digest = Sha256.begin(Buffer.from("abcd"));
    digest.advance(3);
    expect(hex(digest.finish())).toBe(expected(Buffer.from("abc")));
  });

  test("many at once do not disturb each other", () => {
    const all = Array.from({ length: 8 }, (_, index) => Buffer.alloc(300_000 + index, index));
    const digests = all.map((bytes) => Sha256.begin(bytes));
    for (const [index, digest] of digests.entries()) digest.advance(all[index]!.length);
    expect(digests.map((digest) => hex(digest.finish()))).toEqual(all.map(expected));
  });

  test("refuses more bytes than there are, and fewer than there were", () => {
    using digest = Sha256.begin(new Uint8Array(10));
    digest.advance(5);
    expect(() => digest.advance(11)).toThrow(RangeError);
    expect(() => digest.advance(4)).toThrow(RangeError);
    expect(() => loadAddon().beginSha256("abc" as unknown as Uint8Array)).toThrow(TypeError);
  });

  test("is closed once it is finished, and then says EBADF", () => {
    const finished = Sha256.begin(new Uint8Array(1));
    finished.finish();
    const closed = Sha256.begin(new Uint8Array(1));
    closed.close();
    closed.close();
    for (const digest of [finished, closed]) {
      expect(digest.closed).toBe(true);
      expect(() => digest.advance(1)).toThrow("EBADF");
      expect(() => digest.finish()).toThrow("EBADF");
    }
  });

  test("leaves no thread behind, finished or given up", () => {
    const before = threads();
    const bytes = new Uint8Array(8 << 20);
    for (let round = 0; round < 20; round++) {
      const digest = Sha256.begin(bytes);
      digest.advance(bytes.length);
      if (round % 2 === 0) digest.close();
      else digest.finish();
    }
    expect(threads()).toBe(before);
  });
});
