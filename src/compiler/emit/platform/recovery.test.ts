// docs/DEPLOY.md and docs/RECOVERY.md against dist/ of the sample site: what their commands name is there, and what needs no
// cluster runs.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import { describe, expect, it } from "vitest";
import { as } from "../../validate/object-checks.ts";
import { find, objectsOf } from "../platform-fixture.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
function pageOf(name: string) {
  const text = readFileSync(join(ROOT, "docs", name), "utf8");
  const blocks = [...text.matchAll(/^( *)```sh( here)?\n(.*?)^\1```$/gms)].map(
    ([, indent = "", here, code = ""]) => ({
      code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      isHere: here !== undefined,
    }),
  );
  const commands = blocks.flatMap(({ code }) =>
    code
      .replaceAll(/\\\n\s*/g, " ")
      .split("\n")
      .flatMap((line) => line.split(/\s\|\s?|;\s|\$\(/))
      .map((line) => line.trim()),
  );
  return { text, blocks, commands, kubectl: commands.filter((line) => line.startsWith("kubectl ")) };
}

const files = readdirSync(join(ROOT, "dist/manifests"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".yaml") && !path.startsWith("host/"))
  .map((path) => ({
    path: `manifests/${path}`,
    bytes: readFileSync(join(ROOT, "dist/manifests", path)),
  }));
const objects = objectsOf(files);

/** `kind/name` in lower case, of what is in dist/ and of what a controller makes of it. */
const known = new Set(
  objects.flatMap(({ object }) => {
    const { kind, metadata } = object;
    const own = [`${kind.toLowerCase()}/${metadata.name}`];
    if (kind === "ExternalSecret" || kind === "Certificate") own.push(`secret/${metadata.name}`);
    const set = as<IStatefulSet>("StatefulSet", object)?.spec;
    for (let i = 0; i < (set?.replicas ?? 0); i++) {
      own.push(`pod/${metadata.name}-${i}`);
      for (const claim of set?.volumeClaimTemplates ?? [])
        own.push(`persistentvolumeclaim/${claim.metadata?.name}-${metadata.name}-${i}`);
    }
    return own;
  }),
);
describe.each([
  { page: "DEPLOY.md", blocksAbove: 9, namedAbove: 5 },
  { page: "RECOVERY.md", blocksAbove: 20, namedAbove: 50 },
])("the commands of $page", ({ page, blocksAbove, namedAbove }) => {
  const { text, blocks, commands, kubectl } = pageOf(page);
  /** Made by a command of the page itself. */
  const madeHere = new Set(
    commands
      .flatMap((line) => /kubectl .*create job (\S+)/.exec(line)?.[1] ?? [])
      .map((name) => `job/${name}`),
  );

  it("are there", () => {
    expect(blocks.length).toBeGreaterThan(blocksAbove);
    expect(kubectl.length).toBeGreaterThan(namedAbove);
  });

  it.each(blocks.map(({ code }) => [code.split("\n")[0]!, code] as const))(
    "are read by a shell: %s",
    (_first, code) => {
      const { status, stderr } = spawnSync("sh", ["-n"], { input: code, encoding: "utf8" });
      expect(stderr).toBe("");
      expect(status).toBe(0);
    },
  );

  it("name objects that are in dist/, or that a controller makes of what is", () => {
    const named = kubectl.flatMap((line) => {
      // What comes after `--` runs in the pod.
      const [outside = ""] = line.split(" -- ");
      const slashes = [
        ...outside.matchAll(/(?<![\w/.=$-])([a-z]+(?:\.velero\.io)?)\/([a-z][a-z0-9.-]*)/g),
      ].map(([, kind = "", name = ""]) => `${kind.replace("backups.velero.io", "backup")}/${name}`);
      const source = /--from=(\S+)/.exec(outside)?.[1];
      const pod = /exec (?:-i )?([a-z-]+-\d)(?= |$)/.exec(outside)?.[1];
      return [
        ...slashes.filter((name) => !/^(dist|configuration|manifests)\//.test(name)),
        ...(source ? [source] : []),
        ...(pod ? [`pod/${pod}`] : []),
      ];
    });
    expect(named.length).toBeGreaterThan(namedAbove);
    expect(named.filter((name) => !known.has(name) && !madeHere.has(name))).toEqual([]);
  });

  it("name namespaces and labels that dist/ has", () => {
    const namespaces = new Set(objects.map(({ object }) => object.metadata.namespace));
    for (const line of kubectl) {
      const namespace = / -n (\S+)/.exec(line)?.[1];
      if (namespace !== undefined) expect(namespaces, line).toContain(namespace);
      // Whatever stands in a namespace is looked for in one.
      if (/ (exec|logs|rollout|scale|annotate|wait|describe|delete|get) /.test(line))
        expect(namespace, line).toBeDefined();
      const label = / -l app=(\S+)/.exec(line)?.[1];
      if (label !== undefined) expect(label).toBe("pistonprotection-worker");
    }
  });

  it("name files of dist/, buckets, prefixes, secrets and schedules of the site", () => {
    const all = [
      ...files,
      ...readdirSync(join(ROOT, "dist/bundles")).map((path) => ({ path: `bundles/${path}` })),
    ];
    const paths = new Set(all.flatMap(({ path }) => [`dist/${path}`, `dist/${dirname(path)}`]));
    for (const [path] of text.matchAll(/dist\/(?:manifests|bundles)\/[\w./-]+\w/g))
      if (!path.startsWith("dist/manifests/host/")) expect(paths).toContain(path);
    const contents = files.map(({ bytes }) => bytes.toString()).join("\n");
    for (const [, folder = ""] of text.matchAll(/(s3:\/\/\S+\/)(?:backup|configuration)?/g))
      expect(contents, folder).toContain(folder.replace(/(backup|configuration)-.*$/, ""));
    for (const [, key = ""] of text.matchAll(/(?:--secret-id |`)(pistonprotection\/[a-z-]+)/g))
      expect(contents).toContain(`key: ${key}`);
    for (const [, name] of text.matchAll(/--from-schedule (\S+)/g))
      expect(known).toContain(`schedule/${name}`);
  });

  it("run, where they need no cluster", () => {
    const keys = mkdtempSync(join(tmpdir(), "piston-test-keys-"));
    try {
      for (const { code } of blocks.filter(({ isHere }) => isHere)) {
        const { status, stderr } = spawnSync("sh", ["-euc", code], {
          cwd: ROOT,
          encoding: "utf8",
          env: { ...process.env, PATH: `${ROOT}/bin:${process.env.PATH}`, KEYS: keys },
        });
        expect(status, `${code}\n${stderr}`).toBe(0);
      }
    } finally {
      rmSync(keys, { recursive: true, force: true });
    }
  });
});

describe("the targets of RECOVERY.md", () => {
  const { text } = pageOf("RECOVERY.md");
  const hours = (component: string) =>
    Number(new RegExp(`^\\| ${component} \\| (\\d+)`, "m").exec(text)?.[1] ?? Number.NaN);
  /** Longest time between two runs of a schedule that names minutes, and hours or none. */
  const everyHours = (name: string) => {
    const { schedule } = find<ICronJob>(objects, "CronJob", name).spec;
    const [minute = "", hour = "", ...days] = schedule.split(" ");
    expect(minute).toMatch(/^\d+$/);
    expect(days).toEqual(["*", "*", "*"]);
    return hour === "*" ? 1 : 24;
  };

  it("are kept by the schedules of the sample site", () => {
    expect(everyHours("postgres-backup")).toBeLessThanOrEqual(hours("database"));
    expect(everyHours("cluster-backup")).toBeLessThanOrEqual(hours("configuration"));
  });
});
