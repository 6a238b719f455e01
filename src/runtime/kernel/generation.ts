// A bundle to a generation: tables in the kernel, and two instances of the XDP program over them. The proof instance
// takes its clock from the test-run and has state of its own; the serving instance has the fleet's state. Both are the
// same instructions (the kernel's tag says so) over the same tables, so what was proven is what serves. A generation is
// pinned whole or not at all.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CONFIG, INSTANCE, LINE_BYTES, RODATA, TABLE_NAMES } from "../../bundle/abi.ts";
import { sectionSha256, sha256Hex } from "../../bundle/digest.ts";
import type { Bundle, OpenedBundle } from "../../bundle/format.ts";
import type { Manifest } from "../../bundle/index.ts";
import { BpfMap, BpfProgram, type MapDefinition } from "../bpf/index.ts";
import { messageOf, RuntimeFault } from "../errors.ts";
import { slotsImage, slotsOf } from "./counters.ts";
import { loadPair, prepareInstance } from "./instance.ts";
import { type GenerationKey, generationName } from "./journal.ts";
import {
  limitMultipliers,
  limitSeed,
  limitShift,
  limitTableEntries,
  PROOF_BUCKET_BITS,
  SERVING_BUCKET_BITS,
} from "./limit-table.ts";
import {
  entries,
  generationPath,
  isStaging,
  type PinLayout,
  publishGeneration,
  removeGeneration,
  removePins,
  stagingPath,
  tablePin,
} from "./pins.ts";
import { clearMaps, type ProofInstance } from "./prove.ts";
import { type SlotOwner } from "./slots.ts";
import { type FleetState, PROGRAM_STATE } from "./state.ts";
import { frozenTable, openTables, sweepTables, type TableImage, zeroTable } from "./tables.ts";

/**
 * For each CPU and timer tick (1 to 10 ms): a few thousand a second, whatever arrives. Two CPUs fill what the event
 * collector takes by default; with more of them the ring buffer fills, and a sample that finds it full costs next to nothing.
 */
const SAMPLES_PER_JIFFY = 20;

/** A proof touches a few keys; the serving instance's sizes would cost megabytes for nothing. */
const PROOF_STATE_ENTRIES = {
  counters: 64,
  limit_state: limitTableEntries(PROOF_BUCKET_BITS),
  blocks: 1024,
  samples: 4096,
} as const;

/** The XDP program's object file. */
export interface ProgramObject {
  readonly elf: Uint8Array;
  /** First 8 hex digits of its SHA-256. */
  readonly digest: string;
}

export function readProgramObject(path: string): ProgramObject {
  try {
    const elf = readFileSync(path);
    return { elf, digest: sha256Hex(elf).slice(0, 8) };
  } catch (error) {
    throw new RuntimeFault({
      code: "no-object",
      operation: "read",
      object: path,
      message: `cannot read the XDP program: ${messageOf(error)}`,
      help: "install the agent anew, whole; in a checkout build it with `npm run setup`",
      cause: error,
    });
  }
}

/** In a checkout and in the package build/filter.bpf.o, in a bundled agent beside it. */
export function defaultObjectPath(): string {
  const places = ["./filter.bpf.o", "../../../build/filter.bpf.o"].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  return places.find((path) => existsSync(path)) ?? places[1]!;
}

export interface BuiltGeneration {
  readonly key: GenerationKey;
  readonly manifest: Manifest;
  readonly serving: BpfProgram;
  readonly proof: ProofInstance;
  /** Tables that were there already, by an earlier generation. */
  readonly sharedTables: number;
  /** Pins it under its name. After that it outlives this process. */
  pin(): void;
  close(): void;
}

/**
 * Makes tables and both instances. `slots` gives each rule's counter slot, in the order of the manifest. A fault where a table
 * of the bundle has not its digest: OpenedBundle.verify() says whether the bundle is to blame.
 */
