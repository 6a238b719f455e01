// Traffic, what the compiler knows of the fleets, and what a core was measured to do, to the nodes that a site needs.

import { TIER_TABLE, type Tier, tierOf } from "../ir/tiers.ts";
import type { TrafficTier } from "../policy/index.ts";
import { type Demand, type Estimate, estimateResources } from "./estimate.ts";

/** What one fleet takes, exactly: from its bundle. */
export interface FleetSize {
  readonly name: string;
  readonly rules: number;
  readonly backends: number;
  /** Kernel memory of one generation's tables. */
  readonly tableBytes: number;
  readonly bundleBytes: number;
  /** ConfigMaps that carry it. */
  readonly shards: number;
}

/** Packets that one core filters each second, and how that is known. */
export interface CoreRate {
  readonly packetsPerSecond: number;
  readonly from: string;
}

export interface NodeShape {
  /** Cores of a node that take packets off the wire. */
  readonly cores: number;
  readonly linkGbps: number;
}

export interface Frames {
  /** Length of a frame from the Ethernet header on. Small ones cost most. */
  readonly attackBytes: number;
  readonly otherBytes: number;
}

export interface Plan {
  readonly demand: Demand;
  readonly estimate: Estimate;
  readonly tier: TrafficTier;
  readonly resources: Pick<Tier, "gateway" | "worker">;
  readonly packetsPerSecond: { readonly attack: number; readonly other: number; readonly all: number };
  readonly core: CoreRate;
  readonly nodes: {
    /** That the packets take, at 70 % of what the cores can do. */
    readonly forPackets: number;
    /** That the links take, at 70 % of their rate. */
    readonly forLinks: number;
    /** The guide's: one for 10 Gbit/s, two at least. */
    readonly guide: number;
    readonly needed: number;
  };
  readonly fleets: readonly FleetSize[];
}

/** Preamble, start of frame, check sequence and gap between frames: on the wire, and in no frame's length. */
const WIRE_OVERHEAD_BYTES = 24;
/** Above this share of what it can do, a node has no room for what comes next. */
const LOAD_MAX = 0.7;
/** While a generation is built, the serving one and the one before it are there too. */
export const GENERATIONS_AT_ONCE = 3;

/**
 * For a node without anything measured: `end-to-end`, piston, of docs/PERFORMANCE.md: frames of a veth, each dropped by a set of a
 * million prefixes. A card's driver does better.
 */
export const DOCUMENTED_CORE: CoreRate = Object.freeze({
  packetsPerSecond: 3_300_000,
  from: "docs/PERFORMANCE.md, row end-to-end (3.3 Mpps a core on a veth, the lowest of all runs): give --bench FILE for your machine",
});

export function planCapacity(
  demand: Demand,
  fleets: readonly FleetSize[],
  core: CoreRate,
  node: NodeShape,
  frames: Frames,
): Plan {
  const estimate = estimateResources(demand);
  const packets = (gbps: number, bytes: number) =>
    Math.round((gbps * 1e9) / 8 / (bytes + WIRE_OVERHEAD_BYTES));
  const attack = packets(demand.trafficGbps * demand.attackRatio, frames.attackBytes);
  const other = packets(demand.trafficGbps * (1 - demand.attackRatio), frames.otherBytes);
  const forPackets = Math.ceil((attack + other) / (core.packetsPerSecond * node.cores * LOAD_MAX));
  const forLinks = Math.ceil(demand.trafficGbps / (node.linkGbps * LOAD_MAX));
  const tier = tierOf(demand.trafficGbps);
  const { gateway, worker } = TIER_TABLE[tier];
  return {
    demand,
    estimate,
    tier,
    resources: { gateway, worker },
    packetsPerSecond: { attack, other, all: attack + other },
    core,
    nodes: {
      forPackets,
      forLinks,
      guide: estimate.worker.nodes,
      needed: Math.max(forPackets, forLinks, estimate.worker.nodes),
    },
    fleets,
  };
}
