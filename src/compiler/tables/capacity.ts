// A fleet to what does not fit in the tables. The checks turn it into diagnostics.

import {
  ADDRESS6_CHUNK_MAX,
  BACKENDS_MAX,
  CLASSES_MAX,
  MANAGEMENT_MAX,
  RULES_MAX,
} from "../../bundle/abi.ts";
import type { FleetIr } from "../../ir/nodes.ts";
import { planTables } from "./build-tables.ts";
import { type Dimension, type DimensionName, hasTooManyClasses, hasTooManyRanges4 } from "./dimensions.ts";
import { SEGMENTS4_MAX } from "./ranges4-image.ts";

export type CapacityFault =
  | {
      readonly kind: "too-many-rules" | "too-many-management-flows" | "too-many-backends";
      readonly count: number;
      readonly most: number;
    }
  | {
      /** Overlaps of the sets that rules use cut this dimension into more classes than labels exist for. */
      readonly kind: "too-many-classes";
      readonly dimension: DimensionName;
      readonly count: number;
      readonly most: number;
    }
  | {
      /**
       * More ranges of IPv4 addresses than the tables hold; or more ranges begin with the same 16 bits of an IPv6
       * address than the program's search reaches.
       */
      readonly kind: "too-many-ranges";
      readonly dimension: DimensionName;
      /** The 16 bits; null for IPv4. */
      readonly chunk: number | null;
      readonly count: number;
      readonly most: number;
    }
  | {
      readonly kind: "over-memory-budget";
      readonly memoryBytes: number;
      readonly budgetBytes: number;
    };

export function capacityFaults(fleet: FleetIr): readonly CapacityFault[] {
  const counted = [
    { kind: "too-many-rules", count: fleet.management.length + fleet.rules.length, most: RULES_MAX },
    { kind: "too-many-management-flows", count: fleet.management.length, most: MANAGEMENT_MAX },
    { kind: "too-many-backends", count: fleet.backends.length, most: BACKENDS_MAX },
  ] as const;
  const tooMany = counted.filter(({ count, most }) => count > most);
  if (tooMany.length > 0) return tooMany; // tables of such a fleet need not be built
  const { dimensions, tables } = planTables(fleet);
  const classes = dimensions.filter(hasTooManyClasses).map(({ name, classMembers }) => ({
    kind: "too-many-classes" as const,
    dimension: name,
    count: classMembers.length,
    most: CLASSES_MAX,
  }));
  const ranges4 = dimensions.filter(hasTooManyRanges4).map((dimension) => ({
    kind: "too-many-ranges" as const,
    dimension: dimension.name,
    chunk: null,
    count: dimension.kind === "address" ? dimension.v4.firsts.length : 0,
    most: SEGMENTS4_MAX,
  }));
  const faults = [...classes, ...ranges4, ...dimensions.flatMap(crowdedChunks)];
  if (!tables || tables.memoryBytes <= fleet.memoryBudgetBytes) return faults;
  const { memoryBytes } = tables;
  return [...faults, { kind: "over-memory-budget", memoryBytes, budgetBytes: fleet.memoryBudgetBytes }];
}

function crowdedChunks(dimension: Dimension): CapacityFault[] {
  if (dimension.kind !== "address" || dimension.v6.firsts.length <= ADDRESS6_CHUNK_MAX) return [];
  const { v6, name } = dimension;
  const counts = new Map<number, number>();
  for (const first of v6.firsts) {
    const chunk = Number(first >> 112n);
    counts.set(chunk, (counts.get(chunk) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > ADDRESS6_CHUNK_MAX - 1) // one more may begin at the chunk's first address
    .map(([chunk, count]) => ({
      kind: "too-many-ranges",
      dimension: name,
      chunk,
      count,
      most: ADDRESS6_CHUNK_MAX - 1,
    }));
}
