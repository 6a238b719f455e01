// Redis' files on a real Redis: a master, and a replica that follows it, by password.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../../../test/support/until.ts";
import { FLEETS } from "../fleet-fixture.ts";
import { EVERYTHING, find, objectsOf } from "../platform-fixture.ts";
import { siteOf } from "../site-fixture.ts";
import { freePort, type Outcome, run, Server, type Shell } from "./database-fixture.ts";
import { emitWorkloads } from "./index.ts";

const objects = objectsOf(emitWorkloads(FLEETS, siteOf(EVERYTHING)));
const files = find<IConfigMap>(objects, "ConfigMap", "redis-config").data!;

describe("Redis' configuration", () => {
  const maxmemory = (master: string, replica: string | null) => {
    const { workloads, ...rest } = EVERYTHING;
    const redis = {
      ...workloads!.redis!,
      resources: { cpu: "1", memory: master },
      ...(replica === null ? {} : { readReplicas: { count: 1, resources: { cpu: "1", memory: replica } } }),
    };
    if (replica === null) delete (redis as { readReplicas?: unknown }).readReplicas;
    const { backup: _, ...noBackup } = rest;
    const objects = objectsOf(emitWorkloads(FLEETS, siteOf({ ...noBackup, workloads: { redis } })));
    const text = find<IConfigMap>(objects, "ConfigMap", "redis-config").data!["redis.conf"]!;
    return Number(/^maxmemory (\d+)$/m.exec(text)?.[1]);
  };

  it("leaves room for a snapshot, on the smallest server that holds the data", () => {
    // 45 % of 1 GiB.
    expect(maxmemory("1Gi", null)).toBe(483_183_820);
    expect(maxmemory("2Gi", "1Gi")).toBe(483_183_820);
    expect(maxmemory("1Gi", "2Gi")).toBe(483_183_820);
  });
});

const isThere = (process.env.PATH ?? "")
  .split(delimiter)
  .some((folder) => existsSync(join(folder, "redis-server")));
if (!isThere) console.error("skipping tests of Redis: there is none here (apt-get install redis-server)");

const PASSWORD = "abc+/=_.~-DEF123";

describe.skipIf(!isThere)("Redis with the files of its pods", () => {
  let root: string;
  const servers: (Server | undefined)[] = [];
  const ports: number[] = [];

  /** The paths of a pod, as this test has them for one of the two. */
  const here = (text: string, name: string) =>
    text
      .replaceAll("/etc/redis", `${root}/${name}/config`)
      .replaceAll("/run/redis", `${root}/${name}/run`)
      .replaceAll("dir /data", `dir ${root}/${name}/data`)
      .replaceAll("--replicaof redis-master 6379", `--replicaof 127.0.0.1 ${ports[0]}`)
      .replaceAll("port 6379", `port ${name === "master" ? ports[0] : ports[1]}`);
  const shell = (password: string): Shell => ({
    uid: process.getuid!(),
    gid: process.getgid!(),
    cwd: root,
    env: {
      PATH: process.env.PATH ?? "",
      LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH ?? "",
      REDISCLI_AUTH: password,
    },
  });
  const cli = (port: number, command: string, password = PASSWORD): Outcome =>
    run("redis-cli", ["-p", String(port), ...command.split(" ")], shell(password));
  const answer = (port: number, command: string) => cli(port, command).stdout.trim();
  const isReady = (index: number) => {
    const name = index === 0 ? "redis-master" : "redis-replica";
    const pod = find<IStatefulSet>(objects, "StatefulSet", name).spec!.template.spec!;
    const [command = "", ...args] = pod.containers[0]!.readinessProbe!.exec!.command!;
    const own = args.map((arg) => arg.replaceAll("-p 6379", `-p ${ports[index]}`));
    return run(command, own, shell(PASSWORD)).status === 0;
  };
  const start = async (index: number) => {
    const name = index === 0 ? "master" : "replica";
    const server = new Server("sh", [join(root, name, "config", `${name}.sh`)], shell(PASSWORD));
    servers[index] = server;
    await until(
      () => answer(ports[index]!, "ping") === "PONG",
      () => `${name}: ${server.log}`,
    );
  };

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "piston-test-redis-"));
    chmodSync(root, 0o700);
    ports.push(await freePort(), await freePort());
    for (const name of ["master", "replica"]) {
      for (const folder of ["config", "run", "data"])
        mkdirSync(join(root, name, folder), { recursive: true });
      for (const [file, text] of Object.entries(files))
        writeFileSync(
          join(root, name, "config", file),
          // A master waits five seconds for further replicas; here is none.
          file === "redis.conf" ? `${here(text, name)}repl-diskless-sync-delay 0\n` : here(text, name),
        );
    }
  });

  afterAll(async () => {
    for (const server of servers) await server?.stop("SIGTERM");
    if (root) rmSync(root, { recursive: true, force: true });
  });

  it("has a replica ready when it has met its master, and a master at once", async () => {
    await start(1);
    expect(isReady(1)).toBe(false);
    await start(0);
    expect(isReady(0)).toBe(true);
    await until(
      () => isReady(1),
      () => `the replica: ${servers[1]!.log}`,
    );
  });

  it("asks for the password, which only its own user can read", () => {
    expect(cli(ports[0]!, "ping", "wrong").stdout).toContain("NOAUTH");
    const file = join(root, "master/run/auth.conf");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toBe(`requirepass ${PASSWORD}\nmasterauth ${PASSWORD}\n`);
  });

  it("follows its master, and takes no writes", async () => {
    expect(answer(ports[0]!, "set session:1 x")).toBe("OK");
    await until(
      () => answer(ports[1]!, "get session:1") === "x",
      () => `the key on the replica: ${servers[1]!.log}`,
    );
    expect(answer(ports[1]!, "set session:2 y")).toContain("READONLY");
    expect(answer(ports[0]!, "info replication")).toContain("connected_slaves:1");
  });

  it("keeps its data over a restart, and its replica serves meanwhile", async () => {
    await servers[0]!.stop("SIGKILL");
    await until(
      () => answer(ports[1]!, "info replication").includes("master_link_status:down"),
      () => `the replica sees it: ${servers[1]!.log}`,
    );
    expect(isReady(1)).toBe(true); // it has what the master had
    await start(0);
    expect(answer(ports[0]!, "get session:1")).toBe("x");
  });

  it.each(["", "two words", 'quo"te', "new\nline"])("refuses the password %j in plain words", (password) => {
    const refused = run("sh", [join(root, "master/config/master.sh")], shell(password));
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("the password of Redis may have");
  });
});
