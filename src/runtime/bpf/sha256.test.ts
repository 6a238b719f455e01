// The digest that another thread works out against the one of node:crypto, and what becomes of that thread.

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

  test("takes threads that are there, and leaves as many, whether it is finished or given up", () => {
    const bytes = new Uint8Array(8 << 20);
    const hash = (end: "close" | "finish") => {
      const digest = Sha256.begin(bytes);
      digest.advance(bytes.length);
      digest[end]();
    };
    hash("finish");
    const before = threads();
    for (let round = 0; round < 10; round++) {
      hash("close");
      hash("finish");
    }
    expect(threads()).toBe(before);
  });

  test("does not need a thread: with the only one busy it hashes when the digest is asked for", () => {
    const script = `
      import { Sha256 } from ${JSON.stringify(new URL("sha256.ts", import.meta.url).href)};
      import { open } from "node:fs";
      open(process.argv[1], "r", () => process.exit(1)); // a pipe that nobody writes to
      const digest = Sha256.begin(Buffer.from("abc"));
      digest.advance(3);
      process.stdout.write(Buffer.from(digest.finish()).toString("hex"));
      process.kill(process.pid, "SIGKILL"); // an exit would wait for the pipe
    `;
    const folder = mkdtempSync(join(tmpdir(), "piston-sha256-"));
    try {
      execFileSync("mkfifo", [join(folder, "pipe")]);
      const run = spawnSync(
        process.execPath,
        ["--input-type=module", "--eval", script, join(folder, "pipe")],
        { encoding: "utf8", env: { ...process.env, UV_THREADPOOL_SIZE: "1" }, timeout: 120_000 },
      );
      expect(run.stdout).toBe(expected(Buffer.from("abc")));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
