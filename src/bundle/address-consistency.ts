// One side's tables of one family to the number of classes that they can give; a BundleError where the program could
// leave a table, or what a look-up finds would not be what the compiler meant by the layout.

import {
  ADDRESS_TABLE,
  BLOCKS4_TABLE,
  EXACT6_TABLE,
  HOSTS6_MARKED,
  PRESENT_REST_UNIFORM,
  type SectionName,
} from "./abi.ts";
import { checkBlocks4, checkRanges4 } from "./address4-consistency.ts";
import { checkHosts6, checkNets6, checkRanges6 } from "./address6-consistency.ts";
import { inconsistent } from "./bundle-error.ts";

/** struct blocks4_table as numbers. */
export type Blocks4Table = ReturnType<typeof decodeBlocks4Table>;
/** struct exact6_table as numbers. */
export type Exact6Table = ReturnType<typeof decodeExact6Table>;
/** struct address_table as numbers. */
export type AddressTable = ReturnType<typeof decodeAddressTable>;

export interface AddressClasses {
  /** The greatest class plus one. */
  readonly classes: number;
  /** Those that the program reads. */
  readonly sections: readonly SectionName[];
}

export function decodeAddressTable(config: DataView, at: number) {
  return {
    present: config.getUint32(at + ADDRESS_TABLE.present, true),
    uniformClass: config.getUint32(at + ADDRESS_TABLE.uniformClass, true),
    hosts6: decodeExact6Table(config, at + ADDRESS_TABLE.hosts),
    nets6: decodeExact6Table(config, at + ADDRESS_TABLE.nets),
    /** What the bytes of hosts are with IPv4. */
    blocks4: decodeBlocks4Table(config, at + ADDRESS_TABLE.hosts),
  };
}

function decodeBlocks4Table(config: DataView, at: number) {
  return {
    regions: config.getUint32(at + BLOCKS4_TABLE.regions, true),
    small: config.getUint32(at + BLOCKS4_TABLE.small, true),
    classMask: config.getUint32(at + BLOCKS4_TABLE.classMask, true),
    classIndex: config.getUint32(at + BLOCKS4_TABLE.classIndex, true),
  };
}

function decodeExact6Table(config: DataView, at: number) {
  return {
    buckets: config.getUint32(at + EXACT6_TABLE.buckets, true),
    pilots: config.getUint32(at + EXACT6_TABLE.pilots, true),
    pilotMask: config.getUint32(at + EXACT6_TABLE.pilotMask, true),
    keyShift: config.getUint32(at + EXACT6_TABLE.keyShift, true),
  };
}

export function numbersOf({ present, uniformClass, hosts6, nets6 }: AddressTable): number[] {
  return [present, uniformClass, ...Object.values(hosts6), ...Object.values(nets6)];
}

export function checkAddressTable(
  side: Side,
  family: 4 | 6,
  table: AddressTable,
  images: Images,
): AddressClasses {
  const { present, uniformClass, hosts6, nets6 } = table;
  const alone = [...Object.values(hosts6), ...Object.values(nets6)].every((value) => value === 0);
  if (present === 0) {
    if (!alone) throw fault(side, family, "is one class and has tables");
    return { classes: uniformClass + 1, sections: [] };
  }
  // What no slot has is one class.
  const isRest = present === PRESENT_REST_UNIFORM && !alone;
  if (!isRest && (present !== 1 || uniformClass !== 0))
    throw fault(side, family, "is neither a table nor one class");
  if (family === 4 && Object.values(nets6).some((value) => value !== 0))
    throw fault(side, family, "has reserved bytes that are not zero");
  const parts = [
    ...(isRest ? [{ classes: uniformClass + 1, sections: [] }] : []),
    ...(family === 4 ? parts4(side, table, isRest, images) : parts6(side, table, isRest, images)),
  ];
  return {
    classes: Math.max(...parts.map(({ classes }) => classes)),
    sections: parts.flatMap(({ sections }) => sections),
  };
}

type Side = "source" | "destination";
type Images = ReadonlyMap<SectionName, Uint8Array>;

function parts4(side: Side, { blocks4 }: AddressTable, isRest: boolean, images: Images): AddressClasses[] {
  const blocks = checkBlocks4(`${side}4_blocks`, blocks4, isRest, images);
  if (isRest && !blocks.hasRanges) return [blocks];
  return [checkRanges4(`${side}4_root`, `${side}4_ranges`, images), blocks];
}

function parts6(
  side: Side,
  { hosts6, nets6 }: AddressTable,
  isRest: boolean,
  images: Images,
): AddressClasses[] {
  return [
    ...(isRest ? [] : [checkRanges6(`${side}6_root`, `${side}6_ranges`, images)]),
    checkHosts6(`${side}6_hosts`, hosts6, nets6.buckets > 0, images),
    checkNets6(`${side}6_nets`, nets6, hosts6.keyShift === HOSTS6_MARKED, images),
  ];
}

function fault(side: string, family: number, what: string) {
  return inconsistent("section config", `address[${side}][${family}] ${what}`);
}
