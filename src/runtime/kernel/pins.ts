// Where the agent's kernel objects stand in the BPF file system, for one fleet:
//
//   <pin path>/<fleet>/state/{counters,limit_state,blocks,block_horizon,samples,slots,ledger,journal}
//   <pin path>/<fleet>/tables/<section>-<16 hex of its SHA-256>                    shared by generations
//   <pin path>/<fleet>/generations/<generation>/{program,manifest,rodata,counter_slots}
//   <pin path>/<fleet>/links/<interface>                                           the attached program
//
// A generation is pinned into generations/new-<generation> and renamed, so a directory with its final name is whole. The
// BPF file system refuses names with a dot; interface names may have one (VLANs), so names are escaped.

import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, statfsSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf, RuntimeFault } from "../errors.ts";

export const DEFAULT_PIN_PATH = "/sys/fs/bpf/pistonprotection";

const BPF_FS_MAGIC = 0xcafe4a11;
const STAGING_PREFIX = "new-";

export interface PinLayout {
  readonly root: string;
  readonly state: string;
  readonly tables: string;
  readonly generations: string;
  readonly links: string;
}

export function pinLayout(pinPath: string, fleet: string): PinLayout {
  const root = join(pinPath, escapePinName(fleet));
  return {
    root,
    state: join(root, "state"),
    tables: join(root, "tables"),
    generations: join(root, "generations"),
    links: join(root, "links"),
  };
}

/** A name that the BPF file system takes: `.`, `/` and `%` become `%` and two hex digits. */
export function escapePinName(name: string): string {
  return name.replaceAll(
    /[%./]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

export function unescapePinName(pin: string): string {
  return pin.replaceAll(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

export function tablePin(layout: PinLayout, section: string, sha256: string): string {
  return join(layout.tables, `${section}-${sha256.slice(0, 16)}`);
}

export function linkPin(layout: PinLayout, interfaceName: string): string {
  return join(layout.links, escapePinName(interfaceName));
}

export function generationPath(layout: PinLayout, generation: string): string {
  return join(layout.generations, generation);
}

export function stagingPath(layout: PinLayout, generation: string): string {
  return join(layout.generations, `${STAGING_PREFIX}${generation}`);
}

export function isStaging(name: string): boolean {
  return name.startsWith(STAGING_PREFIX);
}

/** Makes the directories of a fleet. Throws a fault where the path is not in a BPF file system. */
export function createLayout(pinPath: string, layout: PinLayout): void {
  // Before anything is made: directories in another file system would lie below the next mount.
  if (fileSystemOf(layout.root) !== BPF_FS_MAGIC) {
    throw new RuntimeFault({
      code: "pin-path",
      operation: "create directory",
      object: pinPath,
      message: `${pinPath} is not in a BPF file system`,
      help: "mount one there (mount -t bpf bpf /sys/fs/bpf), or choose another --pin-path",
    });
  }
  try {
    for (const path of [layout.state, layout.tables, layout.generations, layout.links])
      mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new RuntimeFault({
      code: "pin-path",
      operation: "create directory",
      object: layout.root,
      message: `cannot make ${layout.root}: ${errnoOf(error) ?? String(error)}`,
      help: "mount a BPF file system (mount -t bpf bpf /sys/fs/bpf) and run as root, or choose another --pin-path in one",
      cause: error,
    });
  }
}

/** Type of the file system that a path is in, or would be. */
function fileSystemOf(path: string): number {
  for (let at = path; ; at = dirname(at)) {
    try {
      return statfsSync(at).type;
    } catch (error) {
      if (errnoOf(error) !== "ENOENT" || at === dirname(at)) throw error;
    }
  }
}

/** Fleets that have pins under the path. */
export function pinnedFleets(pinPath: string): string[] {
  return entries(pinPath)
    .filter((name) => existsSync(join(pinPath, name, "links")))
    .map(unescapePinName);
}

/** Interfaces whose link is pinned. */
export function pinnedInterfaces(pinPath: string, fleet: string): string[] {
  return entries(pinLayout(pinPath, fleet).links).map(unescapePinName);
}

/** Names in a directory of pins, sorted; none where the directory is not there. */
export function entries(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** Puts a whole staged generation in its place, in one step. */
export function publishGeneration(layout: PinLayout, generation: string): void {
  renameSync(stagingPath(layout, generation), generationPath(layout, generation));
}

export function unpin(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

/** A generation's name must vanish before its parts do: it is renamed to a staging name first, which a sweep takes. */
export function removeGeneration(layout: PinLayout, name: string): void {
  let path = generationPath(layout, name);
  if (!isStaging(name)) {
    const staging = stagingPath(layout, name);
    removePins(staging);
    try {
      renameSync(path, staging);
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return;
      throw error;
    }
    path = staging;
  }
  removePins(path);
}

/** Removes a directory of pins and everything in it. */
export function removePins(directory: string): void {
  let names: { name: string; directory: boolean }[];
  try {
    names = readdirSync(directory, { withFileTypes: true }).map((entry) => ({
      name: entry.name,
      directory: entry.isDirectory(),
    }));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  for (const entry of names) {
    const path = join(directory, entry.name);
    if (entry.directory) removePins(path);
    else unpin(path);
  }
  rmdirSync(directory);
}
