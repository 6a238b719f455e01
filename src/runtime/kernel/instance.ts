// The XDP program's object, tables and constants to an instance of the program in the kernel.

import assert from "node:assert/strict";
import { type BpfMap, BpfObject, type BpfProgram, type MapDefinition, type ObjectMap } from "../bpf/index.ts";
import { messageOf, RuntimeFault } from "../errors.ts";

const PROGRAM = "piston_filter";
const RODATA_MAP = ".rodata";

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
      for (const [name, map] of tables) object.reuseMap(name, map);
      object.setInitialValue(RODATA_MAP, initial);
    });
    return object;
  } catch (error) {
    object.close();
    throw error;
  }
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
