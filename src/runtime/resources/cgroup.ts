// This process's own cgroups to the limits that they set and the memory that they have used. Version 1 (a hierarchy for
// each controller), version 2 (one for all) and both at once; every limit between the cgroup and its root counts.

import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

export interface CgroupReading {
  /** The least limit on the way to the root; null where there is none. */
  readonly memoryLimitBytes: number | null;
  /** Used by the cgroup that has that limit, without page cache that can go; null where there is no limit. */
  readonly memoryUsedBytes: number | null;
  /** Cores, by quota and period; null where there is no limit. */
  readonly cpuLimitCores: number | null;
}

/** Version 1 writes "no limit" as the largest multiple of a page that fits into 63 bits. */
const UNLIMITED_BYTES = 2 ** 60;

/** A cgroup's directories of one controller, from its own up to the root of what this process sees. */
interface Hierarchy {
  readonly version: 1 | 2;
  readonly directories: readonly string[];
}

export class Cgroup {
  readonly #memory: Hierarchy | null;
  readonly #cpu: Hierarchy | null;
  #memoryLimit: TightestLimit | null = null;
  #cpuLimitCores: number | null = null;

  /** @param proc where /proc/self is; @param root what stands before the paths of mountinfo. For tests. */
  constructor(proc = "/proc/self", root = "") {
    const find = finder(textOf(join(proc, "cgroup")) ?? "", textOf(join(proc, "mountinfo")) ?? "", root);
    this.#memory = find("memory");
    this.#cpu = find("cpu");
    this.readLimits();
  }

  /** Directory of its own cgroup in version 2, where the files of pressure stall information are. */
  get memoryDirectory(): string | null {
    return this.#memory?.version === 2 ? this.#memory.directories[0]! : null;
  }

  /** Limits are as of the last call of readLimits. */
  read(): CgroupReading {
    const memory = this.#memory;
    const limit = this.#memoryLimit;
    return {
      memoryLimitBytes: limit?.limit ?? null,
      memoryUsedBytes: memory && limit ? memoryUsed(memory.version, limit.directory) : null,
      cpuLimitCores: this.#cpuLimitCores,
    };
  }

  /** Limits change seldom, and each directory up to the root has to be asked. */
  readLimits(): void {
    this.#memoryLimit = this.#memory && tightest(this.#memory, memoryLimit);
    this.#cpuLimitCores = (this.#cpu && tightest(this.#cpu, cpuLimit))?.limit ?? null;
  }
}

type Limit = (version: 1 | 2, directory: string) => number | null;

interface TightestLimit {
  readonly directory: string;
  readonly limit: number;
}

function tightest(hierarchy: Hierarchy, limitOf: Limit): TightestLimit | null {
  let least: TightestLimit | null = null;
  for (const directory of hierarchy.directories) {
    const limit = limitOf(hierarchy.version, directory);
    if (limit !== null && limit < (least?.limit ?? Number.POSITIVE_INFINITY)) least = { directory, limit };
  }
  return least;
}

function memoryLimit(version: 1 | 2, directory: string): number | null {
  const text = textOf(join(directory, version === 1 ? "memory.limit_in_bytes" : "memory.max"));
  const bytes = Number(text ?? Number.NaN); // "max" is NaN too
  return bytes < UNLIMITED_BYTES ? bytes : null;
}

function memoryUsed(version: 1 | 2, directory: string): number | null {
  const text = textOf(join(directory, version === 1 ? "memory.usage_in_bytes" : "memory.current"));
  if (text === null) return null;
  const statistics = textOf(join(directory, "memory.stat")) ?? "";
  const inactive = (version === 1 ? /^total_inactive_file (\d+)$/m : /^inactive_file (\d+)$/m).exec(
    statistics,
  );
  return Math.max(0, Number(text) - Number(inactive?.[1] ?? 0));
}

/** Quota and period are microseconds in both versions. */
function cpuLimit(version: 1 | 2, directory: string): number | null {
  const [quota, period] =
    version === 1
      ? [textOf(join(directory, "cpu.cfs_quota_us")), textOf(join(directory, "cpu.cfs_period_us"))]
      : (textOf(join(directory, "cpu.max"))?.split(" ") ?? []);
  const cores = Number(quota ?? Number.NaN) / Number(period ?? Number.NaN); // "max" is NaN, -1 is below 0
  return cores > 0 && Number.isFinite(cores) ? cores : null;
}

/**
 * @param cgroup lines of `<id>:<controllers>:<path>`; version 2 has no controllers.
 * @param mountinfo proc(5): `36 35 98:0 /root /mount rw - cgroup cgroup rw,memory`.
 */
function finder(cgroup: string, mountinfo: string, root: string): (controller: string) => Hierarchy | null {
  const own = cgroup.split("\n").flatMap((line) => {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    return match ? [{ controllers: match[1]!.split(","), path: match[2]! }] : [];
  });
  const mounts = mountinfo.split("\n").flatMap((line) => {
    const [left, right] = line.split(" - ");
    const [, , , from, at] = (left ?? "").split(" ");
    const [type, , options] = (right ?? "").split(" ");
    if (from === undefined || at === undefined || (type !== "cgroup" && type !== "cgroup2")) return [];
    return [
      {
        version: type === "cgroup" ? (1 as const) : (2 as const),
        from,
        at,
        options: (options ?? "").split(","),
      },
    ];
  });
  return (controller) => {
    for (const { controllers, path } of own) {
      const unified = controllers[0] === "";
      if (!unified && !controllers.includes(controller)) continue;
      const mount = mounts.find((one) =>
        unified ? one.version === 2 : one.version === 1 && one.options.includes(controller),
      );
      if (!mount) continue;
      const directories = upwards(path, mount.from).map((inside) => join(root, mount.at, inside));
      // In the hybrid layout version 2 is mounted beside the controllers of version 1 and has none of them.
      if (unified && !controllersOf(directories.at(-1)!).includes(controller)) continue;
      return { version: mount.version, directories };
    }
    return null;
  };
}

function controllersOf(directory: string): string[] {
  return (textOf(join(directory, "cgroup.controllers")) ?? "").split(" ");
}

/**
 * Paths below the mount, from the cgroup's own up to the mount's. In a container the mount shows only the container's
 * own cgroup (`from`), while the path may be the host's or `/`.
 */
function upwards(path: string, from: string): string[] {
  const below = relative(from, path);
  const parts = below.startsWith("..") ? [] : below.split("/").filter((part) => part !== "");
  return Array.from({ length: parts.length + 1 }, (_, gone) => parts.slice(0, parts.length - gone).join("/"));
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
