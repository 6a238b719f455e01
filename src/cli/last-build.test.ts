import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { addressSet } from "../bundle/bundle-fixture.ts";
import { emitBundle } from "../compiler/emit/bundle/index.ts";
import { fleetOf, ruleOf } from "../compiler/tables/fleet-fixture.ts";
import { lastBuildOf } from "./last-build.ts";

const dist = mkdtempSync(join(tmpdir(), "piston-last-build-"));
afterAll(() => rmSync(dist, { recursive: true }));

describe("the last build", () => {
  test("is empty where there is none", () => {
    expect(lastBuildOf(join(dist, "nowhere"))).toEqual(new Map());
  });

  test("has the prefixes of each feed of each bundle; other sets and files that are no bundle have none", () => {
    const location = { file: "policies/a.policy.ts", line: 1, column: 1 };
    const set = (name: string, feed: string | null, ...prefixes: string[]) => ({
      kind: "set" as const,
      name,
      scope: "fleet:edge",
      addresses: addressSet(...prefixes),
      feed,
      fed: feed !== null,
      location,
    });
    const sets = [
      set("threats", "policies/threats.txt", "192.0.2.0/25", "192.0.2.128/26", "2001:db8::/32"),
      set("bogons", null, "10.0.0.0/8"),
    ];
    mkdirSync(join(dist, "bundles"));
    writeFileSync(
      join(dist, "bundles", "edge.bundle"),
      emitBundle(fleetOf([ruleOf("p/all", {})], { sets }), {
        revision: `sha256:${"5".repeat(64)}`,
        witnesses: [],
      }),
    );
    writeFileSync(join(dist, "bundles", "older.bundle"), "of another version");
    writeFileSync(join(dist, "bundles", "edge.bundle.sig"), "{}");
    expect(lastBuildOf(dist)).toEqual(new Map([["policies/threats.txt", 3]]));
  });
});
