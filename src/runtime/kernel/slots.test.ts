import { describe, expect, it } from "vitest";
import { allocateSlots, decodeOwner, encodeOwner, OWNER_BYTES, ownerKey, type SlotOwner } from "./slots.ts";

function owner(id: number, change: Partial<SlotOwner> = {}): SlotOwner {
  return {
    stableId: id.toString(16).padStart(16, "0"),
    action: "drop",
    shadow: false,
    management: false,
    backend: null,
    ...change,
  };
}
function directoryOf(...owners: SlotOwner[]): Map<string, number> {
  return new Map(owners.map((entry, slot) => [ownerKey(entry), slot]));
}

describe("the owner of a slot", () => {
  it("can be read back from its key", () => {
    for (const entry of [
      owner(1),
      owner(2 ** 40, { action: "limit", shadow: true }),
      owner(3, { action: "pass", management: true, backend: "dns" }),
    ])
      expect(decodeOwner(encodeOwner(entry))).toEqual(entry);
    expect(encodeOwner(owner(1))).toHaveLength(OWNER_BYTES);
  });

  it("is another one for another action, mode or backend", () => {
    const keys = [
      owner(1),
      owner(1, { action: "pass" }),
      owner(1, { shadow: true }),
      owner(1, { backend: "b" }),
    ];
    expect(new Set(keys.map(ownerKey)).size).toBe(4);
  });

  it("keeps a backend's name of 48 bytes, and cuts the 49th", () => {
    expect(decodeOwner(encodeOwner(owner(1, { backend: "b".repeat(48) }))).backend).toBe("b".repeat(48));
    expect(decodeOwner(encodeOwner(owner(1, { backend: "b".repeat(49) }))).backend).toBe("b".repeat(48));
  });
});

describe("allocating slots", () => {
  it("gives known owners their slots, and new ones those never used", () => {
    const result = allocateSlots(directoryOf(owner(1), owner(2)), [owner(3), owner(2), owner(4)], new Set());
    expect([...result!.slots]).toEqual([2, 1, 3]);
    expect(result!.added).toEqual([
      { owner: owner(3), slot: 2 },
      { owner: owner(4), slot: 3 },
    ]);
    expect(result!.evicted).toEqual([]);
  });

  it("takes no slot away while one is free, and then one that no generation keeps", () => {
    const directory = directoryOf(owner(1), owner(2));
    const keep = new Set([ownerKey(owner(1))]);
    expect(allocateSlots(directory, [owner(3)], keep, 3)!.evicted).toEqual([]);
    const full = allocateSlots(directory, [owner(3)], keep, 2)!;
    expect(full.evicted).toEqual([{ owner: owner(2), slot: 1 }]);
    expect([...full.slots]).toEqual([1]);
  });

  it("fails where every slot is kept or asked for", () => {
    const directory = directoryOf(owner(1), owner(2));
    const keep = new Set([ownerKey(owner(1))]);
    expect(allocateSlots(directory, [owner(2), owner(3)], keep, 2)).toBeNull();
    expect(allocateSlots(directory, [owner(2), owner(3)], new Set(), 2)).not.toBeNull();
  });
});
