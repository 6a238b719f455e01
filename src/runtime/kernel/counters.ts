// Where counters stand in the map `counters`, and how they are read; and the table `counter_slots`, which tells the program
// where each rule's are (bpf/shared.h).

import {
  ACTIONS,
  COUNTER_GROUP,
  COUNTER_KINDS,
  COUNTER_NONE,
  COUNTERS_PER_SLOT,
  COUNTERS_REASONS,
  LINE_BYTES,
  REASONS,
  RULE,
  RULE_GOES_ON_BIT,
  RULE_PASSES_BIT,
} from "../../bundle/abi.ts";
import { sectionSha256 } from "../../bundle/digest.ts";
import { type BpfMap, possibleCpus } from "../bpf/index.ts";
import type { Count } from "./reason-ledger.ts";
import type { TableImage } from "./tables.ts";

/** Sums over the CPUs. */
export interface Counts {
  readonly reasons: readonly Count[];
  /** By slot, then in the order of COUNTER_KINDS. */
  readonly slots: readonly (readonly Count[])[];
}

/** `kind`: index in COUNTER_KINDS. */
export function counterEntry(slot: number, kind: number): number {
  const group = Math.floor(slot / COUNTER_GROUP);
  return COUNTERS_REASONS + (group * COUNTERS_PER_SLOT + kind) * COUNTER_GROUP + (slot % COUNTER_GROUP);
}

/** Entries that a map needs for slots 0 to `slots` - 1. */
export function countersFor(slots: number): number {
  return COUNTERS_REASONS + Math.ceil(slots / COUNTER_GROUP) * COUNTERS_PER_SLOT * COUNTER_GROUP;
}

/** Of slots 0 to `slots` - 1, and of the reasons. */
export function readCounts(counters: Pick<BpfMap, "readRange">, slots: number): Counts {
  const cpus = possibleCpus();
  const read = (first: number, count: number) => sumCounters(counters.readRange(first, count), cpus);
  const bySlot: Count[][] = [];
  for (let first = 0; first < slots; first += COUNTER_GROUP) {
    const inGroup = Math.min(COUNTER_GROUP, slots - first);
    const kinds = COUNTER_KINDS.map((_, kind) => read(counterEntry(first, kind), inGroup));
    for (let slot = 0; slot < inGroup; slot++) bySlot.push(kinds.map((counts) => counts[slot]!));
  }
  return { reasons: read(0, REASONS.length), slots: bySlot };
}

/** Sums values of a per-CPU array over the CPUs. `values` are entries side by side, each one struct counter for each CPU. */
export function sumCounters(values: Uint8Array, cpus: number): Count[] {
  const words = new BigUint64Array(values.buffer, values.byteOffset, values.byteLength / 8);
  const counts: Count[] = [];
  for (let at = 0; at < words.length; ) {
    let packets = 0n;
    let bytes = 0n;
    for (let cpu = 0; cpu < cpus; cpu++) {
      packets += words[at++]!;
      bytes += words[at++]!;
    }
    counts.push({ packets: Number(packets), bytes: Number(bytes) });
  }
  return counts;
}

const PASS = ACTIONS.indexOf("pass");
const LIMIT = ACTIONS.indexOf("limit");

/** `rules`: the bundle's section, null where it has none. `slots`: of each rule, null where it is not counted. */
export function slotsImage(rules: Uint8Array | null, slots: ArrayLike<number | null>): TableImage {
  const bytes = Buffer.alloc(Math.max(1, Math.ceil((4 * slots.length) / LINE_BYTES)) * LINE_BYTES);
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index] ?? null;
    const action = rules?.[index * RULE.bytes + RULE.action];
    const goesOn = action === LIMIT || rules?.[index * RULE.bytes + RULE.shadow] === 1;
    const flags = (goesOn ? 2 ** RULE_GOES_ON_BIT : 0) + (action === PASS ? 2 ** RULE_PASSES_BIT : 0);
    bytes.writeUInt32LE(flags + (slot === null ? COUNTER_NONE : counterEntry(slot, 0)), 4 * index);
  }
  return { name: "counter_slots", bytes, sha256: sectionSha256(bytes) };
}

/** The slots of an image in which every rule has one. */
export function slotsOf(image: Uint8Array): Uint32Array {
  const entries = new Uint32Array(image.buffer, image.byteOffset, image.length / 4);
  return entries.map((entry) => {
    const counter = (entry & 0xffff) - COUNTERS_REASONS;
    return (
      Math.floor(counter / (COUNTERS_PER_SLOT * COUNTER_GROUP)) * COUNTER_GROUP + (counter % COUNTER_GROUP)
    );
  });
}
