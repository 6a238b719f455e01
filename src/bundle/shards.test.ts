import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BundleError } from "./bundle-error.ts";
import { addressBundle, smallBundle } from "./bundle-fixture.ts";
import { readBundleFrom } from "./read-bundle-from.ts";
import { type DirectoryReader, joinShards, SHARD_BYTES, splitBundle } from "./shards.ts";

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

async function refusal(work: Promise<unknown>): Promise<Pick<BundleError, "code" | "part" | "message">> {
  const error = await work.then(
    () => new Error("it was taken"),
    (reason: unknown) => reason,
  );
  if (error instanceof BundleError) return error;
  throw error;
}

/** Nothing that compresses: three shards. Shards do not look inside. */
const noise = new Uint8Array(randomBytes(2 * SHARD_BYTES + 100));

function directoryOf(bytes: Uint8Array): Map<string, Uint8Array> {
  const { index, shards } = splitBundle("edge", bytes);
  return new Map([["index.json", Buffer.from(index)], ...shards.map((s) => [s.path, s.bytes] as const)]);
}
const readerOf =
  (files: ReadonlyMap<string, Uint8Array>): DirectoryReader =>
  async (path) =>
    files.get(path) ?? null;

describe("splitting", () => {
  const { shards, index, compressedBytes } = splitBundle("edge", noise);

  test("gives shards that a ConfigMap takes, named by their content", () => {
    expect(shards.length).toBe(3);
    for (const { name, sha256: digest, bytes } of shards) {
      expect(digest).toBe(sha256(bytes));
      expect(name).toBe(`edge-bundle-${digest.slice(0, 10)}`);
      expect(bytes.length).toBeLessThanOrEqual(SHARD_BYTES);
      expect(Buffer.from(bytes).toString("base64").length).toBeLessThan(2 ** 20);
    }
    expect(shards.map(({ path }) => path)).toEqual(["shard-000", "shard-001", "shard-002"]);
  });

  test("gives the index that docs/BUNDLE.md shows", () => {
    expect(JSON.parse(index)).toEqual({
      bundleDigest: `sha256:${sha256(noise)}`,
      compressedBytes,
      shards: shards.map((s) => ({ path: s.path, sha256: s.sha256, bytes: s.bytes.length })),
    });
  });

  test("gives the same twice, and one small shard for tables that are mostly empty", () => {
    const bundle = addressBundle();
    expect(splitBundle("edge", bundle)).toEqual(splitBundle("edge", bundle));
    expect(bundle.length).toBeGreaterThan(2 ** 19);
    expect(splitBundle("edge", bundle).compressedBytes).toBeLessThan(8192);
  });
});

describe("joining", () => {
  test.each([
    ["one shard", smallBundle()],
    ["three shards", noise],
  ])("%s gives the bundle back", async (_, bytes) => {
    const joined = await joinShards(readerOf(directoryOf(bytes)));
    expect(Buffer.from(joined.bytes).equals(bytes)).toBe(true);
    expect(joined.digest).toBe(`sha256:${sha256(bytes)}`);
  });

  test("an index of one bundle with the shards of another is torn", async () => {
    const files = directoryOf(smallBundle());
    files.set("index.json", directoryOf(addressBundle()).get("index.json")!);
    expect(await refusal(joinShards(readerOf(files)))).toMatchObject({
      code: "torn",
      part: "shard shard-000",
    });
  });

  test("a missing shard is torn, and is named", async () => {
    const files = directoryOf(noise);
    files.delete("shard-001");
    expect(await refusal(joinShards(readerOf(files)))).toMatchObject({
      code: "torn",
      part: "shard shard-001",
    });
  });

  test("a changed or cut shard is torn, and is named", async () => {
    const shard = directoryOf(noise).get("shard-002")!;
    const flipped = Uint8Array.from(shard, (byte, i) => (i === 50 ? byte ^ 1 : byte));
    for (const bytes of [flipped, shard.subarray(0, shard.length - 1)]) {
      const files = directoryOf(noise).set("shard-002", bytes);
      expect(await refusal(joinShards(readerOf(files)))).toMatchObject({
        code: "torn",
        part: "shard shard-002",
      });
    }
  });

  test("a missing index is torn", async () => {
    expect(await refusal(joinShards(readerOf(new Map())))).toMatchObject({
      code: "torn",
      part: "index.json",
    });
  });

  const shard = zstdCompressSync(smallBundle());
  const entry = { path: "shard-000", sha256: sha256(shard), bytes: shard.length };
  const index = {
    bundleDigest: `sha256:${sha256(smallBundle())}`,
    compressedBytes: shard.length,
    shards: [entry],
  };
  const garbage = Buffer.from("not zstd");
  test.each([
    ["that is not JSON", "{", "bad-index"],
    ["of another shape", "[]", "bad-index"],
    ["without shards", { ...index, shards: [] }, "bad-index"],
    [
      "with a path out of the directory",
      { ...index, shards: [{ ...entry, path: "../shard-000" }] },
      "bad-index",
    ],
    ["with another sum", { ...index, compressedBytes: 1 }, "bad-index"],
    ["of another digest", { ...index, bundleDigest: `sha256:${"0".repeat(64)}` }, "torn"],
    [
      "whose shard is not zstd",
      {
        ...index,
        compressedBytes: garbage.length,
        shards: [{ path: "shard-001", sha256: sha256(garbage), bytes: garbage.length }],
      },
      "bad-index",
    ],
  ])("an index %s is refused", async (_, value, code) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const files = new Map<string, Uint8Array>([
      ["index.json", Buffer.from(text)],
      ["shard-000", shard],
      ["shard-001", garbage],
    ]);
    expect(await refusal(joinShards(readerOf(files)))).toMatchObject({ code, part: "index.json" });
  });
});

