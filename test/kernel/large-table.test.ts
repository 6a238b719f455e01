// A table of several parts from the file to the kernel: who shares its parts changes nothing of what is taken and refused.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { expect, it, test } from "vitest";
import { manyPartBundle } from "../../src/bundle/bundle-fixture.ts";
import { sectionSha256 } from "../../src/bundle/digest.ts";
import { readBundle, readManifestOf } from "../../src/bundle/index.ts";
import { frozenTables, type TableImage } from "../../src/runtime/kernel/tables.ts";
import type { DriftReport } from "../../src/runtime/observe/drift.ts";
import { describeKernel } from "../support/kernel.ts";
import { FLEET_NAME } from "../support/two-policies.ts";
import { bundlePath, digestOf, event, LAYOUT, start, stop, useAgentBench } from "./agent-bench.ts";

const PART = 256 * 1024;

describeKernel("the tables that two threads share", () => {
  const image = (length: number) =>
    Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 9) + (i >> 18)) & 255);
  const table = (name: string, bytes: Uint8Array, digested = bytes): TableImage => ({
    name,
    bytes,
    sha256: sectionSha256(digested),
  });
  const closed = (images: readonly TableImage[]) => {
    const maps = frozenTables(images);
    const held = maps.map((map, i) => map.info.frozen && map.holdsImage(images[i]!.bytes));
    for (const map of maps) map.close();
    return held;
  };

  test("are what was given, in that order, of one part, of several, and of many tables, every time", () => {
    const sizes = [64, PART, PART + 64, 5 * PART - 64, 128, 3 * PART, PART - 64];
    const images = sizes.map((size, i) => table(`t${i}`, image(size)));
    for (let round = 0; round < 20; round++) {
      expect(closed(images)).toEqual(sizes.map(() => true));
      expect(closed(images.slice(3, 4))).toEqual([true]);
    }
  });

  test("are refused, all of them, where one byte of one is another, in whichever part", () => {
    const bytes = image(3 * PART + 64);
    for (const at of [0, PART - 1, PART, 3 * PART - 1, 3 * PART, bytes.length - 1]) {
      const wrong = bytes.slice();
      wrong[at]! ^= 0x80;
      const before = readdirSync("/proc/self/fd").length;
      expect(() => frozenTables([table("small", image(64)), table("large", wrong, bytes)])).toThrow(
        expect.objectContaining({ code: "read-back", object: "table large" }),
      );
      expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
    }
  });

  test("are refused with their parts in another order, and with one SHA-256 over all of them", () => {
    const bytes = image(2 * PART);
    const turned = Buffer.concat([bytes.subarray(PART), bytes.subarray(0, PART)]);
    expect(() => frozenTables([table("turned", turned, bytes)])).toThrow("table turned");
    const whole = createHash("sha256").update(bytes).digest("hex");
    expect(() => frozenTables([{ name: "whole", bytes, sha256: whole }])).toThrow("table whole");
    const one = bytes.subarray(0, PART);
    const digest = createHash("sha256").update(one).digest("hex");
    expect(closed([{ name: "one", bytes: one, sha256: digest }])).toEqual([true]);
  });
});

describeKernel("an agent with a table of several parts", () => {
  useAgentBench();

  it("refuses it for a byte of its last part, new or held already; serves it whole, adopts it, and finds no drift", async () => {
    const bundle = manyPartBundle(FLEET_NAME);
    const section = readManifestOf(bundle).sections.find(({ name }) => name === "source4_blocks")!;
    expect(section.length).toBeGreaterThan(2 * PART);
    const broken = bundle.slice();
    broken[section.offset + section.length - 1]! ^= 1;
    const refused = { part: "section source4_blocks", code: "bad-digest", bundleDigest: null };

    writeFileSync(bundlePath, broken);
    const agent = await start();
    expect(event("bundle-refused")).toMatchObject(refused);
    expect(existsSync(LAYOUT.tables) ? readdirSync(LAYOUT.tables) : []).toEqual([]);

    writeFileSync(bundlePath, bundle);
    expect(await agent.syncRules()).toMatchObject({ bundleDigest: digestOf(bundle), refused: null });
    expect(readdirSync(LAYOUT.tables)).toContain(`source4_blocks-${section.sha256.slice(0, 16)}`);
    expect(readBundle(bundle).manifest.sections).toContainEqual(section);

    writeFileSync(bundlePath, broken);
    expect(await agent.syncRules()).toMatchObject({ result: "refused", bundleDigest: digestOf(bundle) });
    expect(event("bundle-refused")).toMatchObject(refused);

    await stop(agent);
    writeFileSync(bundlePath, bundle);
    const next = await start();
    expect(event("adopted")).toMatchObject({ bundleDigest: digestOf(bundle) });
    const response = await fetch(`http://${next.operationsAddress}/internal/check-drift`, { method: "POST" });
    expect((await response.json()) as DriftReport).toMatchObject({ state: "in-sync", findings: [] });
  });
});
