// This thread in another network namespace, and back again.

import { closeSync, openSync } from "node:fs";
import { enterNetworkNamespace } from "../runtime/bpf/index.ts";

/** Runs `work` in the namespace at `path`. For work that is done when it returns: whatever else the thread does is there too. */
export function inNetworkNamespace<T>(path: string, work: () => T): T {
  const own = openSync("/proc/thread-self/ns/net", "r");
  try {
    enterNetworkNamespace(path);
    return work();
  } finally {
    enterNetworkNamespace(`/proc/self/fd/${own}`);
    closeSync(own);
  }
}
