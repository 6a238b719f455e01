// The state of a fleet on this node that outlives generations, as pinned maps: counters, limit state, blocks, samples
// (what the program writes), the slot directory, the ledger of reasons and the journal (what the agent writes).

import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  BLOCK,
  BLOCK_HORIZON,
  COUNTER_NONE,
  COUNTERS_PER_SLOT,
  SLOTS_MAX,
  TICKS_PER_NS,
} from "../../bundle/abi.ts";
import { BpfMap, ktimeNs, type MapDefinition, possibleCpus } from "../bpf/index.ts";
import { RuntimeFault } from "../errors.ts";
import { type SampleTotals, sampleTotals } from "../events/stats.ts";
import { type Counts, counterEntry, readCounts } from "./counters.ts";
import { decodeJournal, EMPTY_JOURNAL, encodeJournal, JOURNAL_BYTES, type Journal } from "./journal.ts";
import { countLimitStates, limitCapacity } from "./limit-table.ts";
import type { PinLayout } from "./pins.ts";
import {
  decodeLedger,
  encodeLedger,
  freshLedger,
  LEDGER_BYTES,
  type ReasonLedger,
  settle,
} from "./reason-ledger.ts";
import { allocateSlots, encodeOwner, OWNER_BYTES, type SlotOwner } from "./slots.ts";

/** State maps of the program, by their name in the object. A proof instance has its own. */
export const PROGRAM_STATE = [
  "counters",
  "limit_state",
  "blocks",
  "block_horizon",
  "samples",
  "sample_state",
] as const;
export type ProgramStateName = (typeof PROGRAM_STATE)[number];

const COUNT_AGAIN_MS = 10_000;
const FIRST_KEY = new Uint8Array(4);

const JOURNAL_MAP: MapDefinition = {
  type: "array",
  name: "journal",
  keyBytes: 4,
  valueBytes: JOURNAL_BYTES,
  maxEntries: 1,
  flags: 0,
};
const SLOTS_MAP: MapDefinition = {
  type: "hash",
  name: "slots",
  keyBytes: OWNER_BYTES,
  valueBytes: 4,
  maxEntries: SLOTS_MAX,
  flags: 0,
};

const LEDGER_MAP: MapDefinition = {
  type: "array",
  name: "ledger",
  keyBytes: 4,
  valueBytes: LEDGER_BYTES,
  maxEntries: 1,
  flags: 0,
};

export class FleetState {
  readonly layout: PinLayout;
  readonly #journal: BpfMap;
  readonly #slots: BpfMap;
  readonly #ledger: BpfMap;
  readonly #program = new Map<ProgramStateName, BpfMap>();

  readonly #counts = new Map<ProgramStateName, { readonly entries: number; readonly atMs: number }>();

  /** The directories of the layout must be there. */
  constructor(layout: PinLayout) {
    this.layout = layout;
    this.#journal = openOrCreate(layout, JOURNAL_MAP);
    this.#slots = openOrCreate(layout, SLOTS_MAP);
    this.#ledger = openOrCreate(layout, LEDGER_MAP);
    for (const name of PROGRAM_STATE) {
      const path = join(layout.state, name);
      if (existsSync(path)) this.#program.set(name, BpfMap.openPinned(path));
    }
  }

