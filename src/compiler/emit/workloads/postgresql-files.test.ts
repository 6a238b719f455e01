// The database's files on a real PostgreSQL: roles, a replica, dumps and what RECOVERY.md does with them.

import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../../../test/support/until.ts";
import { FLEETS } from "../fleet-fixture.ts";
import { EVERYTHING, find, objectsOf } from "../platform-fixture.ts";
import { siteOf } from "../site-fixture.ts";
import {
  freePort,
  type Outcome,
  postgresqlPrograms,
  run,
  Server,
  type Shell,
  userOf,
} from "./database-fixture.ts";
import { emitWorkloads } from "./index.ts";

const objects = objectsOf(emitWorkloads(FLEETS, siteOf(EVERYTHING)));
const files = find<IConfigMap>(objects, "ConfigMap", "postgresql-config").data!;
const scripts = find<IConfigMap>(objects, "ConfigMap", "postgres-backup-scripts").data!;

const programs = postgresqlPrograms();
const user = userOf("postgres");
const reason =
  programs === null || user === null
    ? "no PostgreSQL server here (apt-get install postgresql)"
    : process.getuid?.() === 0
      ? null
      : "not root: servers run as their own user";
if (reason !== null) console.error(`skipping tests of the database: ${reason}`);

// What a careless script would split, expand or take for an escape.
const SUPERUSER_PASSWORD = "s'uper\"us:er\\ $(x)";
const APPLICATION_PASSWORD = "it's %s \\n";
const REPLICATION_PASSWORD = "re:pl\\ica'tion";

