// The XDP program's object, tables and constants to an instance of the program in the kernel.

import assert from "node:assert/strict";
import {
  CONFIG,
  CONSTANT_BASES,
  DE_BRUIJN,
  FEATURES,
  INSTANCE,
  LINE_BYTES,
  PROGRAM_TABLES,
  RODATA,
  TABLE_ENTRY_BYTES,
} from "../../bundle/abi.ts";
import { type BpfMap, BpfObject, type BpfProgram, type MapDefinition, type ObjectMap } from "../bpf/index.ts";
import { messageOf, RuntimeFault } from "../errors.ts";

const PROGRAM = "piston_filter";
const RODATA_MAP = ".rodata";

/** instance.lowest_bit. */
const LOWEST_BIT = new Uint8Array(64);
for (let bit = 0; bit < 64; bit++)
  LOWEST_BIT[Number(BigInt.asUintN(64, DE_BRUIJN << BigInt(bit)) >> 58n)] = bit;

/** Before the tables are bound: sizes, and maps that outlive the instance. `definitions`: as the object declares them. */
type Adjust = (object: BpfObject, definitions: (name: string) => MapDefinition) => void;

/** The caller closes all three. */
export interface LoadedInstance {
  readonly object: BpfObject;
  readonly program: BpfProgram;
  readonly rodata: BpfMap;
}

export function loadInstance(
  elf: Uint8Array,
  tables: ReadonlyMap<string, BpfMap>,
  initial: Uint8Array,
  adjust: Adjust,
): LoadedInstance {
  const object = prepareInstance(elf, tables, initial, adjust);
  try {
    asLoadFault(() => object.load());
    return taken(object);
  } catch (error) {
    object.close();
    throw error;
  }
}

/** Opened, its tables bound and its constants set, ready for the verifier. The caller closes it. */
export function prepareInstance(
  elf: Uint8Array,
  tables: ReadonlyMap<string, BpfMap>,
  initial: Uint8Array,
  adjust: Adjust,
): BpfObject {
  const object = BpfObject.open(elf, "piston");
  try {
    asLoadFault(() => {
      const declared = new Map(object.maps().map((map) => [map.name, map]));
      adjust(object, (name) => definitionOf(declared.get(name), name));
      bindTables(object, tables, initial);
    });
    return object;
  } catch (error) {
    object.close();
    throw error;
  }
}

/**
 * Gives the object its tables' addresses, the block horizon's, and its constants: `rodata` and the tables' lengths, by which the program and the
 * verifier know where each ends. A table that is not given has no entry.
 */
export function bindTables(object: BpfObject, tables: ReadonlyMap<string, BpfMap>, rodata: Uint8Array): void {
  const constants = Buffer.from(rodata);
  object.useValue("block_horizon", null);
  for (const [index, name] of PROGRAM_TABLES.entries()) {
    const table = tables.get(name);
    if (!table) continue;
    object.useValue(name, table);
    const whole = table.valueBytes / (TABLE_ENTRY_BYTES[name] ?? LINE_BYTES);
    // What is left of the last line, or the one line of a fleet without rules, is no rule.
    const isByRule = name === "rules" || name === "counter_slots";
    const entries = isByRule ? Math.min(whole, constants.readUInt32LE(CONFIG.ruleCount)) : whole;
    constants.writeUInt32LE(entries, RODATA.instance + INSTANCE.tableEntries + 4 * index);
  }
  const features =
    (constants.readUInt32LE(CONFIG.wordCount) > 1 ? 1 << FEATURES.words : 0) |
    (constants.readBigUInt64LE(CONFIG.managementMask) !== 0n ? 1 << FEATURES.management : 0);
  constants.writeUInt32LE(features, RODATA.instance + INSTANCE.features);
  constants.set(LOWEST_BIT, RODATA.instance + INSTANCE.lowestBit);
  object.setInitialValue(RODATA_MAP, constants);
  object.useConstants(CONSTANT_BASES, constants);
}

function taken(object: BpfObject): LoadedInstance {
  return { object, program: object.program(PROGRAM), rodata: object.map(RODATA_MAP) };
}

/** Both at once: nearly all of a swap's time is the verifier's, twice over the same program. */
export function loadPair(first: BpfObject, second: BpfObject): [LoadedInstance, LoadedInstance] {
  asLoadFault(() => first.loadBeside(second));
  return [taken(first), taken(second)];
}

/** What goes wrong on the way into the kernel, as a fault that says what to do. */
function asLoadFault(load: () => void): void {
  try {
    load();
  } catch (error) {
    if (error instanceof RuntimeFault) throw error;
    throw new RuntimeFault({
      code: "load",
      operation: "load program",
      object: PROGRAM,
      message: `the kernel does not take the XDP program: ${messageOf(error)}`,
      help: "kernel 5.15 or newer is needed, and CAP_BPF with CAP_NET_ADMIN or root; otherwise this is a bug of PistonProtection",
      cause: error,
    });
  }
}

function definitionOf(map: ObjectMap | undefined, name: string): MapDefinition {
  assert(map, `the XDP object has no map ${name}`);
  return { ...map, type: map.type as MapDefinition["type"] };
}
