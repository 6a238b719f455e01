// What the figures were measured on.

import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Load average of the last minute: what else ran. */
  readonly load: number;
  readonly date: string;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release().replace(/-.*/, ""),
    node: process.versions.node,
    load: Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]),
    date: new Date().toISOString().slice(0, 10),
  };
}
