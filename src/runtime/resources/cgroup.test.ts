import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { Cgroup } from "./cgroup.ts";

const MIB = 2 ** 20;
const folders: string[] = [];

/** A file tree as the kernel shows it: /proc/self below `proc`, cgroups below `sys/fs/cgroup`. */
function tree(files: Readonly<Record<string, string>>): Cgroup {
  const root = mkdtempSync(join(tmpdir(), "piston-cgroup-"));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  return new Cgroup(join(root, "proc"), root);
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const V2_MOUNT = "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
const V2_CONTROLLERS = { "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids" };

describe("cgroups of version 2", () => {
  it("give the limits of the own cgroup, and what is used without page cache that can go", () => {
    const cgroup = tree({
      "proc/cgroup": "0::/kubepods/pod1/agent",
      "proc/mountinfo": V2_MOUNT,
      ...V2_CONTROLLERS,
      "sys/fs/cgroup/kubepods/pod1/agent/memory.max": String(128 * MIB),
      "sys/fs/cgroup/kubepods/pod1/agent/memory.current": String(100 * MIB),
      "sys/fs/cgroup/kubepods/pod1/agent/memory.stat": `anon ${60 * MIB}\ninactive_file ${25 * MIB}\nactive_file 7`,
      "sys/fs/cgroup/kubepods/pod1/agent/cpu.max": "50000 100000",
    });
    expect(cgroup.read()).toEqual({
      memoryLimitBytes: 128 * MIB,
      memoryUsedBytes: 75 * MIB,
      cpuLimitCores: 0.5,
    });
  });

  it("give the least limit on the way up, with what that cgroup has used", () => {
    const cgroup = tree({
      "proc/cgroup": "0::/pod/agent",
      "proc/mountinfo": V2_MOUNT,
      ...V2_CONTROLLERS,
      "sys/fs/cgroup/pod/agent/memory.max": "max",
      "sys/fs/cgroup/pod/agent/cpu.max": "200000 100000",
      "sys/fs/cgroup/pod/memory.max": String(64 * MIB),
      "sys/fs/cgroup/pod/memory.current": String(32 * MIB),
      "sys/fs/cgroup/pod/cpu.max": "max 100000",
    });
    expect(cgroup.read()).toEqual({
      memoryLimitBytes: 64 * MIB,
      memoryUsedBytes: 32 * MIB,
      cpuLimitCores: 2,
    });
  });

  it("are found in a container, whose own cgroup is all that its mount shows", () => {
    const files = { ...V2_CONTROLLERS, "sys/fs/cgroup/memory.max": String(256 * MIB) };
    const inNamespace = tree({ "proc/cgroup": "0::/", "proc/mountinfo": V2_MOUNT, ...files });
    const onHostsPath = tree({
      "proc/cgroup": "0::/kubepods/pod1/agent",
      "proc/mountinfo": V2_MOUNT.replace(" / ", " /kubepods/pod1/agent "),
      ...files,
    });
    for (const cgroup of [inNamespace, onHostsPath])
      expect(cgroup.read()).toMatchObject({ memoryLimitBytes: 256 * MIB, cpuLimitCores: null });
  });
});

describe("cgroups of version 1", () => {
  const mounts = [
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
  ].join("\n");
  const own = "4:memory:/agent\n2:cpu,cpuacct:/agent\n0::/agent";

  it("give limits and use from the controllers' own hierarchies", () => {
    const cgroup = tree({
      "proc/cgroup": own,
      "proc/mountinfo": mounts,
      "sys/fs/cgroup/memory/agent/memory.limit_in_bytes": String(200 * MIB),
      "sys/fs/cgroup/memory/agent/memory.usage_in_bytes": String(150 * MIB),
      "sys/fs/cgroup/memory/agent/memory.stat": `inactive_file 1\ntotal_inactive_file ${30 * MIB}`,
      "sys/fs/cgroup/cpu,cpuacct/agent/cpu.cfs_quota_us": "20000",
      "sys/fs/cgroup/cpu,cpuacct/agent/cpu.cfs_period_us": "100000",
    });
    expect(cgroup.read()).toEqual({
      memoryLimitBytes: 200 * MIB,
      memoryUsedBytes: 120 * MIB,
      cpuLimitCores: 0.2,
    });
  });

  it("have no limit where the kernel writes -1 or its largest number", () => {
    const cgroup = tree({
      "proc/cgroup": own,
      "proc/mountinfo": mounts,
      "sys/fs/cgroup/memory/agent/memory.limit_in_bytes": "9223372036854771712",
      "sys/fs/cgroup/cpu,cpuacct/agent/cpu.cfs_quota_us": "-1",
      "sys/fs/cgroup/cpu,cpuacct/agent/cpu.cfs_period_us": "100000",
    });
    expect(cgroup.read()).toEqual({ memoryLimitBytes: null, memoryUsedBytes: null, cpuLimitCores: null });
  });
});

describe("a process without cgroups", () => {
  it("has no limits", () => {
    expect(tree({}).read()).toEqual({ memoryLimitBytes: null, memoryUsedBytes: null, cpuLimitCores: null });
  });
});

/** Where this machine lets us make a cgroup with a memory limit; null where it does not (a container without rights). */
function ownCgroup(): { readonly path: string; readonly limit: string } | null {
  const name = `piston-test-${process.pid}`;
  const places = [
    { path: `/sys/fs/cgroup/memory/${name}`, limit: "memory.limit_in_bytes" },
    { path: `/sys/fs/cgroup/${name}`, limit: "memory.max" },
  ];
  for (const { path, limit } of places) {
    try {
      mkdirSync(path);
    } catch {
      continue;
    }
    try {
      writeFileSync(join(path, limit), String(96 * MIB));
      return { path, limit };
    } catch {
      rmdirSync(path);
    }
  }
  return null;
}

const real = ownCgroup();
if (real === null) console.error("skipping the test with a real cgroup: none can be made here");
else rmdirSync(real.path);

describe.skipIf(real === null)("a process in a real cgroup of 96 MiB", () => {
  it("finds the limit, and uses less", () => {
    const cgroup = ownCgroup()!;
    try {
      const program = `import { Cgroup } from ${JSON.stringify(fileURLToPath(new URL("./cgroup.ts", import.meta.url)))};
        process.stdout.write(JSON.stringify(new Cgroup().read()));`;
      const command = 'echo $$ > "$0/cgroup.procs" && exec "$1" --input-type=module -e "$2"';
      const output = execFileSync("sh", ["-c", command, cgroup.path, process.execPath, program], {
        encoding: "utf8",
      });
      const { memoryLimitBytes, memoryUsedBytes } = JSON.parse(output) as Record<string, number>;
      expect(memoryLimitBytes).toBe(96 * MIB);
      expect(memoryUsedBytes).toBeGreaterThan(5 * MIB);
      expect(memoryUsedBytes).toBeLessThan(96 * MIB);
    } finally {
      rmdirSync(cgroup.path);
    }
  });
});
