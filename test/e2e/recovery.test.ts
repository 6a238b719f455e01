// docs/RECOVERY.md on a real node: a bundle comes back from the archive of the configuration backup, and a bad one is rolled back.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readBundle } from "../../src/bundle/format.ts";
import { generateKeys, signBundle } from "../../src/bundle/sign.ts";
import { compile } from "../../src/compiler/compile.ts";
import { emitPlatform } from "../../src/compiler/emit/platform/index.ts";
import { EVERYTHING, find, objectsOf } from "../../src/compiler/emit/platform-fixture.ts";
import { siteOf } from "../../src/compiler/emit/site-fixture.ts";
import { inputOfFleets } from "../../src/compiler/load/index.ts";
import { LabNode } from "../../src/lab/lab-node.ts";
import { bundleOf } from "../support/compile.ts";
import { describeKernel } from "../support/kernel.ts";
import { FLEET_NAME, firstFleet, secondFleet } from "../support/two-policies.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PISTON = join(ROOT, "bin/piston");

/** `kubectl get KIND --namespace=NAMESPACE --output=json`, from files: there is no cluster here. */
const KUBECTL = `#!/bin/sh
file="$OBJECTS/\${3#--namespace=}.$2.json"
[ -e "$file" ] && exec cat "$file"
echo '{"items":[]}'
`;
const AWS = `#!/bin/sh
cp "$4" "$BUCKET/"
`;

describeKernel("recovery", () => {
  let node: LabNode;
  let folder: string;
  let digest: string;

  /** The backup job's own script, over the objects of the workers' namespace. */
  function backUp(configMaps: readonly object[], daemonSets: readonly object[]): string {
    for (const name of ["objects", "bucket", "bin"]) mkdirSync(join(folder, name));
    const list = (items: readonly object[]) =>
      JSON.stringify({
        items: items.map((item) => ({
          ...item,
          metadata: { ...(item as IConfigMap).metadata, uid: "1", resourceVersion: "2" },
        })),
      });
    writeFileSync(join(folder, "objects/pistonprotection-workers.configmaps.json"), list(configMaps));
    writeFileSync(join(folder, "objects/pistonprotection-workers.daemonsets.apps.json"), list(daemonSets));
    writeFileSync(join(folder, "bin/kubectl"), KUBECTL, { mode: 0o755 });
    writeFileSync(join(folder, "bin/aws"), AWS, { mode: 0o755 });
    const scripts = find<IConfigMap>(
      objectsOf(emitPlatform(siteOf(EVERYTHING))),
      "ConfigMap",
      "cluster-backup-scripts",
    );
    const script = scripts.data!["export.sh"]!.replaceAll("cd /tmp", `cd ${folder}`);
    const env = {
      PATH: `${folder}/bin:/usr/bin:/bin`,
      OBJECTS: `${folder}/objects`,
      BUCKET: `${folder}/bucket`,
      TARGET: "s3://backups/configuration/",
    };
    execFileSync("sh", ["-c", script], { env, stdio: ["ignore", "ignore", "inherit"] });
    return join(folder, "bucket", readdirSync(join(folder, "bucket"))[0]!);
  }

  /** What the kubelet does with the pod template's projected volume. */
  function project(archive: string): void {
    execFileSync("tar", ["-xzf", archive, "-C", folder, "--strip-components=1"]);
    const restored = <T>(name: string) =>
      (
        JSON.parse(readFileSync(join(folder, `pistonprotection-workers.${name}.json`), "utf8")) as {
          items: T[];
        }
      ).items;
    const configMaps = restored<IConfigMap>("configmaps");
    const [daemonSet] = restored<IDaemonSet>("daemonsets.apps");
    const volume = daemonSet!.spec!.template.spec!.volumes!.find(({ name }) => name === "bundle");
    for (const { configMap } of volume!.projected!.sources!) {
      const found = configMaps.find(({ metadata }) => metadata?.name === configMap!.name);
      for (const { key, path } of configMap!.items!) {
        const text = found?.data?.[key];
        const binary = found?.binaryData?.[key];
        const bytes = text === undefined ? Buffer.from(binary ?? "", "base64") : Buffer.from(text);
        writeFileSync(join(node.bundlePath, path), bytes);
      }
    }
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "piston-test-recovery-"));
    node = new LabNode("piston-test-recovery", FLEET_NAME);
    const { artifacts } = compile(await inputOfFleets([firstFleet], { root: ROOT }));
    const bundle = readBundle(artifacts.find(({ path }) => path.startsWith("bundles/"))!.bytes);
    ({ digest } = bundle);
    const objects = objectsOf(artifacts.filter(({ path }) => path.startsWith("manifests/cluster/")));
    const of = (kind: string) => objects.flatMap(({ object }) => (object.kind === kind ? object : []));
    const [daemonSet] = of("DaemonSet") as unknown as IDaemonSet[];
    const optional = daemonSet!
      .spec!.template.spec!.volumes!.find(({ name }) => name === "bundle")!
      .projected!.sources!.find(({ configMap }) => configMap?.optional);
    // Made at release, never by synthesis: so no Git has it, and the backup must.
    const keys = generateKeys();
    const signature = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: optional!.configMap!.name!, namespace: "pistonprotection-workers" },
      data: { signature: signBundle(bundle, keys.privateKeyPem) },
    };
    writeFileSync(node.trustPath, keys.publicKeyPem);
    project(backUp([...of("ConfigMap"), signature], of("DaemonSet")));
  });

  afterAll(async () => {
    await node?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it("brings the signed bundle back from an archive, on a machine that has nothing else", async () => {
    const committed = await node.startAgent().event("generation-committed");
    expect(committed.bundleDigest).toBe(digest);
    expect((await node.agent.health()).bundleDigest).toBe(digest);
  });

  it("puts the previous generation back in one step, and holds what it left", async () => {
    const bad = await bundleOf(secondFleet);
    await node.agent.stop();
    for (const name of readdirSync(node.bundlePath)) rmSync(join(node.bundlePath, name));
    const keys = generateKeys();
    writeFileSync(node.trustPath, keys.publicKeyPem);
    node.publishFiles(bad, signBundle(readBundle(bad), keys.privateKeyPem));
    await node.startAgent().event("generation-committed");

    const rolledBack = spawnSync(PISTON, ["rollback", "--pin-path", node.pinPath, "--json"], {
      encoding: "utf8",
    });
    expect(rolledBack.stderr).toBe("");
    expect(JSON.parse(rolledBack.stdout)).toMatchObject({ bundleDigest: digest });
    const status = spawnSync(PISTON, ["status", "--pin-path", node.pinPath, "--json"], { encoding: "utf8" });
    expect(JSON.parse(status.stdout)).toMatchObject({ bundleDigest: digest, held: readBundle(bad).digest });
  });
});
