// Tables that generations share, by their pins: which are taken over, which are made anew, and what becomes of a pin that is something else.

import { readdirSync, rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sectionSha256 } from "../../src/bundle/digest.ts";
import { BpfMap, MAP_FLAGS } from "../../src/runtime/bpf/index.ts";
import { createLayout, pinLayout, tablePin } from "../../src/runtime/kernel/pins.ts";
import { openTables, sweepTables, type TableImage } from "../../src/runtime/kernel/tables.ts";
import { describeKernel } from "../support/kernel.ts";

const PIN_PATH = `/sys/fs/bpf/piston-test-${process.pid}-tables`;
const LAYOUT = pinLayout(PIN_PATH, "edge");
const BYTES = Uint8Array.from({ length: 128 }, (_, i) => i);
const RULES: TableImage = { name: "rules", bytes: BYTES, sha256: sectionSha256(BYTES) };
const PIN = tablePin(LAYOUT, RULES.name, RULES.sha256);

interface Shape {
  readonly valueBytes: number;
  readonly maxEntries: number;
  readonly isFrozen: boolean;
  readonly bytes: Uint8Array;
}

/** Another hand's map under the pin of the table. Returns its id. */
function plant(change: Partial<Shape> = {}): number {
  const shape = { valueBytes: 128, maxEntries: 1, isFrozen: true, bytes: BYTES, ...change };
  const { valueBytes, maxEntries, isFrozen, bytes } = shape;
  using map = BpfMap.create({
    type: "array",
    name: "rules",
    keyBytes: 4,
    valueBytes,
    maxEntries,
    flags: MAP_FLAGS.mmapable,
  });
  map.writeImage(bytes);
  if (isFrozen) map.freeze();
  rmSync(PIN, { force: true });
  map.pin(PIN);
  return map.info.id;
}

/** Opens the table, pins it, and says which map it is and whether that was there. */
function open(): { readonly id: number; readonly shared: number; readonly pinned: number } {
  const tables = openTables(LAYOUT, [RULES]);
  try {
    const map = tables.maps.get("rules")!;
    expect(map.info).toMatchObject({ frozen: true, valueBytes: 128, maxEntries: 1 });
    expect(map.readImage(128)).toEqual(BYTES);
    tables.pin();
    using pinned = BpfMap.openPinned(PIN);
    return { id: map.info.id, shared: tables.shared, pinned: pinned.info.id };
  } finally {
    tables.close();
  }
}

describeKernel("a table", () => {
  beforeEach(() => createLayout(PIN_PATH, LAYOUT));
  afterEach(() => rmSync(PIN_PATH, { recursive: true, force: true }));

  test("is made and pinned, and is the next generation's too", () => {
    const made = open();
    expect(made).toEqual({ id: made.id, shared: 0, pinned: made.id });
    expect(open()).toEqual({ id: made.id, shared: 1, pinned: made.id });
  });

  test("that somebody else pinned, whole and frozen, is as good", () => {
    const id = plant();
    expect(open()).toEqual({ id, shared: 1, pinned: id });
  });

  test.each<[string, Partial<Shape>]>([
    ["is not frozen", { isFrozen: false }],
    ["holds other bytes", { bytes: BYTES.map((byte, i) => (i === 127 ? byte ^ 1 : byte)) }],
    ["is longer", { valueBytes: 192 }],
    ["is shorter", { valueBytes: 64, bytes: BYTES.subarray(0, 64) }],
    ["is of lines, as earlier agents made them", { valueBytes: 64, maxEntries: 2 }],
  ])("is made anew, and pinned in its place, where what is pinned %s", (_, change) => {
    const planted = plant(change);
    const made = open();
    expect(made.id).not.toBe(planted);
    expect(made).toEqual({ id: made.id, shared: 0, pinned: made.id });
    expect(open()).toEqual({ id: made.id, shared: 1, pinned: made.id });
  });

  test("whose bytes are not what its digest says is a fault, and leaves nothing", () => {
    const wrong = { ...RULES, bytes: BYTES.map((byte) => byte ^ 1) };
    expect(() => openTables(LAYOUT, [wrong])).toThrow(
      "what the kernel holds of table rules is not what its digest says",
    );
    expect(readdirSync(LAYOUT.tables)).toEqual([]);
  });

  test("that no generation uses is unpinned, and no other", () => {
    open();
    using other = BpfMap.openPinned(PIN);
    other.pin(`${LAYOUT.tables}/rules-0123456789abcdef`);
    sweepTables(LAYOUT, new Set([PIN]));
    expect(readdirSync(LAYOUT.tables)).toEqual([PIN.slice(LAYOUT.tables.length + 1)]);
  });
});