describe("reading from a path", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "piston-bundle-"));
  });
  afterAll(() => rm(root, { recursive: true }));
  const digest = `sha256:${sha256(smallBundle())}`;

  async function directory(
    name: string,
    files: Readonly<Record<string, Uint8Array | string>>,
  ): Promise<string> {
    const path = join(root, name);
    await mkdir(path, { recursive: true });
    for (const [file, bytes] of Object.entries(files)) await writeFile(join(path, file), bytes);
    return path;
  }

  test("takes a file, with the signature beside it", async () => {
    const path = await directory("file", {
      "a.bundle": smallBundle(),
      "b.bundle": smallBundle(),
      "b.bundle.sig": "{}",
    });
    expect(await readBundleFrom(join(path, "a.bundle"))).toMatchObject({
      bundle: { digest },
      envelope: null,
    });
    expect(await readBundleFrom(join(path, "b.bundle"))).toMatchObject({
      bundle: { digest },
      envelope: "{}",
    });
  });

  test("has a file hashed part by part as it comes, and ends that also where the bundle is refused", async () => {
    const long = Buffer.concat([smallBundle(), Buffer.alloc(3 << 20)]);
    const path = await directory("parts", { "good.bundle": addressBundle(), "long.bundle": long });
    const calls: unknown[] = [];
    const beginDigest = () => ({
      advance: (bytes: number) => void calls.push(bytes),
      finish: () => new Uint8Array(32).fill(7),
      close: () => void calls.push("close"),
    });
    const { bundle } = await readBundleFrom(join(path, "good.bundle"), { beginDigest });
    expect(bundle.digest).toBe(`sha256:${"07".repeat(32)}`);
    expect(calls.splice(0)).toEqual([addressBundle().length, "close"]);
    expect(await refusal(readBundleFrom(join(path, "long.bundle"), { beginDigest }))).toMatchObject({
      code: "trailing-bytes",
    });
    expect(calls).toEqual([1 << 20, 3 << 20, long.length, "close"]);
  });

  test("takes a pipe, which does not say how long it is", async () => {
    const path = join(root, "pipe");
    execFileSync("mkfifo", [path]);
    const [found] = await Promise.all([readBundleFrom(path), writeFile(path, smallBundle())]);
    expect(found.bundle.digest).toBe(digest);
  });

  test("takes a directory with one bundle, and refuses none or two", async () => {
    const one = await directory("one", { "edge.bundle": smallBundle(), "edge.bundle.sig": "{}", README: "" });
    expect(await readBundleFrom(one)).toMatchObject({ bundle: { digest }, envelope: "{}" });
    expect(await refusal(readBundleFrom(await directory("none", {})))).toMatchObject({ code: "no-bundle" });
    const two = await directory("two", { "a.bundle": smallBundle(), "b.bundle": smallBundle() });
    const { code, message } = await refusal(readBundleFrom(two));
    expect([code, message]).toEqual(["no-bundle", expect.stringContaining("a.bundle, b.bundle")]);
  });

  test("takes a directory of shards, with its signature", async () => {
    const path = await directory("shards", {
      ...Object.fromEntries(directoryOf(smallBundle())),
      signature: "{}",
    });
    expect(await readBundleFrom(path)).toMatchObject({ bundle: { digest }, envelope: "{}" });
  });

  test("follows the kubelet's swap of ..data", async () => {
    const path = await directory("volume", {});
    await directory("volume/..1", Object.fromEntries(directoryOf(smallBundle())));
    await directory("volume/..2", Object.fromEntries(directoryOf(addressBundle())));
    await symlink("..1", join(path, "..data"));
    expect((await readBundleFrom(path)).bundle.digest).toBe(digest);
    await symlink("..2", join(path, "..data_tmp"));
    await rename(join(path, "..data_tmp"), join(path, "..data"));
    expect((await readBundleFrom(path)).bundle.digest).toBe(`sha256:${sha256(addressBundle())}`);
  });

  test("names the path that cannot be read", async () => {
    const path = join(root, "nowhere");
    expect(await refusal(readBundleFrom(path))).toMatchObject({ code: "unreadable", part: path });
  });
});
