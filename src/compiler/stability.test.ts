// What a change of the policies or the site changes in dist/, and what it leaves alone: a reviewer reads the difference.

import { cp, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "./compile.ts";
import { loadPolicies } from "./load/index.ts";
import type { Artifact } from "./types.ts";

const SAMPLE = fileURLToPath(new URL("../../policies", import.meta.url));
const made: string[] = [];
afterAll(() => Promise.all(made.map((directory) => rm(directory, { recursive: true }))));

type Edit = readonly [file: string, before: string, after: string];

/** Everything that the sample gives, from a copy of it at another place, with one text replaced. */
async function build(edit?: Edit): Promise<ReadonlyMap<string, Artifact>> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "piston-stability-")));
  made.push(root);
  const policies = join(root, "policies");
  await cp(SAMPLE, policies, { recursive: true });
  if (edit) {
    const [name, before, after] = edit;
    const file = join(policies, name);
    const text = await readFile(file, "utf8");
    expect(text.split(before)).toHaveLength(2);
    await writeFile(file, text.replace(before, after));
  }
  const { artifacts, diagnostics } = compile(await loadPolicies(policies));
  expect(diagnostics).toEqual([]);
  return new Map(artifacts.map((artifact) => [artifact.path, artifact]));
}

interface Difference {
  /** Of what is not text. */
  readonly bytes: readonly string[];
  readonly lines: ReadonlyMap<string, readonly string[]>;
}

/** Line by line: a change of a value moves no line. */
function differenceOf(a: ReadonlyMap<string, Artifact>, b: ReadonlyMap<string, Artifact>): Difference {
  expect([...b.keys()]).toEqual([...a.keys()]);
  const bytes: string[] = [];
  const lines = new Map<string, string[]>();
  for (const [path, one] of a) {
    const other = b.get(path)!;
    if (Buffer.from(one.bytes).equals(other.bytes)) continue;
    if (path.startsWith("bundles/")) bytes.push(path);
    else {
      const [before, after] = [one, other].map((artifact) =>
        Buffer.from(artifact.bytes).toString().split("\n"),
      );
      expect(after, path).toHaveLength(before!.length);
      lines.set(
        path,
        after!.filter((line, index) => line !== before![index]),
      );
    }
  }
  return { bytes, lines };
}

describe("the sample site", () => {
  let base: ReadonlyMap<string, Artifact>;
  beforeAll(async () => {
    base = await build();
  });

  test("gives the same bytes from two places", async () => {
    const { bytes, lines } = differenceOf(base, await build());
    expect([...bytes, ...lines.keys()]).toEqual([]);
  });

  test("with another channel for alerts changes the lines that name it, and rolls no node", async () => {
    const { bytes, lines } = differenceOf(
      base,
      await build(["site.ts", '"#alerts-critical"', '"#edge-critical"']),
    );
    expect(bytes).toEqual([]);
    expect(lines.size).toBeGreaterThan(0);
    expect(
      [...lines].filter(([, changed]) => changed.some((line) => !line.includes("#edge-critical"))),
    ).toEqual([]);
    expect([...lines.keys()].filter((path) => path.startsWith("manifests/cluster/"))).toEqual([]);
  });

  test("with another scrape interval changes the lines that name it, and rolls no node", async () => {
    const { bytes, lines } = differenceOf(
      base,
      await build(["site.ts", 'scrapeInterval: "15s"', 'scrapeInterval: "45s"']),
    );
    expect(bytes).toEqual([]);
    expect(lines.size).toBeGreaterThan(0);
    for (const [path, changed] of lines) for (const line of changed) expect(line, path).toContain("45s");
  });

  test("with another threshold of the site changes its alert, and rolls no node", async () => {
    const { bytes, lines } = differenceOf(
      base,
      await build(["site.ts", "HighDropRate: { threshold: 0.5", "HighDropRate: { threshold: 0.25"]),
    );
    expect(bytes).toEqual([]);
    expect(lines.size).toBeGreaterThan(0);
    for (const [path, changed] of lines) {
      expect(path).toMatch(/(?:^|\/)alerts\/|prometheus-rule|dashboard/);
      if (!path.includes("alerts/tests/")) for (const line of changed) expect(line, path).toContain("0.25");
    }
  });

  test("with another threshold of a rule changes its alert, and what names the bundle", async () => {
    const { bytes, lines } = differenceOf(
      base,
      await build(["hygiene.policy.ts", "packetsPerSecond(1_000)", "packetsPerSecond(2_000)"]),
    );
    // The source's revision is in the bundle: docs/adr/0003-revision-is-a-digest-of-the-sources.md.
    expect(bytes).toEqual(["bundles/edge.bundle"]);
    const ofBundle =
      /revision|bundle-digest|bundle-index-|bundle-signature-|edge-bundle-|generation|^ {2}shard: |index\.json|"digest"|"shards"|"path"|"length"|"sha256"/;
    const others = [...lines].flatMap(([path, changed]) =>
      changed.filter((line) => !ofBundle.test(line)).map((line) => [path, line] as const),
    );
    expect(others.length).toBeGreaterThan(0);
    for (const [path, line] of others) {
      expect(path).toMatch(/alerts\/|prometheus-rule|dashboard/);
      // The cases of `promtool test rules` stand below, at and above the threshold.
      if (!path.includes("alerts/tests/")) expect(line, path).toMatch(/2000|2_000|2k/);
    }
  });
});
