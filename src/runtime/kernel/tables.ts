// Images to frozen BPF arrays. A table is pinned under its section and digest once it was filled, frozen, and what it holds
// found to have that digest, so whatever stands under such a name is whole and can not change: generations share it.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { LINE_BYTES } from "../../bundle/abi.ts";
import { sectionSha256 } from "../../bundle/digest.ts";
import { BpfError, BpfMap } from "../bpf/index.ts";
import { RuntimeFault } from "../errors.ts";
import { entries, type PinLayout, tablePin, unpin } from "./pins.ts";

/** BPF_OBJ_NAME_LEN is 16, with its zero. */
const MAP_NAME_BYTES = 15;

/** The image of a table that a bundle has no section for. */
const ZERO_LINE: Uint8Array = new Uint8Array(LINE_BYTES);
const ZERO_LINE_SHA256 = sectionSha256(ZERO_LINE);

export interface TableImage {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** sectionSha256() of them. */
  readonly sha256: string;
}

export function zeroTable(name: string): TableImage {
  return { name, bytes: ZERO_LINE, sha256: ZERO_LINE_SHA256 };
}

/** A new array with the image in it. See frozenTables. */
export function frozenTable(image: TableImage): BpfMap {
  return frozenTables([image])[0]!;
}

/**
 * New arrays with the images in them, frozen, and what they hold then hashed and compared with the digests: bytes that are
 * not what their digest says do not get past this. Not pinned, in the order of the images, which are whole lines. Where one
 * fails there is a fault, and none is left.
 *
 * Not readOnlyToProgram: the kernel refuses to map such an array for writing, and a system call for each line would cost ten
 * times as much. The program that shares it writes to no table, and freezing stops everybody else.
 */
export function frozenTables(images: readonly TableImage[]): BpfMap[] {
  for (const { name, bytes } of images)
    assert.equal(bytes.length % LINE_BYTES, 0, `${name} is not whole lines`);
  // The largest first: to make one is one thread's work, and the other has the small ones meanwhile.
  const sorted = images.toSorted((a, b) => b.bytes.length - a.bytes.length);
  const sealed = sealTables(sorted);
  const wrong = sorted.find(({ sha256 }, i) => Buffer.from(sealed[i]!.sha256).toString("hex") !== sha256);
  if (wrong) {
    for (const { map } of sealed) map.close();
    throw notAsDigested(wrong);
  }
  return images.map((image) => sealed[sorted.indexOf(image)]!.map);
}

/** One value holds all of a table: the program knows its address (BpfObject.useValue()). */
function sealTables(images: readonly TableImage[]): ReturnType<typeof BpfMap.sealed> {
  try {
    return BpfMap.sealed(images.map(({ name, bytes }) => ({ name: name.slice(0, MAP_NAME_BYTES), bytes })));
  } catch (error) {
    const [largest] = images;
    if (!largest || !(error instanceof BpfError && error.code === "E2BIG")) throw error;
    throw new RuntimeFault({
      code: "table-too-large",
      operation: "create table",
      object: `table ${largest.name}`,
      message: `this kernel takes no table of ${(largest.bytes.length / 2 ** 20).toFixed(1)} MiB`,
      help: "older kernels take up to 4 MiB for each table: run a newer one on the fleet's nodes (6.1 takes more), or let the fleet have fewer prefixes or rules",
      cause: error,
    });
  }
}

/** What was written, or what became of it: who has not compared the bytes with the digest before looks at these first. */
function notAsDigested({ name }: TableImage): RuntimeFault {
  return new RuntimeFault({
    code: "read-back",
    operation: "read back",
    object: `table ${name}`,
    message: `what the kernel holds of table ${name} is not what its digest says`,
    help: "the machine's memory is suspect: drain the node and test it",
  });
}

/** Length of a table in bytes; null where the map has not the shape of one. */
export function tableBytes({ type, valueBytes, maxEntries }: BpfMap["info"]): number | null {
  return type === "array" && maxEntries === 1 ? valueBytes : null;
}

/** The tables of a generation: those that are pinned already, and new ones for the others. */
export interface TableSet {
  readonly maps: ReadonlyMap<string, BpfMap>;
  /** How many were pinned already. */
  readonly shared: number;
  /** The new ones too. */
  pin(): void;
  close(): void;
}

/** A fault where a table is not what its digest says; then nothing is left. */
export function openTables(layout: PinLayout, images: readonly TableImage[]): TableSet {
  const maps = new Map<string, BpfMap>();
  const close = () => {
    for (const map of maps.values()) map.close();
  };
  try {
    for (const image of images) {
      const map = pinnedTable(layout, image);
      if (map) maps.set(image.name, map);
    }
    const shared = maps.size;
    const made = images.filter(({ name }) => !maps.has(name));
    for (const [i, map] of frozenTables(made).entries()) maps.set(made[i]!.name, map);
    const pin = () => {
      for (const { name, sha256 } of made) {
        const path = tablePin(layout, name, sha256);
        unpin(path); // what pinnedTable() would not have
        maps.get(name)!.pin(path);
      }
    };
    return { maps, shared, pin, close };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * What is pinned under the image's digest, and holds its very bytes: it was verified before it was pinned and is frozen, so
 * that comparing with it says what hashing would, in a fifth of the time. null where there is none. What is pinned there and
 * is something else is not by our hand, or an earlier agent's, whose tables had another shape.
 */
function pinnedTable(layout: PinLayout, { name, bytes, sha256 }: TableImage): BpfMap | null {
  const path = tablePin(layout, name, sha256);
  if (!existsSync(path)) return null;
  const map = BpfMap.openPinned(path);
  const info = map.info;
  if (tableBytes(info) === bytes.length && info.frozen && map.holdsImage(bytes)) return map;
  map.close();
  return null;
}

/** Unpins the tables that none of the generations uses. Programs that still run hold theirs by themselves. */
export function sweepTables(layout: PinLayout, used: ReadonlySet<string>): void {
  for (const name of entries(layout.tables)) {
    const path = `${layout.tables}/${name}`;
    if (!used.has(path)) unpin(path);
  }
}
