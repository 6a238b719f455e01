// Rules to counter slots that outlive generations. A slot belongs to a rule with what it does: a rule that turns from
// pass to drop, or moves to another backend, gets another slot, so that no total ever changes its meaning, and sums
// over all slots only grow. The directory is a pinned hash map of owner to slot; its keys say enough to account for
// rules that no generation has any more.

import assert from "node:assert/strict";
import { SLOTS_MAX } from "../../bundle/abi.ts";

const ACTIONS = ["pass", "drop", "limit"] as const;

export interface SlotOwner {
  /** 16 hex digits. */
  readonly stableId: string;
  readonly action: (typeof ACTIONS)[number];
  readonly shadow: boolean;
  readonly management: boolean;
  /** Name, cut to 48 bytes. */
  readonly backend: string | null;
}

/**
 * Key of the directory: u8[8] stable id, big-endian; u8 action; u8 shadow; u8 management; u8[5] zero; u8[48] backend,
 * UTF-8, zero-filled.
 */
export const OWNER_BYTES = 64;
const BACKEND_OFFSET = 16;

export function encodeOwner(owner: SlotOwner): Uint8Array {
  assert.match(owner.stableId, /^[0-9a-f]{16}$/);
  const bytes = Buffer.alloc(OWNER_BYTES);
  bytes.write(owner.stableId, 0, "hex");
  bytes[8] = ACTIONS.indexOf(owner.action);
  bytes[9] = Number(owner.shadow);
  bytes[10] = Number(owner.management);
  if (owner.backend !== null)
    bytes.write(owner.backend, BACKEND_OFFSET, OWNER_BYTES - BACKEND_OFFSET, "utf8");
  return bytes;
}

export function decodeOwner(key: Uint8Array): SlotOwner {
  assert.equal(key.length, OWNER_BYTES);
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  const backend = bytes.toString("utf8", BACKEND_OFFSET).replace(/\0+$/, "");
  const action = ACTIONS[bytes[8]!];
  assert(action, "a slot's owner has an action that this program does not know");
  return {
    stableId: bytes.toString("hex", 0, 8),
    action,
    shadow: bytes[9] === 1,
    management: bytes[10] === 1,
    backend: backend === "" ? null : backend,
  };
}

/** Owners are the same where their encodings are. */
export function ownerKey(owner: SlotOwner): string {
  return Buffer.from(encodeOwner(owner)).toString("latin1");
}

export interface SlotAllocation {
  /** Slot of each owner asked for, in their order. */
  readonly slots: Uint32Array;
  /** Owners that had no slot. */
  readonly added: readonly { readonly owner: SlotOwner; readonly slot: number }[];
  /** Owners that lose theirs: their counters are set to zero before the slot is given away. */
  readonly evicted: readonly { readonly owner: SlotOwner; readonly slot: number }[];
}

/**
 * Finds a slot for each owner, of whom no two are the same (stable ids are unique in a bundle). Slots are taken from those never used, and when there are none, from owners that are not
 * in `keep` (rules of the generations that are pinned). Returns null where these do not suffice either.
 */
export function allocateSlots(
  directory: ReadonlyMap<string, number>,
  owners: readonly SlotOwner[],
  keep: ReadonlySet<string>,
  capacity: number = SLOTS_MAX,
): SlotAllocation | null {
  const wanted = owners.map(ownerKey);
  const asked = new Set(wanted);
  const used = new Set(directory.values());
  const evictable = [...directory].filter(([key]) => !asked.has(key) && !keep.has(key));
  const added: { owner: SlotOwner; slot: number }[] = [];
  const evicted: { owner: SlotOwner; slot: number }[] = [];
  let next = 0;

  function take(): number | null {
    while (next < capacity && used.has(next)) next++;
    if (next < capacity) return next++;
    const victim = evictable.pop();
    if (!victim) return null;
    evicted.push({ owner: decodeOwner(Buffer.from(victim[0], "latin1")), slot: victim[1] });
    return victim[1];
  }

  const slots = new Uint32Array(owners.length);
  for (const [i, owner] of owners.entries()) {
    const key = wanted[i]!;
    let slot = directory.get(key);
    if (slot === undefined) {
      const taken = take();
      if (taken === null) return null;
      slot = taken;
      added.push({ owner, slot });
    }
    slots[i] = slot;
  }
  return { slots, added, evicted };
}
