import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BundleWatcher, fingerprint, watchBundle } from "./watch.ts";

let directory: string;
let watcher: BundleWatcher | null = null;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "piston-watch-"));
});
afterEach(() => {
  watcher?.close();
  watcher = null;
  rmSync(directory, { recursive: true });
});

/** Watches, changes, and counts the calls once there was one, where one is to come, and all is quiet. */
async function callsAfter(
  path: string,
  change: () => void | Promise<void>,
  { pollMs = 50, quietMs = 30, least = 1 } = {},
): Promise<number> {
  let calls = 0;
  watcher = watchBundle(path, () => calls++, { pollMs, quietMs });
  await change();
  await expect.poll(() => calls).toBeGreaterThanOrEqual(least);
  await sleep(400 + quietMs);
  return calls;
}

/** As kubelet writes a projected volume: files behind `..data`, a symlink that is replaced by a rename. */
function publish(version: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(directory, version));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(directory, version, name), text);
    try {
      symlinkSync(join("..data", name), join(directory, name));
    } catch {
      // It is there from the version before.
    }
  }
  symlinkSync(version, join(directory, "..data_tmp"));
  renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
}

describe("watching a bundle path", () => {
  it("sees the symlink swap of a projected volume, once, though the file has the same size", async () => {
    publish("..v1", { "index.json": "one", "shard-000": "111" });
    expect(
      await callsAfter(directory, () => publish("..v2", { "index.json": "two", "shard-000": "222" })),
    ).toBe(1);
  });

  it("sees a file that is replaced by a rename, by inotify alone", async () => {
    const path = join(directory, "edge.bundle");
    writeFileSync(path, "one");
    const replace = () => {
      writeFileSync(join(directory, "tmp"), "two");
      renameSync(join(directory, "tmp"), path);
    };
    expect(await callsAfter(path, replace, { pollMs: 60_000 })).toBe(1);
  });

  it("sees a change behind a symlink to another directory, by the poll alone", async () => {
    mkdirSync(join(directory, "far"));
    mkdirSync(join(directory, "near"));
    writeFileSync(join(directory, "far", "edge.bundle"), "one");
    const path = join(directory, "near", "edge.bundle");
    symlinkSync("../far/edge.bundle", path);
    expect(await callsAfter(path, () => writeFileSync(join(directory, "far", "edge.bundle"), "three"))).toBe(
      1,
    );
  });

  it("sees a path appear that was not there, and a directory in the place of another", async () => {
    const path = join(directory, "bundles");
    expect(
      await callsAfter(path, () => {
        mkdirSync(path);
        writeFileSync(join(path, "edge.bundle"), "one");
      }),
    ).toBeGreaterThanOrEqual(1);
    watcher?.close();
    const calls = await callsAfter(path, () => {
      mkdirSync(join(directory, "next"));
      writeFileSync(join(directory, "next", "edge.bundle"), "two");
      renameSync(path, join(directory, "old"));
      renameSync(join(directory, "next"), path);
    });
    expect(calls).toBeGreaterThanOrEqual(1);
  });

  it("reports many quick changes once", async () => {
    const path = join(directory, "edge.bundle");
    writeFileSync(path, "");
    const change = async () => {
      for (let i = 1; i <= 10; i++) {
        writeFileSync(path, "x".repeat(i));
        await sleep(5);
      }
    };
    // Long enough for a thread that has to wait for its CPU between two of them.
    expect(await callsAfter(path, change, { quietMs: 1000 })).toBe(1);
  });

  it("says nothing where nothing changes, nor after close", async () => {
    const path = join(directory, "edge.bundle");
    writeFileSync(path, "one");
    expect(await callsAfter(path, () => {}, { least: 0 })).toBe(0);
    const closeAndChange = () => {
      watcher?.close();
      writeFileSync(path, "two");
    };
    expect(await callsAfter(path, closeAndChange, { least: 0 })).toBe(0);
  });

  it("takes a new signature beside the file for a change", () => {
    const path = join(directory, "edge.bundle");
    writeFileSync(path, "one");
    const before = fingerprint(path);
    writeFileSync(`${path}.sig`, "{}");
    expect(fingerprint(path)).not.toBe(before);
  });
});
