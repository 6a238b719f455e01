// What other rooms import of the tables.

export { buildTables, type Tables } from "./build-tables.ts";
export { type CapacityFault, capacityFaults } from "./capacity.ts";
export { classify, type DimensionValue, rulesOfClass } from "./decode.ts";
export type { DimensionName } from "./dimensions.ts";
export { rulesOf, stableId } from "./rules-image.ts";
export type { SetSize } from "./set-sizes.ts";
