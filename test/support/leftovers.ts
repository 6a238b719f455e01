// What runs that were killed have left in the kernel, taken away before the next run: tests clean up after themselves, but not
// where nobody lets them. Names are `piston-test-…` with the process id of the run; one that is alive keeps what is its own.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const NAMESPACES = "/run/netns";
const PINS = "/sys/fs/bpf";

/** Whether the run that made it has ended. A process id that is in use again keeps its leftovers until it is free. */
function isLeft(name: string): boolean {
  const pid = /^piston-(?:test|flood)-(?:[a-z]+-)*(\d+)(?:-|$)/.exec(name)?.[1];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}

function leftIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter(isLeft) : [];
}

/** Agents first: one that runs would pin again what it misses. Another run may be doing the same. */
export function removeLeftovers(): void {
  const namespaces = leftIn(NAMESPACES);
  for (const name of namespaces) {
    for (const pid of ip("netns", "pids", name).split("\n")) if (pid !== "") end(Number(pid));
    ip("netns", "delete", name);
  }
  for (const name of leftIn(PINS)) rmSync(join(PINS, name), { recursive: true, force: true });
}

function ip(...args: string[]): string {
  try {
    return execFileSync("ip", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return ""; // gone meanwhile
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** Vitest's global setup. */
export default function setup(): void {
  if (process.platform === "linux" && process.getuid?.() === 0) removeLeftovers();
}
