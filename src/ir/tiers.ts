// The operations guide's table, "Resource Recommendations by Load": what gateways and agents get by the traffic that they see.

import type { Resources, TrafficTier } from "../policy/index.ts";

export interface Tier {
  /** Gbit/s at the busiest. */
  readonly upToGbps: number;
  readonly gateway: Resources;
  /** Of an agent, without the fleet's tables. Memory in whole MiB. */
  readonly worker: Resources;
}

export const TIER_TABLE: Readonly<Record<TrafficTier, Tier>> = Object.freeze({
  low: {
    upToGbps: 1,
    gateway: { cpu: "500m", memory: "512Mi" },
    worker: { cpu: "500m", memory: "256Mi" },
  },
  medium: {
    upToGbps: 10,
    gateway: { cpu: "2000m", memory: "2Gi" },
    worker: { cpu: "1000m", memory: "512Mi" },
  },
  high: {
    upToGbps: 40,
    gateway: { cpu: "4000m", memory: "4Gi" },
    worker: { cpu: "2000m", memory: "1Gi" },
  },
  "very-high": {
    upToGbps: Number.POSITIVE_INFINITY,
    gateway: { cpu: "8000m", memory: "8Gi" },
    worker: { cpu: "4000m", memory: "2Gi" },
  },
});

/** Below 1 Gbit/s, 1 to 10, 10 to 40, above 40. */
export function tierOf(gbps: number): TrafficTier {
  if (gbps < TIER_TABLE.low.upToGbps) return "low";
  if (gbps <= TIER_TABLE.medium.upToGbps) return "medium";
  return gbps <= TIER_TABLE.high.upToGbps ? "high" : "very-high";
}
