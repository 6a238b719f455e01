// The scripts of the backup jobs, run by a shell. kubectl and aws are stand-ins that write files: there is no cluster here.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FLEETS } from "../fleet-fixture.ts";
import { EVERYTHING, find, objectsOf } from "../platform-fixture.ts";
import { siteOf } from "../site-fixture.ts";
import { emitWorkloads } from "../workloads/index.ts";
import { emitPlatform } from "./index.ts";

const site = siteOf(EVERYTHING);
const objects = objectsOf([...emitPlatform(site), ...emitWorkloads(FLEETS, site)]);
const scripts = objects.flatMap(({ object }) =>
  object.kind === "ConfigMap"
    ? Object.entries((object as unknown as IConfigMap).data ?? {}).filter(([name]) => name.endsWith(".sh"))
    : [],
);

const SERVED = { uid: "1", resourceVersion: "2", creationTimestamp: "2026-01-02T03:04:05Z", generation: 3 };
const AS_SERVED = [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "redis-master", labels: { app: "redis" }, ...SERVED },
    spec: {
      ports: [{ port: 6379 }],
      selector: { uid: "kept" },
      clusterIP: "10.0.0.1",
      clusterIPs: ["10.0.0.1"],
    },
    status: { loadBalancer: {} },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "headless", ...SERVED },
    spec: { clusterIP: "None", clusterIPs: ["None"] },
  },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kube-root-ca.crt", ...SERVED }, data: {} },
];

describe("every script", () => {
  it("is one of these", () => {
    expect(scripts.map(([name]) => name).sort()).toEqual([
      "10-roles.sh",
      "clone.sh",
      "dump.sh",
      "export.sh",
      "follow.sh",
      "master.sh",
      "replica.sh",
      "upload.sh",
    ]);
  });

  it.each(scripts)("%s is read by a plain shell without a fault", (_name, text) => {
    const { status, stderr } = spawnSync("sh", ["-n"], { input: text, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });
});

describe("a backup job", () => {
  let root: string;
  const exportText = find<IConfigMap>(objects, "ConfigMap", "cluster-backup-scripts").data!["export.sh"]!;
  const uploadText = find<IConfigMap>(objects, "ConfigMap", "postgres-backup-scripts").data!["upload.sh"]!;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "piston-test-backup-"));
    for (const folder of ["bin", "bucket", "tmp", "backup"]) mkdirSync(join(root, folder));
    writeFileSync(
      join(root, "list.json"),
      JSON.stringify({ apiVersion: "v1", kind: "List", items: AS_SERVED }),
    );
    // aws s3 cp --only-show-errors FILE s3://BUCKET/PATH/NAME
    command("aws", `cp "$4" "${root}/bucket/$(basename "$5")" && echo "$5" >> ${root}/uploads`);
    // kubectl get KIND --namespace=NAMESPACE --output=json
    command("kubectl", `[ "$2" != "$REFUSED" ] || { echo forbidden >&2; exit 1; }; cat ${root}/list.json`);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function command(name: string, text: string): void {
    writeFileSync(join(root, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
  function run(text: string, env: Record<string, string> = {}) {
    const here = text.replaceAll("cd /tmp", `cd ${root}/tmp`).replaceAll("/backup/", `${root}/backup/`);
    return spawnSync("sh", ["-c", here], {
      encoding: "utf8",
      env: { PATH: `${root}/bin:/usr/bin:/bin`, TARGET: "s3://backups/place/", ...env },
    });
  }

  it("puts every kind of both namespaces into one archive", () => {
    const { status, stdout, stderr } = run(exportText);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^s3:\/\/backups\/place\/configuration-\d{8}-\d{6}\.tar\.gz\n$/);
    const [archive = ""] = readdirSync(join(root, "bucket"));
    const { stdout: list } = spawnSync("tar", ["-tzf", join(root, "bucket", archive)], { encoding: "utf8" });
    for (const name of ["pistonprotection.configmaps.json", "pistonprotection-workers.daemonsets.apps.json"])
      expect(list).toContain(`/${name}\n`);
    const { stdout: text } = spawnSync(
      "tar",
      ["-xzOf", join(root, "bucket", archive), "--wildcards", "*/pistonprotection.services.json"],
      { encoding: "utf8" },
    );
    // As it can be applied again: without what the API server has made of it.
    expect(JSON.parse(text)).toEqual({
      apiVersion: "v1",
      kind: "List",
      items: [
        {
          apiVersion: "v1",
          kind: "Service",
          metadata: { name: "redis-master", labels: { app: "redis" } },
          spec: { ports: [{ port: 6379 }], selector: { uid: "kept" } },
        },
        {
          apiVersion: "v1",
          kind: "Service",
          metadata: { name: "headless" },
          spec: { clusterIP: "None", clusterIPs: ["None"] },
        },
      ],
    });
    // Nothing stays behind in the pod's small volume.
    expect(readdirSync(join(root, "tmp"))).toEqual([]);
  });

  it("uploads nothing where one kind cannot be read, and fails", () => {
    const { status, stderr } = run(exportText, { REFUSED: "statefulsets.apps" });
    expect(status).not.toBe(0);
    expect(stderr).toContain("forbidden");
    expect(readdirSync(join(root, "bucket"))).toEqual([]);
  });

  it("uploads the dump that was made last, under its own name", () => {
    writeFileSync(join(root, "backup/latest"), "backup-20260102-030405.dump\n");
    writeFileSync(join(root, "backup/backup-20260102-030405.dump"), "x");
    const { status, stdout } = run(uploadText);
    expect(status).toBe(0);
    expect(stdout).toBe("s3://backups/place/backup-20260102-030405.dump\n");
    expect(readdirSync(join(root, "bucket"))).toEqual(["backup-20260102-030405.dump"]);
  });

  it("fails where there is no dump to upload", () => {
    expect(run(uploadText).status).not.toBe(0);
    expect(readdirSync(join(root, "bucket"))).toEqual([]);
  });
});