export function buildGeneration(
  state: FleetState,
  bundle: OpenedBundle,
  object: ProgramObject,
  slots: Uint32Array,
): BuiltGeneration {
  const handles: { close(): void }[] = [];
  const own = <T extends { close(): void }>(handle: T): T => {
    handles.push(handle);
    return handle;
  };
  const close = () => {
    for (const handle of handles) handle.close();
  };
  try {
    const { layout } = state;
    const key = { bundle: bundle.digest.slice("sha256:".length), object: object.digest };
    const tables = own(openTables(layout, tableImages(bundle)));
    bundle.confirm();
    const maps = new Map(tables.maps);
    const limits = bundle.manifest.rules.some((rule) => rule.action === "limit");
    const counterSlots = own(frozenTable(slotsImage(bundle.section("rules"), slots)));
    maps.set("counter_slots", counterSlots);
    const manifestMap = own(frozenTable(manifestImage(bundle.manifest)));

    const proofObject = own(
      prepareInstance(object.elf, maps, rodata(bundle, true), (elf) => {
        for (const [name, entries] of Object.entries(PROOF_STATE_ENTRIES)) elf.setMaxEntries(name, entries);
      }),
    );
    const servingObject = own(
      prepareInstance(object.elf, maps, rodata(bundle, false), (elf, definitions) => {
        for (const name of PROGRAM_STATE) {
          if (name === "limit_state" && !limits) continue; // never looked at: not worth its memory
          elf.reuseMap(name, state.ensureProgramMap(name, servingDefinition(definitions(name))));
        }
      }),
    );
    const [proof, serving] = loadPair(proofObject, servingObject);
    for (const { program, rodata } of [proof, serving]) handles.push(program, rodata);
    const proofState = {
      limits: own(proofObject.map("limit_state")),
      blocks: own(proofObject.map("blocks")),
    };
    proofObject.close();
    servingObject.close();
    assert.equal(
      proof.program.info.tag,
      serving.program.info.tag,
      "the proven program is not the one that serves",
    );

    return {
      key,
      manifest: bundle.manifest,
      serving: serving.program,
      proof: proofInstance(proof.program, limits ? proofState : null),
      sharedTables: tables.shared,
      pin: () => {
        tables.pin();
        pinGeneration(layout, generationName(key), {
          program: serving.program,
          manifest: manifestMap,
          rodata: serving.rodata,
          counter_slots: counterSlots,
        });
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

export function tableImages(bundle: Bundle): TableImage[] {
  const sections = new Map(bundle.manifest.sections.map((section) => [section.name, section]));
  return TABLE_NAMES.map((name) => {
    const section = sections.get(name);
    const bytes = section && bundle.section(name);
    return bytes ? { name, bytes, sha256: section.sha256 } : zeroTable(name);
  });
}

/**
 * The manifest as JSON, zeroes after it. Of its witnesses only those of management flows: they say where the fleet is
 * managed; the others have done their work when it is pinned.
 */
function manifestImage(manifest: Manifest): TableImage {
  const witnesses = manifest.witnesses.filter(({ steps }) =>
    steps.some(({ reason }) => reason === "management"),
  );
  const text = new TextEncoder().encode(JSON.stringify({ ...manifest, witnesses }));
  const bytes = new Uint8Array(Math.ceil(text.length / LINE_BYTES) * LINE_BYTES);
  bytes.set(text);
  return { name: "manifest", bytes, sha256: sectionSha256(bytes) };
}

/** `limitBucketBits`: limit_state has limitTableEntries() of that. */
export function rodata(
  bundle: Bundle,
  proof: boolean,
  limitBucketBits = proof ? PROOF_BUCKET_BITS : SERVING_BUCKET_BITS,
): Uint8Array {
  const config = bundle.section("config");
  assert(config, "the reader refuses a bundle without config");
  const bytes = Buffer.alloc(RODATA.bytes);
  bytes.set(config);
  bytes.write(bundle.digest.slice("sha256:".length), RODATA.instance + INSTANCE.bundleDigest, "hex");
  bytes.writeUInt32LE(proof ? 1 : 0, RODATA.instance + INSTANCE.proof);
  bytes.writeUInt32LE(proof ? 0 : SAMPLES_PER_JIFFY, RODATA.instance + INSTANCE.samplesPerJiffy);
  for (const [index, multiplier] of limitMultipliers(proof ? 0n : limitSeed()).entries())
    bytes.writeBigUInt64LE(multiplier, RODATA.instance + INSTANCE.limitMultipliers + 8 * index);
  bytes.writeUInt32LE(limitShift(limitBucketBits), RODATA.instance + INSTANCE.limitShift);
  return bytes;
}

/** The size of state that serves, where it is not the object's own. */
function servingDefinition(declared: MapDefinition): MapDefinition {
  return declared.name === "limit_state"
    ? { ...declared, maxEntries: limitTableEntries(SERVING_BUCKET_BITS) }
    : declared;
}

/** `state` null: no rule limits, and nothing else writes limit state or blocks of its own. */
function proofInstance(
  program: BpfProgram,
  state: { readonly limits: BpfMap; readonly blocks: BpfMap } | null,
): ProofInstance {
  return {
    run: (packet, metadata, repeat) => program.testRun(packet, { metadata, repeat }),
    clearState: () => {
      if (state) clearMaps(state.limits, state.blocks);
    },
  };
}

// ---- Pinned generations ------------------------------------------------------------------------------------------------

function pinGeneration(
  layout: PinLayout,
  name: string,
  objects: Record<string, { pin(path: string): void }>,
): void {
  removeGeneration(layout, name); // what a crash or a failed commit has left of it
  const staging = stagingPath(layout, name);
  removePins(staging);
  mkdirSync(staging, { mode: 0o700 });
  for (const [part, object] of Object.entries(objects)) object.pin(join(staging, part));
  publishGeneration(layout, name);
}

/** A generation as the kernel keeps it: all that an agent needs to take it over. */
export interface PinnedGeneration {
  readonly key: GenerationKey;
  /** Its witnesses are those of management flows. */
  readonly manifest: Manifest;
  /** struct config. */
  readonly config: Uint8Array;
  readonly slots: Uint32Array;
  readonly program: BpfProgram;
  readonly programId: number;
  close(): void;
}

/** Opens a pinned generation by its name. Null where there is none, or what is there is not one. */
export function openGeneration(layout: PinLayout, name: string): PinnedGeneration | null {
  const directory = generationPath(layout, name);
  if (entries(directory).length === 0) return null;
  let program: BpfProgram | null = null;
  try {
    const constants = withMap(join(directory, "rodata"), (map) => map.lookup(new Uint8Array(4)));
    if (constants?.length !== RODATA.bytes) return null;
    const bundle = Buffer.from(constants).toString("hex", RODATA.instance, RODATA.instance + 32);
    const key = { bundle, object: name.slice(name.indexOf("-") + 1) };
    if (generationName(key) !== name) return null;
    const manifest = JSON.parse(readLines(join(directory, "manifest"))) as Manifest;
    const slots = withMap(join(directory, "counter_slots"), (map) => map.readImage(map.info.valueBytes));
    program = BpfProgram.openPinned(join(directory, "program"));
    const opened = program;
    return {
      key,
      manifest,
      config: constants.subarray(0, CONFIG.bytes),
      slots: slotsOf(slots),
      program: opened,
      programId: opened.info.id,
      close: () => opened.close(),
    };
  } catch {
    program?.close();
    return null;
  }
}

function readLines(path: string): string {
  const bytes = withMap(path, (map) => map.readImage(map.info.valueBytes));
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.buffer, bytes.byteOffset, end < 0 ? bytes.length : end).toString("utf8");
}

function withMap<T>(path: string, use: (map: BpfMap) => T): T {
  const map = BpfMap.openPinned(path);
  try {
    return use(map);
  } finally {
    map.close();
  }
}

/** Removes what no generation of `keep` needs: other generations, half-pinned ones, and tables. */
export function sweepGenerations(layout: PinLayout, keep: readonly (PinnedGeneration | null)[]): void {
  const living = keep.filter((generation) => generation !== null);
  const names = new Set(living.map((generation) => generationName(generation.key)));
  for (const name of entries(layout.generations)) {
    if (isStaging(name) || !names.has(name)) removeGeneration(layout, name);
  }
  const used = new Set<string>();
  for (const { manifest } of living) {
    const sections = new Map(manifest.sections.map((section) => [section.name as string, section.sha256]));
    for (const name of TABLE_NAMES)
      used.add(tablePin(layout, name, sections.get(name) ?? zeroTable(name).sha256));
  }
  sweepTables(layout, used);
}

/** Who owns the counter slots of a generation's rules, in their order. */
export function slotOwners(manifest: Manifest): SlotOwner[] {
  return manifest.rules.map((rule) => ({
    stableId: rule.stableId,
    action: rule.action,
    shadow: rule.shadow,
    management: rule.policy === "management",
    backend: rule.backend,
  }));
}
