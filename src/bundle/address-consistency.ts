// One side's tables of one family to the number of classes that they can give; a BundleError where the program could
// leave a table, or what a look-up finds would not be what the compiler meant by the layout.

import { ADDRESS_TABLE, EXACT_TABLE, type SectionName } from "./abi.ts";
import { checkExact4, checkRanges4 } from "./address4-consistency.ts";
import { checkExact6, checkRanges6 } from "./address6-consistency.ts";
import { inconsistent } from "./bundle-error.ts";

/** struct exact_table as numbers. */
export type ExactTable = ReturnType<typeof decodeExactTable>;
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
    hosts: decodeExactTable(config, at + ADDRESS_TABLE.hosts),
    nets: decodeExactTable(config, at + ADDRESS_TABLE.nets),
  };
}

function decodeExactTable(config: DataView, at: number) {
  return {
    buckets: config.getUint32(at + EXACT_TABLE.buckets, true),
    classBits: config.getUint32(at + EXACT_TABLE.classBits, true),
    classIndex: config.getUint32(at + EXACT_TABLE.classIndex, true),
    keyBits: config.getUint32(at + EXACT_TABLE.keyBits, true),
  };
}

export function numbersOf({ present, uniformClass, hosts, nets }: AddressTable): number[] {
  return [present, uniformClass, ...Object.values(hosts), ...Object.values(nets)];
}

export function checkAddressTable(
  side: "source" | "destination",
  family: 4 | 6,
  table: AddressTable,
  images: ReadonlyMap<SectionName, Uint8Array>,
): AddressClasses {
  const { present, uniformClass, hosts, nets } = table;
  const alone = [...Object.values(hosts), ...Object.values(nets)].every((value) => value === 0);
  if (present === 0) {
    if (!alone) throw fault(side, family, "is one class and has tables");
    return { classes: uniformClass + 1, sections: [] };
  }
  if (present !== 1 || uniformClass !== 0) throw fault(side, family, "is neither a table nor one class");
  const parts =
    family === 4
      ? [
          checkRanges4(`${side}4_root`, `${side}4_ranges`, images),
          checkExact4(`${side}4_hosts`, hosts, 32, images),
          checkExact4(`${side}4_nets`, nets, 24, images),
        ]
      : [
          checkRanges6(`${side}6_root`, `${side}6_ranges`, images),
          checkExact6(`${side}6_hosts`, "hosts", hosts, images),
          checkExact6(`${side}6_nets`, "nets", nets, images),
        ];
  return {
    classes: Math.max(...parts.map(({ classes }) => classes)),
    sections: parts.flatMap(({ sections }) => sections),
  };
}

function fault(side: string, family: number, what: string) {
  return inconsistent("section config", `address[${side}][${family}] ${what}`);
}