  /** A journal of a later version reads as empty: the links say what serves. */
  readJournal(): Journal {
    return decodeJournal(this.#journal.lookup(FIRST_KEY) ?? new Uint8Array(JOURNAL_BYTES)) ?? EMPTY_JOURNAL;
  }

  writeJournal(journal: Journal): Journal {
    this.#journal.update(FIRST_KEY, encodeJournal(journal));
    return journal;
  }

  readLedger(): ReasonLedger | null {
    return decodeLedger(this.#ledger.lookup(FIRST_KEY) ?? new Uint8Array(LEDGER_BYTES));
  }

  writeLedger(ledger: ReasonLedger): void {
    this.#ledger.update(FIRST_KEY, encodeLedger(ledger));
  }

  /** Of the reasons, and of slots 0 to `slots` - 1; null before the first generation was built. */
  readCounts(slots: number): Counts | null {
    const counters = this.#program.get("counters");
    return counters ? readCounts(counters, slots) : null;
  }

  /** null before the first generation was built. */
  programMap(name: ProgramStateName): BpfMap | null {
    return this.#program.get(name) ?? null;
  }

  pathOf(name: ProgramStateName): string {
    return join(this.layout.state, name);
  }

  /** Of all CPUs, since the fleet's beginning; null before the first generation was built. */
  readSampleTotals(): SampleTotals | null {
    const value = this.#program.get("sample_state")?.lookup(FIRST_KEY);
    return value ? sampleTotals(value) : null;
  }

  /** Before an operator's block is set: while no block can be, the program does not look for one. */
  announceBlock(untilNs: bigint): void {
    const map = this.#program.get("block_horizon");
    if (!map) return;
    const until = Buffer.from(map.readImage(8, BLOCK_HORIZON.operatorUntilNs));
    if (until.readBigUInt64LE() >= untilNs) return;
    until.writeBigUInt64LE(untilNs);
    map.writeImage(until, BLOCK_HORIZON.operatorUntilNs);
  }

  /** The pinned map that the definition of an object asks for, made at the first call. */
  ensureProgramMap(name: ProgramStateName, definition: MapDefinition): BpfMap {
    const pinned = this.#program.get(name);
    if (pinned) {
      requireShape(join(this.layout.state, name), pinned, definition);
      return pinned;
    }
    const map = openOrCreate(this.layout, { ...definition, name });
    this.#program.set(name, map);
    return map;
  }

  /** Entries in use, and how many there can be. Reads the map: anew only when the last count is COUNT_AGAIN_MS old. */
  entriesOf(
    name: "limit_state" | "blocks",
  ): { readonly entries: number; readonly maxEntries: number } | null {
    const map = this.#program.get(name);
    if (!map) return null;
    const maxEntries = name === "limit_state" ? limitCapacity(map) : map.info.maxEntries;
    const known = this.#counts.get(name);
    if (known && performance.now() - known.atMs < COUNT_AGAIN_MS)
      return { entries: known.entries, maxEntries };
    const entries =
      name === "limit_state" ? countLimitStates(map, ktimeNs() * TICKS_PER_NS) : count(map.entries());
    this.#counts.set(name, { entries, atMs: performance.now() });
    return { entries, maxEntries };
  }

  /** Owner (as latin1 text of its key) to slot. */
  readSlots(): Map<string, number> {
    const directory = new Map<string, number>();
    for (const [key, value] of this.#slots.entries()) {
      const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
      directory.set(Buffer.from(key).toString("latin1"), view.getUint32(0, true));
    }
    return directory;
  }

  /** Every map that this process holds, by the name of its pin. */
  pinned(): [name: string, map: BpfMap][] {
    return [["journal", this.#journal], ["slots", this.#slots], ["ledger", this.#ledger], ...this.#program];
  }

  writeSlots(entries: readonly { readonly owner: SlotOwner; readonly slot: number }[]): void {
    const value = Buffer.alloc(4);
    for (const { owner, slot } of entries) {
      value.writeUInt32LE(slot);
      this.#slots.update(encodeOwner(owner), value);
    }
  }

  /** Whatever the verdicts were until now, the ledger is of these from now on. */
  settleLedger(passMask: bigint): void {
    const reasons = this.readCounts(0)?.reasons;
    const ledger = this.readLedger();
    if (!reasons || ledger?.passMask === passMask) return;
    this.writeLedger(ledger ? settle(ledger, reasons, passMask) : freshLedger(passMask));
  }

  /** A slot for each owner, written to the directory; null where there are too many. `keep` is not evicted. */
  assignSlots(owners: readonly SlotOwner[], keep: ReadonlySet<string>): Uint32Array | null {
    const result = allocateSlots(this.readSlots(), owners, keep);
    if (!result) return null;
    for (const { owner, slot } of result.evicted) {
      this.#slots.delete(encodeOwner(owner));
      this.#clearSlot(slot);
    }
    if (result.evicted.length > 0) this.#disownBlocks(new Set(result.evicted.map(({ slot }) => slot)));
    this.writeSlots(result.added);
    return result.slots;
  }

  #clearSlot(slot: number): void {
    const counters = this.#program.get("counters");
    if (!counters) return;
    const zero = new Uint8Array(counters.info.valueBytes * possibleCpus());
    const key = Buffer.alloc(4);
    for (let kind = 0; kind < COUNTERS_PER_SLOT; kind++) {
      key.writeUInt32LE(counterEntry(slot, kind));
      counters.update(key, zero);
    }
  }

  /** Blocks outlive the rule that set them; what they drop must not count for the slot's next owner. */
  #disownBlocks(slots: ReadonlySet<number>): void {
    const blocks = this.#program.get("blocks");
    if (!blocks) return;
    const counters = new Set([...slots].map((slot) => counterEntry(slot, 0)));
    for (const [key, value] of blocks.entries()) {
      const block = Buffer.from(value);
      if (!counters.has(block.readUInt32LE(BLOCK.counter))) continue;
      block.writeUInt32LE(COUNTER_NONE, BLOCK.counter);
      blocks.update(key, block);
    }
  }

  /** Whether the state is where the next agent will look for it; the journal stands for all of it. */
  get hasPins(): boolean {
    return existsSync(join(this.layout.state, JOURNAL_MAP.name));
  }

  /** Gives the maps their pins back that have lost them. The directories must be there. */
  pin(): void {
    for (const [name, map] of this.pinned()) {
      const path = join(this.layout.state, name);
      if (!existsSync(path)) map.pin(path);
    }
  }

  close(): void {
    for (const map of [this.#journal, this.#slots, this.#ledger, ...this.#program.values()]) map.close();
  }
}

function count(items: Iterable<unknown>): number {
  let seen = 0;
  for (const _ of items) seen++;
  return seen;
}

function openOrCreate(layout: PinLayout, definition: MapDefinition): BpfMap {
  const path = join(layout.state, definition.name);
  if (existsSync(path)) {
    const map = BpfMap.openPinned(path);
    requireShape(path, map, definition);
    return map;
  }
  const map = BpfMap.create(definition);
  map.pin(path);
  return map;
}

function requireShape(path: string, map: BpfMap, wanted: MapDefinition): void {
  const info = map.info;
  const fits =
    info.type === wanted.type &&
    info.keyBytes === wanted.keyBytes &&
    info.valueBytes === wanted.valueBytes &&
    info.maxEntries === wanted.maxEntries;
  if (fits) return;
  throw new RuntimeFault({
    code: "state-shape",
    operation: "open",
    object: path,
    message: `${path} is ${info.type} of ${info.maxEntries} × (${info.keyBytes} + ${info.valueBytes}) bytes, and this agent's program wants ${wanted.type} of ${wanted.maxEntries} × (${wanted.keyBytes} + ${wanted.valueBytes})`,
    help: "another version of PistonProtection made it: run that version, or detach the fleet first (its counters and limits start afresh)",
  });
}
