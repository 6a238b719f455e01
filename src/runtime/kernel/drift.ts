// Whether the kernel still is what the agent made it: the program on each interface, the maps that it runs on, their
// contents against the bundle's digests, and what the agent keeps of its own. Frozen tables cannot be changed by a system
// call; links, pins and maps that the agent writes can, by anyone with the capability. A finding says whether it can be
// put right without asking anybody, and how.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BLOCK, BLOCK_HORIZON, CONFIG, INSTANCE, RODATA, TABLE_NAMES } from "../../bundle/abi.ts";
import { joinPartDigests, SECTION_PART_BYTES, sectionSha256, sha256Bytes } from "../../bundle/digest.ts";
import type { DRIFT_PARTS } from "../../metrics/catalogue.ts";
import { BpfMap, BpfProgram, ktimeNs } from "../bpf/index.ts";
import { errnoOf, messageOf } from "../errors.ts";
import { passMaskOf } from "./accounting.ts";
import { type PinnedGeneration, slotOwners } from "./generation.ts";
import { encodeJournal, generationName, type Journal } from "./journal.ts";
import { closeLinks, moveLinks, pinnedLinks } from "./links.ts";
import { generationPath, type PinLayout, tablePin, unpin } from "./pins.ts";
import { ownerKey } from "./slots.ts";
import { type FleetState, PROGRAM_STATE } from "./state.ts";
import { tableBytes, zeroTable } from "./tables.ts";

/** What a fleet runs, and knows that it runs. */
export interface DriftSubject {
  readonly layout: PinLayout;
  readonly state: FleetState;
  readonly serving: PinnedGeneration;
  readonly journal: Journal;
  /** Those that are attached, by interface. */
  readonly links: ReadonlyMap<string, { readonly programId: number }>;
  /** Whether another process of ours puts another generation in charge, by the kernel's journal as it is now. */
  readonly isBeingMoved: () => boolean;
}

export type DriftPart = (typeof DRIFT_PARTS)[number];

export interface DriftFinding {
  readonly part: DriftPart;
  /** `interface eth0`, `table rules`. */
  readonly object: string;
  readonly message: string;
  /** Where the agent cannot put it right by itself. */
  readonly help: string;
  /** Puts it right; null where that takes a person. Throws where the kernel refuses. */
  readonly mend: (() => void) | null;
}

/** Between two parts: an eighth of a core at most goes into digests. */
const PAUSE_MS = 8;
const ANOTHER_WRITES = "find who writes below the pin path (`bpftool` lists who holds a map or program)";
const NEW_BUNDLE = `${ANOTHER_WRITES}; a new bundle, or a restart of the agent, builds the generation anew`;

/** Everything but the contents of tables: some forty system calls. */
export function findDrift(subject: DriftSubject): DriftFinding[] {
  return [
    ...findLinkDrift(subject),
    ...programPin(subject),
    ...constants(subject),
    ...statePins(subject),
    ...journalCopy(subject),
    ...slotDirectory(subject),
    ...ledger(subject),
    ...blockHorizon(subject),
  ];
}

/** The program on each interface: four system calls a link. */
export function findLinkDrift({ layout, serving, isBeingMoved }: DriftSubject): DriftFinding[] {
  const links = pinnedLinks(layout);
  closeLinks(links);
  const moved = links.filter((link) => link.programId !== serving.programId);
  // After the look at the links: a commit is in the journal before it is in a link.
  if (moved.length > 0 && isBeingMoved()) return [];
  return moved.map(({ interfaceName: name, programId }) => ({
    part: "link",
    object: `interface ${name}`,
    message: `interface ${name} runs program ${programId}, not the serving generation's ${serving.programId}`,
    help: ANOTHER_WRITES,
    mend: () => moveLinks(layout, null, serving.program),
  }));
}

/**
 * Digests of the tables, read back by parts with pauses. `isCurrent` false ends it: another generation serves, and what
 * was found is worth nothing; then null.
 */
export async function findTableDrift(
  subject: DriftSubject,
  isCurrent: () => boolean,
): Promise<DriftFinding[] | null> {
  const { layout, serving } = subject;
  const sections = new Map(serving.manifest.sections.map((one) => [one.name as string, one.sha256]));
  const mapIds = new Set(serving.program.info.mapIds);
  const findings: DriftFinding[] = [];
  for (const name of TABLE_NAMES) {
    const sha256 = sections.get(name) ?? zeroTable(name).sha256;
    const finding = await tableDrift(tablePin(layout, name, sha256), name, sha256, mapIds, isCurrent);
    if (!isCurrent()) return null;
    if (finding) findings.push(finding);
  }
  return findings;
}

