// Images to frozen BPF arrays. A table is pinned under its section and digest once it was filled, frozen, read back and
// found equal, so whatever stands under such a name is whole and can not change: generations share it.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { LINE_BYTES } from "../../bundle/abi.ts";
import { sha256Hex } from "../../bundle/digest.ts";
import { BpfError, BpfMap, MAP_FLAGS } from "../bpf/index.ts";
import { RuntimeFault } from "../errors.ts";
import { entries, type PinLayout, tablePin, unpin } from "./pins.ts";

/** BPF_OBJ_NAME_LEN is 16, with its zero. */
const MAP_NAME_BYTES = 15;

/** The image of a table that a bundle has no section for. */
export const ZERO_LINE: Uint8Array = new Uint8Array(LINE_BYTES);
const ZERO_LINE_SHA256 = sha256Hex(ZERO_LINE);

export interface TableImage {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** 64 hex digits. */
  readonly sha256: string;
}

/** A table that may be in the kernel already: its image is asked for only where it is not. */
export interface PendingTable {
  readonly name: string;
  readonly lengthBytes: number;
  readonly sha256: string;
  image(): TableImage;
}

export function zeroTable(name: string): TableImage {
  return { name, bytes: ZERO_LINE, sha256: ZERO_LINE_SHA256 };
}

/**
 * A new array with the image in it, frozen, read back and compared: with the bytes, whose digest was compared when the
 * bundle was read. Not pinned. `bytes` are whole lines.
 */
export function frozenTable(image: TableImage): BpfMap {
  assert.equal(image.bytes.length % LINE_BYTES, 0, `${image.name} is not whole lines`);
  const map = emptyTable(image);
  try {
    map.writeImage(image.bytes);
    map.freeze();
    if (!map.holdsImage(image.bytes)) {
      throw new RuntimeFault({
        code: "read-back",
        operation: "read back",
        object: `table ${image.name}`,
        message: `what the kernel holds of table ${image.name} is not what was written`,
        help: "the machine's memory is suspect: drain the node and test it",
      });
    }
    return map;
  } catch (error) {
    map.close();
    throw error;
  }
}

function emptyTable({ name, bytes }: TableImage): BpfMap {
  try {
    return BpfMap.create({
      type: "array",
      name: name.slice(0, MAP_NAME_BYTES),
      keyBytes: 4,
      valueBytes: bytes.length,
      maxEntries: 1, // the program knows its address: BpfObject.useValue()
      // Not readOnlyToProgram: the kernel refuses to map such an array for writing, and a system call for each line would
      // cost ten times as much. The program that shares it writes to no table, and freeze() stops everybody else.
      flags: MAP_FLAGS.mmapable,
    });
  } catch (error) {
    if (!(error instanceof BpfError && error.code === "E2BIG")) throw error;
    throw new RuntimeFault({
      code: "table-too-large",
      operation: "create table",
      object: `table ${name}`,
      message: `this kernel takes no table of ${(bytes.length / 2 ** 20).toFixed(1)} MiB`,
      help: "older kernels take up to 4 MiB for each table: run a newer one on the fleet's nodes (6.1 takes more), or let the fleet have fewer prefixes or rules",
      cause: error,
    });
  }
}

/** Length of a table in bytes; null where the map has not the shape of one. */
export function tableBytes({ type, valueBytes, maxEntries }: BpfMap["info"]): number | null {
  return type === "array" && maxEntries === 1 ? valueBytes : null;
}

/** The pinned table, made where it is not there yet. */
export function sharedTable(layout: PinLayout, table: PendingTable): { map: BpfMap; shared: boolean } {
  const path = tablePin(layout, table.name, table.sha256);
  if (existsSync(path)) {
    const map = BpfMap.openPinned(path);
    const info = map.info;
    if (tableBytes(info) === table.lengthBytes && info.frozen) return { map, shared: true };
    // Not by our hand, for a table is pinned last; or an earlier agent's, whose tables had another shape.
    map.close();
    unpin(path);
  }
  const map = frozenTable(table.image());
  try {
    map.pin(path);
  } catch (error) {
    map.close();
    throw error;
  }
  return { map, shared: false };
}

/**
 * Whether a table is pinned under this digest, and holds these very bytes. It was verified before it was pinned and is
 * frozen, so that comparing with it says what hashing would, in a fifth of the time.
 */
export function holdsTable(layout: PinLayout, name: string, sha256: string, bytes: Uint8Array): boolean {
  const path = tablePin(layout, name, sha256);
  if (!existsSync(path)) return false;
  using map = BpfMap.openPinned(path);
  const { info } = map;
  return info.frozen && tableBytes(info) === bytes.length && map.holdsImage(bytes);
}

/** Unpins the tables that none of the generations uses. Programs that still run hold theirs by themselves. */
export function sweepTables(layout: PinLayout, used: ReadonlySet<string>): void {
  for (const name of entries(layout.tables)) {
    const path = `${layout.tables}/${name}`;
    if (!used.has(path)) unpin(path);
  }
}
