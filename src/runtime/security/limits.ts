// Limits and memory that the host leaves to the agent.

import type { AgentConfig } from "../config/index.ts";
import { CAPABILITY } from "./capabilities.ts";
import { error, type Finding, ok, warning } from "./finding.ts";
import type { Host } from "./host.ts";
import { isOlder, type KernelRelease } from "./kernel-release.ts";

/** An idle agent has some 35 open; a generation being built and a full house of scrapers take as many again, twice. */
const FILES_NEEDED = 128;

/** Soft limit; null where there is none, or where it cannot be read. */
function limit(host: Host, name: string): number | null {
  const line = (host.read("/proc/self/limits") ?? "").split("\n").find((one) => one.startsWith(name));
  const soft = line?.slice(name.length).trim().split(/\s+/)[0];
  return soft === undefined || soft === "unlimited" ? null : Number(soft);
}

export function judgeFiles(host: Host, resources: AgentConfig["resources"]): Finding {
  const files = limit(host, "Max open files");
  if (files === null || files >= resources.fdLimit)
    return ok("open-files", `RLIMIT_NOFILE ${files ?? "unlimited"}`);
  const help = `raise it: ulimit -n ${resources.fdLimit}, LimitNOFILE= in a systemd unit, or the container runtime's limit`;
  const message = `RLIMIT_NOFILE allows ${files} open files`;
  return files < FILES_NEEDED
    ? error("open-files", `${message}, and the agent needs ${FILES_NEEDED}`, help)
    : warning(
        "open-files",
        `${message}, fewer than resources.fdLimit, ${resources.fdLimit}`,
        `${help}; or lower resources.fdLimit`,
      );
}

/** Since 5.11 the memory of maps is charged to the cgroup, and RLIMIT_MEMLOCK does not count. */
export function judgeMemlock(host: Host, release: KernelRelease | null, effective: bigint): Finding {
  if (!release || !isOlder(release, { major: 5, minor: 11 }))
    return ok("locked-memory", "the memory of maps is charged to the cgroup");
  const bytes = limit(host, "Max locked memory");
  const free = ((effective >> BigInt(CAPABILITY.SYS_RESOURCE)) & 1n) === 1n;
  if (bytes === null || free) return ok("locked-memory", "RLIMIT_MEMLOCK unlimited");
  return error(
    "locked-memory",
    `kernel ${release.major}.${release.minor}.${release.patch} charges the memory of maps to RLIMIT_MEMLOCK, which allows ${bytes} bytes`,
    "run kernel 5.15 or newer, which does not; or ulimit -l unlimited, LimitMEMLOCK=infinity in a systemd unit, or CAP_SYS_RESOURCE",
  );
}

export function judgeMemory(host: Host, resources: AgentConfig["resources"]): Finding {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(host.read("/proc/meminfo") ?? "")?.[1];
  if (kibibytes === undefined) return ok("memory", "the kernel does not say how much memory is available");
  const mebibytes = Math.floor(Number(kibibytes) / 1024);
  const wanted = Math.ceil(resources.memoryLimitBytes / 2 ** 20);
  if (mebibytes >= wanted) return ok("memory", `${mebibytes} MiB available`);
  return warning(
    "memory",
    `${mebibytes} MiB of memory are available, fewer than resources.memoryLimitBytes, ${wanted} MiB`,
    "free memory on the node, or lower resources.memoryLimitBytes (profile constrained)",
  );
}