describe.skipIf(reason !== null)("PostgreSQL with the files of its pods", () => {
  let root: string;
  let port: number;
  let replicaPort: number;
  let primary: Server;
  let replica: Server;

  /** The paths of a pod, as this test has them. */
  const here = (text: string) =>
    text
      .replaceAll("/etc/postgresql", `${root}/config`)
      .replaceAll("/var/run/postgresql", `${root}/run`)
      .replaceAll("host=postgresql port=5432", `host=127.0.0.1 port=${port}`)
      .replaceAll("cd /backup", `cd ${root}/backup`);
  const shell = (env: Record<string, string> = {}): Shell => ({
    ...user!,
    cwd: root,
    env: { PATH: `${root}/bin:${programs}:/usr/bin:/bin`, LC_ALL: "C.UTF-8", HOME: root, ...env },
  });
  const script = (text: string, env: Record<string, string>): Outcome =>
    run("sh", ["-c", here(text)], shell(env));
  /** As in the pod: over the socket, as the server's own user, without a password. */
  const sql = (query: string, at = port, role = "postgres", env: Record<string, string> = {}): Outcome =>
    run(
      "psql",
      [
        "--no-psqlrc",
        "-X",
        "-At",
        "--set=ON_ERROR_STOP=1",
        "-d",
        "pistonprotection",
        "-U",
        role,
        "-c",
        query,
      ],
      shell({ PGHOST: `${root}/run`, PGPORT: String(at), ...env }),
    );
  const value = (query: string, at = port) => sql(query, at).stdout.trim();
  const asApplication = (query: string, password = APPLICATION_PASSWORD) =>
    sql(query, port, "pistonprotection", { PGHOST: "127.0.0.1", PGPASSWORD: password });
  const dumping = (at: number, password: string) => ({
    PGHOST: "127.0.0.1",
    PGPORT: String(at),
    PGUSER: "postgres",
    PGDATABASE: "pistonprotection",
    PGPASSWORD: password,
  });
  const dump = (password = SUPERUSER_PASSWORD) => script(scripts["dump.sh"]!, dumping(port, password));
  const dumps = () => readdirSync(`${root}/backup`).filter((name) => name.endsWith(".dump"));

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "piston-test-postgresql-"));
    chownSync(root, user!.uid, user!.gid);
    chmodSync(root, 0o755);
    port = await freePort();
    replicaPort = await freePort();
    for (const name of ["config", "run", "backup", "bin"]) {
      mkdirSync(join(root, name));
      chownSync(join(root, name), user!.uid, user!.gid);
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, "config", name), here(text));
    // The image's, as far as it matters for a database that is there.
    writeFileSync(
      join(root, "bin/docker-entrypoint.sh"),
      `#!/bin/sh\nexec "$@" -p ${replicaPort} -k ${root}/run -D "$PGDATA" -F --shared-buffers=16MB\n`,
      { mode: 0o755 },
    );
    // What the image does with an empty volume.
    writeFileSync(join(root, "password"), SUPERUSER_PASSWORD);
    chownSync(join(root, "password"), user!.uid, user!.gid);
    const made = run(
      "initdb",
      ["-D", `${root}/primary`, "-U", "postgres", `--pwfile=${root}/password`, "--no-sync"],
      shell(),
    );
    expect(made.status, made.stderr).toBe(0);
    primary = new Server(
      `${programs}/postgres`,
      [
        `--config-file=${root}/config/postgresql.conf`,
        "-D",
        `${root}/primary`,
        "-p",
        String(port),
        "-k",
        `${root}/run`,
        "-F",
        "--shared-buffers=16MB",
      ],
      shell(),
    );
    await until(
      () => isReady(port),
      () => `the primary: ${primary.log}`,
    );
    expect(
      run(
        "createdb",
        ["-U", "postgres", "pistonprotection"],
        shell({ PGHOST: `${root}/run`, PGPORT: String(port) }),
      ).status,
    ).toBe(0);
    const roles = script(`set -e\n${files["10-roles.sh"]!}`, {
      PGHOST: `${root}/run`,
      PGPORT: String(port),
      POSTGRES_USER: "postgres",
      POSTGRES_DB: "pistonprotection",
      APPLICATION_PASSWORD,
      REPLICATION_PASSWORD,
    });
    expect(roles.status, roles.stderr).toBe(0);
    expect(
      asApplication("CREATE TABLE backends (name text); INSERT INTO backends VALUES ('dns')").status,
    ).toBe(0);
  });

  afterAll(async () => {
    await replica?.stop("SIGINT");
    await primary?.stop("SIGINT");
    if (root) rmSync(root, { recursive: true, force: true });
  });

  function isReady(at: number): boolean {
    return run("pg_isready", ["--quiet", "--host=127.0.0.1", "-p", String(at)], shell()).status === 0;
  }

  it("takes the configuration as it is", () => {
    expect(value("SHOW wal_level")).toBe("replica");
    expect(value("SHOW hba_file")).toBe(`${root}/config/pg_hba.conf`);
    expect(value("SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL")).toBe("0");
    expect(value("SELECT string_agg(name, ',') FROM pg_file_settings WHERE error IS NOT NULL")).toBe(
      // Less on the command line: the machine of a test is no server.
      "shared_buffers",
    );
  });

  it("lets the application in with its own password, whatever characters it has, and with no other", () => {
    expect(asApplication("SELECT name FROM backends").stdout.trim()).toBe("dns");
    const refused = asApplication("SELECT 1", "wrong");
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain("password authentication failed");
    // An owner of its database, and nothing more.
    expect(value("SELECT rolsuper FROM pg_roles WHERE rolname = 'pistonprotection'")).toBe("f");
  });

  it("takes a rotated password, whatever characters it has, by the command of docs/RECOVERY.md", () => {
    const rotated = 'n\'ew \\ "%s" $1';
    // The page's own function. In kubectl's place: what it would get from the Secret, and what it would run in the pod.
    const page = readFileSync(new URL("../../../../docs/RECOVERY.md", import.meta.url), "utf8");
    const [, alterRole = ""] = /^(alter_role\(\) \{.*?^\})$/ms.exec(page) ?? [];
    const rotate = `kubectl() {
  case "$*" in *" get "*) printf %s "$SECRET"; return ;; esac
  while [ "$1" != -- ]; do shift; done
  shift
  "$@"
}
${alterRole}
alter_role pistonprotection pistonprotection-secrets db-password`;
    const set = (password: string) =>
      script(rotate, {
        PGHOST: `${root}/run`,
        PGPORT: String(port),
        SECRET: Buffer.from(password).toString("base64"),
      });
    expect(set(rotated).stderr).toBe("");
    expect(asApplication("SELECT 1", rotated).status).toBe(0);
    expect(asApplication("SELECT 1").status).not.toBe(0);
    expect(set(APPLICATION_PASSWORD).status).toBe(0);
    expect(asApplication("SELECT 1").status).toBe(0);
  });

  it("is followed by a replica, which answers reads and refuses writes", async () => {
    const env = {
      PGHOST: "127.0.0.1",
      PGPORT: String(port),
      PGUSER: "replicator",
      PGPASSWORD: REPLICATION_PASSWORD,
      PGDATA: `${root}/replica`,
    };
    // A pod that was killed while it copied has left this behind.
    mkdirSync(`${root}/replica.partial`);
    const cloned = script(files["clone.sh"]!, env);
    expect(cloned.status, cloned.stderr).toBe(0);
    expect(script(files["clone.sh"]!, env).stdout).toContain("is there");

    replica = new Server(
      "sh",
      [`${root}/config/follow.sh`],
      shell({ PGDATA: `${root}/replica`, REPLICATION_PASSWORD, HOSTNAME: "postgresql-replica-0" }),
    );
    await until(
      () => isReady(replicaPort),
      () => `the replica: ${replica.log}`,
    );
    expect(asApplication("INSERT INTO backends VALUES ('web')").status).toBe(0);
    await until(
      () => value("SELECT count(*) FROM backends", replicaPort) === "2",
      () => `the row on the replica: ${replica.log}`,
    );
    expect(value("SELECT application_name, state FROM pg_stat_replication")).toBe(
      "postgresql-replica-0|streaming",
    );
    const refused = sql("INSERT INTO backends VALUES ('no')", replicaPort);
    expect(refused.stderr).toContain("read-only transaction");
    // The password is in no file of the data, so that a rotated one needs a restart only.
    expect(readFileSync(`${root}/replica/postgresql.auto.conf`, "utf8")).not.toContain("password");
  });

  it("is dumped, and a dump brings back what was lost", () => {
    const made = dump();
    expect(made.status, made.stderr).toBe(0);
    const [name = ""] = dumps();
    expect(name).toMatch(/^backup-\d{8}-\d{6}\.dump$/);
    expect(readFileSync(`${root}/backup/latest`, "utf8").trim()).toBe(name);

    const before = value("SELECT count(*) FROM backends");
    expect(sql("DROP TABLE backends").status).toBe(0);
    // docs/RECOVERY.md, "Restore the database".
    const restored = run(
      "pg_restore",
      [
        "--username=postgres",
        "--dbname=pistonprotection",
        "--clean",
        "--if-exists",
        "--single-transaction",
        "--exit-on-error",
      ],
      shell({ PGHOST: `${root}/run`, PGPORT: String(port) }),
      readFileSync(`${root}/backup/${name}`),
    );
    expect(restored.status, restored.stderr).toBe(0);
    expect(value("SELECT count(*) FROM backends")).toBe(before);
    expect(asApplication("SELECT count(*) FROM backends").stdout.trim()).toBe(before);
  });

  it("keeps as many dumps as it is told to, the newest", () => {
    for (const name of dumps()) rmSync(`${root}/backup/${name}`);
    for (const day of ["20200101", "20200102", "20200103"])
      writeFileSync(`${root}/backup/backup-${day}-000000.dump`, "");
    writeFileSync(`${root}/backup/backup-20200104-000000.dump.partial`, "");
    expect(dump().status).toBe(0);
    // keep: 2
    expect(dumps().sort()).toEqual([
      "backup-20200103-000000.dump",
      readFileSync(`${root}/backup/latest`, "utf8").trim(),
    ]);
    expect(readdirSync(`${root}/backup`).some((name) => name.endsWith(".partial"))).toBe(false);
  });

  it("is waited for by a dump that comes while it is away", async () => {
    const awayPort = await freePort();
    const waiting = new Server(
      "sh",
      ["-c", here(scripts["dump.sh"]!)],
      shell(dumping(awayPort, SUPERUSER_PASSWORD)),
    );
    await until(
      () => waiting.log.includes("waiting for the primary"),
      () => `a line that says so: ${waiting.log}`,
    );
    const back = createServer((client) => {
      const server = connect(port, "127.0.0.1");
      client.pipe(server).pipe(client);
      for (const end of [client, server]) end.on("error", () => end.destroy());
    }).listen(awayPort, "127.0.0.1");
    try {
      expect(await waiting.exited, waiting.log).toBe(0);
      expect(waiting.log).toMatch(/backup-\d{8}-\d{6}\.dump$/m);
    } finally {
      back.close();
    }
  });

  it("leaves no dump behind where dumping fails, and says that it failed", () => {
    const before = dumps();
    const failed = dump("wrong");
    expect(failed.status).not.toBe(0);
    expect(failed.stderr).toContain("password authentication failed");
    expect(dumps()).toEqual(before);
  });

  it("has a replica that takes over when the primary is gone, and dumps for a new one", async () => {
    await primary.stop("SIGKILL");
    const promoted = run("pg_ctl", ["promote", "-D", `${root}/replica`], shell());
    expect(promoted.status, promoted.stderr).toBe(0);
    await until(
      () => value("SELECT pg_is_in_recovery()", replicaPort) === "f",
      () => `the end of recovery: ${replica.log}`,
    );
    expect(sql("INSERT INTO backends VALUES ('later')", replicaPort).status).toBe(0);
  });
});
