// A tier and a fleet's tables to the CPU and memory of its agents.

import type { CheckedFleet } from "../../../ir/nodes.ts";
import type { Resources, TrafficTier } from "../../../ir/site.ts";
import { TIER_TABLE } from "../../../ir/tiers.ts";
import { bytesOf } from "../quantity.ts";

const MEBIBYTE = 2 ** 20;

/** What the agent itself takes, and the state that all generations share. */
export function agentMemoryBytes(tier: TrafficTier): number {
  return bytesOf(TIER_TABLE[tier].worker.memory);
}

/**
 * The tier's, and the fleet's tables three times: the generation that serves, the one before it, and the one being built. The
 * kernel charges a map to the container that makes it (memory cgroups, Linux 5.11).
 */
export function workerResources(
  tier: TrafficTier,
  fleet: Pick<CheckedFleet, "memoryBudgetBytes">,
): Resources {
  const tablesMiB = 3 * Math.ceil(fleet.memoryBudgetBytes / MEBIBYTE);
  return {
    cpu: TIER_TABLE[tier].worker.cpu,
    memory: `${agentMemoryBytes(tier) / MEBIBYTE + tablesMiB}Mi`,
  };
}
