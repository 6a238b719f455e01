// A tier and a fleet's tables to the CPU and memory of its agents.

import type { CheckedFleet } from "../../../ir/nodes.ts";
import type { Resources, TrafficTier } from "../../../ir/site.ts";

const MEBIBYTE = 2 ** 20;

/** The operations guide's table: workers by load. Memory is what the agent itself takes, and the state that all generations share. */
const WORKERS: Readonly<Record<TrafficTier, { readonly cpu: string; readonly memoryMiB: number }>> = {
  low: { cpu: "500m", memoryMiB: 256 },
  medium: { cpu: "1000m", memoryMiB: 512 },
  high: { cpu: "2000m", memoryMiB: 1024 },
  "very-high": { cpu: "4000m", memoryMiB: 2048 },
};

export function agentMemoryBytes(tier: TrafficTier): number {
  return WORKERS[tier].memoryMiB * MEBIBYTE;
}

/**
 * The tier's, and the fleet's tables three times: the generation that serves, the one before it, and the one being built. The
 * kernel charges a map to the container that makes it (memory cgroups, Linux 5.11).
 */
export function workerResources(
  tier: TrafficTier,
  fleet: Pick<CheckedFleet, "memoryBudgetBytes">,
): Resources {
  const { cpu, memoryMiB } = WORKERS[tier];
  return { cpu, memory: `${memoryMiB + 3 * Math.ceil(fleet.memoryBudgetBytes / MEBIBYTE)}Mi` };
}