async function tableDrift(
  path: string,
  name: string,
  sha256: string,
  mapIds: ReadonlySet<number>,
  isCurrent: () => boolean,
): Promise<DriftFinding | null> {
  const found = (message: string, mend: (() => void) | null): DriftFinding => ({
    part: "table",
    object: `table ${name}`,
    message,
    help: NEW_BUNDLE,
    mend,
  });
  if (!existsSync(path)) return found(`the pin of table ${name} is gone`, repin(path, name, sha256, mapIds));
  using map = BpfMap.openPinned(path);
  const { id, frozen, maxEntries, valueBytes } = map.info;
  if (!mapIds.has(id))
    // The program has its own table; what stands under its pin must not get into the next generation.
    return found(`what is pinned as table ${name} is map ${id}, which the program does not run on`, () => {
      unpin(path);
      repin(path, name, sha256, mapIds)?.();
    });
  if (!frozen) return found(`table ${name} (map ${id}) is not frozen`, null);
  const digest = await digestByParts(map, maxEntries * valueBytes, isCurrent);
  if (digest === null || digest === sha256) return null;
  return found(
    `table ${name} (map ${id}) holds other bytes than the bundle: ${digest.slice(0, 16)}, not ${sha256.slice(0, 16)}`,
    null,
  );
}

/** sectionSha256(). */
async function digestByParts(
  map: BpfMap,
  lengthBytes: number,
  isCurrent: () => boolean,
): Promise<string | null> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < lengthBytes; at += SECTION_PART_BYTES) {
    parts.push(sha256Bytes(map.readImage(Math.min(SECTION_PART_BYTES, lengthBytes - at), at)));
    if (lengthBytes > SECTION_PART_BYTES) await sleep(PAUSE_MS, null, { ref: false });
    if (!isCurrent()) return null;
  }
  return joinPartDigests(parts);
}

/** The program's own table, found by its id, which takes CAP_SYS_ADMIN. Without, mending fails with EPERM, and is said. */
function repin(path: string, name: string, sha256: string, mapIds: ReadonlySet<number>): () => void {
  return () => {
    for (const id of mapIds) {
      using map = BpfMap.fromId(id);
      const { info } = map;
      const lengthBytes = tableBytes(info);
      if (!info.frozen || lengthBytes === null || !name.startsWith(info.name)) continue;
      if (sectionSha256(map.readImage(lengthBytes)) !== sha256) continue;
      map.pin(path);
      return;
    }
    throw new Error(`none of the program's maps is table ${name}`);
  };
}

/** The pin by which a restarted agent finds the program. */
function programPin({ layout, serving }: DriftSubject): DriftFinding[] {
  const path = join(generationPath(layout, generationName(serving.key)), "program");
  const pinned = idAt(path, (pin) => {
    using program = BpfProgram.openPinned(pin);
    return program.info.id;
  });
  if (pinned === serving.programId) return [];
  return [
    {
      part: "program",
      object: path,
      message:
        pinned === null
          ? "the pin of the serving program is gone"
          : `what is pinned as the serving program is program ${pinned}, not ${serving.programId}`,
      help: NEW_BUNDLE,
      mend: () => {
        unpin(path);
        serving.program.pin(path);
      },
    },
  ];
}

/** struct config against the bundle's digest of it, and the bundle that the constants name. */
function constants({ layout, serving }: DriftSubject): DriftFinding[] {
  const path = join(generationPath(layout, generationName(serving.key)), "rodata");
  const found = (message: string): DriftFinding[] => [
    { part: "constants", object: path, message, help: NEW_BUNDLE, mend: null },
  ];
  if (!existsSync(path)) return found("the pin of the program's constants is gone");
  using map = BpfMap.openPinned(path);
  const { id, frozen } = map.info;
  if (!serving.program.info.mapIds.includes(id))
    return found(`what is pinned as the program's constants is map ${id}, which the program does not run on`);
  if (!frozen) return found(`the program's constants (map ${id}) are not frozen`);
  const bytes = map.lookup(new Uint8Array(4));
  assert(bytes?.length === RODATA.bytes, "openGeneration() has looked");
  const at = RODATA.instance + INSTANCE.bundleDigest;
  const bundle = Buffer.from(bytes).toString("hex", at, at + 32);
  if (bundle !== serving.key.bundle)
    return found(`the program's constants are of bundle ${bundle.slice(0, 12)}`);
  const config = serving.manifest.sections.find((section) => section.name === "config");
  const digest = sectionSha256(bytes.subarray(0, CONFIG.bytes));
  return digest === config?.sha256
    ? []
    : found(`the program's constants (map ${id}) hold other bytes than the bundle`);
}

/** State that outlives generations: the pin must name the map that this process holds, and the program too. */
function statePins({ layout, state, serving }: DriftSubject): DriftFinding[] {
  const mapIds = new Set(serving.program.info.mapIds);
  const findings: DriftFinding[] = [];
  for (const [name, map] of state.pinned()) {
    const path = join(layout.state, name);
    const held = map.info.id;
    const pinned = idAt(path, (pin) => {
      using other = BpfMap.openPinned(pin);
      return other.info.id;
    });
    if (pinned !== held) {
      findings.push({
        part: "state",
        object: path,
        message:
          pinned === null
            ? `the pin of ${name} is gone`
            : `what is pinned as ${name} is map ${pinned}, not ${held}`,
        help: ANOTHER_WRITES,
        mend: () => {
          unpin(path);
          map.pin(path);
        },
      });
    }
    const ofProgram = PROGRAM_STATE.some((one) => one === name) && name !== "limit_state";
    if (ofProgram && !mapIds.has(held))
      findings.push({
        part: "state",
        object: path,
        message: `the program does not run on ${name} (map ${held})`,
        help: NEW_BUNDLE,
        mend: null,
      });
  }
  return findings;
}

/** refresh() has taken over what another process of this program has written: what differs still is nobody's. */
function journalCopy({ layout, state, journal, isBeingMoved }: DriftSubject): DriftFinding[] {
  if (Buffer.compare(encodeJournal(state.readJournal()), encodeJournal(journal)) === 0) return [];
  if (isBeingMoved()) return [];
  return [
    {
      part: "journal",
      object: join(layout.state, "journal"),
      message: "the journal, by which a restarted agent knows what serves, was changed",
      help: ANOTHER_WRITES,
      mend: () => void state.writeJournal(journal),
    },
  ];
}

/** The frozen counter_slots says which slot each rule counts in; the directory must say the same. */
function slotDirectory({ layout, state, serving }: DriftSubject): DriftFinding[] {
  const directory = state.readSlots();
  const owners = slotOwners(serving.manifest);
  const wrong = owners.flatMap((owner, index) => {
    const slot = serving.slots[index]!;
    return directory.get(ownerKey(owner)) === slot ? [] : [{ owner, slot }];
  });
  if (wrong.length === 0) return [];
  return [
    {
      part: "slots",
      object: join(layout.state, "slots"),
      message: `${wrong.length} of ${owners.length} rules have another counter slot in the directory than in the program`,
      help: ANOTHER_WRITES,
      mend: () => state.writeSlots(wrong),
    },
  ];
}

/** Totals by verdict that were there before are lost with a ledger that was overwritten; from now on they are right. */
function ledger({ layout, state, serving }: DriftSubject): DriftFinding[] {
  const passMask = passMaskOf(serving.config);
  if (state.readLedger()?.passMask === passMask) return [];
  return [
    {
      part: "state",
      object: join(layout.state, "ledger"),
      message: "the ledger of reasons is of other verdicts than the serving generation's",
      help: ANOTHER_WRITES,
      mend: () => state.settleLedger(passMask),
    },
  ];
}

/** While the horizon says that no block can be in force, the program does not look for one. */
function blockHorizon({ layout, state }: DriftSubject): DriftFinding[] {
  const blocks = state.programMap("blocks");
  const horizon = state.programMap("block_horizon");
  if (!blocks || !horizon) return [];
  // Blocks first: one that is set meanwhile has its end announced before.
  let last = 0n;
  for (const [, value] of blocks.entries()) {
    const until = new DataView(value.buffer, value.byteOffset).getBigUint64(BLOCK.untilNs, true);
    if (until > last) last = until;
  }
  const announced = Buffer.from(horizon.readImage(BLOCK_HORIZON.bytes));
  const rules = announced.readBigUInt64LE(BLOCK_HORIZON.rulesUntilNs);
  const operator = announced.readBigUInt64LE(BLOCK_HORIZON.operatorUntilNs);
  if (last <= ktimeNs() || last <= rules || last <= operator) return [];
  return [
    {
      part: "blocks",
      object: join(layout.state, "block_horizon"),
      message: "blocks are in force that the program was told not to look for",
      help: ANOTHER_WRITES,
      mend: () => state.announceBlock(last),
    },
  ];
}

/** null where nothing is pinned there. */
function idAt(path: string, read: (path: string) => number): number | null {
  try {
    return read(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}

export interface SettledFinding extends Omit<DriftFinding, "mend"> {
  readonly mended: boolean;
}

/** Puts right what can be. What fails is said in its help. */
export function mend(finding: DriftFinding): SettledFinding {
  const { mend: put, ...rest } = finding;
  if (!put) return { ...rest, mended: false };
  try {
    put();
    return { ...rest, mended: true };
  } catch (error) {
    return { ...rest, mended: false, help: `${rest.help}; the agent could not mend it: ${messageOf(error)}` };
  }
}

/** For a status: the program that each interface runs, with the kernel's tag where it is this fleet's own. */
export function programsOf({ links, serving }: DriftSubject): {
  readonly interface: string;
  readonly programId: number;
  readonly tag: string | null;
}[] {
  const { tag } = serving.program.info;
  return [...links].map(([name, { programId }]) => ({
    interface: name,
    programId,
    tag: programId === serving.programId ? tag : null,
  }));
}
