// A fleet to the memory images of its tables, exactly as bpf/shared.h lays them out.

import { strict as assert } from "node:assert";
import {
  ABI_VERSION,
  ADDRESS_TABLE,
  BLOCKS4_TABLE,
  CONFIG,
  EXACT6_TABLE,
  FIRST_PARSE_REASON,
  LINE_BYTES,
  PAYLOAD_TEST,
  PRESENT_REST_UNIFORM,
  REASONS,
  SECTION_NAMES,
  type SectionName,
  VERDICTS,
} from "../../bundle/abi.ts";
import { entryBytesOf, tableMemoryBytes } from "../../bundle/layout.ts";
import type { SectionImage } from "../../bundle/write-bundle.ts";
import type { CheckedFleet, FleetIr, ParseClass } from "../../ir/nodes.ts";
import { type Address4Images, images4 } from "./address4-images.ts";
import { SMALL_BLOCK4_SIZE } from "./address4-mix.ts";
import { type Address6Images, images6 } from "./address6-images.ts";
import type { Blocks4Image } from "./blocks4-image.ts";
import { decisionsOf } from "./decisions.ts";
import {
  type AddressDimension,
  type Dimension,
  dimensionsOf,
  type FieldDimension,
  hasTooManyClasses,
  hasTooManyRanges4,
} from "./dimensions.ts";
import type { Exact6Image } from "./exact6-image.ts";
import { rulesImage, rulesOf } from "./rules-image.ts";
import { type SetSize, setSize } from "./set-sizes.ts";
import { dimensionRows, type RowShape, rowShape } from "./vectors.ts";

export interface Tables {
  /** Only those that the program needs. */
  readonly sections: ReadonlyMap<SectionName, SectionImage>;
  /** Kernel memory of the maps, in bytes. */
  readonly memoryBytes: number;
  /** In the order of fleet.sets. */
  readonly setSizes: readonly SetSize[];
}

/** What is known of a fleet's tables before it is checked: `tables` is null where the classes do not fit. */
export interface TablePlan {
  readonly dimensions: readonly Dimension[];
  readonly tables: Tables | null;
}

const plans = new WeakMap<FleetIr, TablePlan>();

/** Made once for each fleet: the capacity check asks for it before the emitter does. */
export function planTables(fleet: FleetIr): TablePlan {
  let plan = plans.get(fleet);
  if (!plan) {
    const dimensions = dimensionsOf(rulesOf(fleet));
    plan = { dimensions, tables: dimensions.some(isTooLarge) ? null : build(fleet, dimensions) };
    plans.set(fleet, plan);
  }
  return plan;
}

function isTooLarge(dimension: Dimension): boolean {
  return hasTooManyClasses(dimension) || hasTooManyRanges4(dimension);
}

export function buildTables(fleet: CheckedFleet): Tables {
  const { tables } = planTables(fleet);
  assert(tables, "a checked fleet has no more classes and ranges than fit");
  return tables;
}

function build(fleet: FleetIr, dimensions: readonly Dimension[]): Tables {
  const shape = rowShape(rulesOf(fleet).length);
  const images = new Map<SectionName, Uint8Array>();
  const config = new Uint8Array(CONFIG.bytes);
  const view = new DataView(config.buffer);
  images.set("config", config);
  writeConstants(view, fleet, shape, dimensions);
  if (shape.ruleCount > 0) images.set("rules", rulesImage(fleet));
  writeFields(
    view,
    images,
    dimensions.filter((dimension) => dimension.kind === "field"),
  );
  const rows = dimensions.map((dimension) =>
    dimensionRows(shape, dimension.setOfRule, dimension.classMembers),
  );
  writeRows(view, images, dimensions, rows);
  if (shape.wordCount > 1) writeDecisions(view, images, fleet, shape, dimensions, rows);
  for (const dimension of dimensions) if (dimension.kind === "address") writeSide(view, images, dimension);

  const sections = new Map<SectionName, SectionImage>();
  for (const name of SECTION_NAMES) {
    const bytes = images.get(name);
    if (bytes) sections.set(name, { bytes, entryBytes: entryBytesOf(name) });
  }
  return {
    sections,
    memoryBytes: tableMemoryBytes([...sections.values()].map(({ bytes }) => bytes.length)),
    setSizes: fleet.sets.map((set) => setSize(set.addresses)),
  };
}

function writeConstants(
  view: DataView,
  fleet: FleetIr,
  shape: RowShape,
  dimensions: readonly Dimension[],
): void {
  const limits = rulesOf(fleet).flatMap((rule) =>
    rule.action.kind === "limit" ? [{ rule, blocks: (rule.action.blockForSeconds ?? 0) > 0 }] : [],
  );
  const blocking = limits.filter(({ rule, blocks }) => blocks && !rule.shadow);
  const u32 = (offset: number, value: number) => view.setUint32(offset, value, true);
  u32(CONFIG.abiVersion, ABI_VERSION);
  u32(CONFIG.ruleCount, shape.ruleCount);
  u32(CONFIG.wordCount, shape.wordCount);
  u32(CONFIG.rowStride, shape.stride);
  u32(CONFIG.defaultVerdict, VERDICTS.indexOf(fleet.defaultVerdict));
  u32(
    CONFIG.dimensionMask,
    dimensions.reduce((mask, { index }) => mask | (1 << index), 0),
  );
  u32(CONFIG.limitCount, limits.length);
  u32(CONFIG.blockCount, blocking.length);
  view.setBigUint64(CONFIG.managementMask, (1n << BigInt(fleet.management.length)) - 1n, true);
  const payloadTests = dimensions.some(({ name }) => name === "payload") ? fleet.payloadTests : [];
  u32(CONFIG.payloadTestCount, payloadTests.length);
  payloadTests.forEach((test, index) => {
    const at = CONFIG.payloadTests + PAYLOAD_TEST.bytes * index;
    view.setBigUint64(at + PAYLOAD_TEST.mask, leftAligned(test.mask), true);
    view.setBigUint64(at + PAYLOAD_TEST.value, leftAligned(test.value), true);
    u32(at + PAYLOAD_TEST.offset, test.offset);
    u32(at + PAYLOAD_TEST.bytesCount, test.mask.length);
  });
  let passReasons = 0n;
  for (let reason = FIRST_PARSE_REASON; reason < REASONS.length; reason++)
    if (fleet.parseVerdicts[REASONS[reason] as ParseClass] === "pass") passReasons |= 1n << BigInt(reason);
  view.setBigUint64(CONFIG.passReasons, passReasons, true);
}

/** Up to 8 bytes, the first in the highest bits. */
function leftAligned(bytes: readonly number[]): bigint {
  return Array.from({ length: 8 }, (_, i) => BigInt(bytes[i] ?? 0)).reduce(
    (sum, byte) => (sum << 8n) | byte,
    0n,
  );
}

/** Two classes a label: 32 a line; each field begins on a line. */
function writeFields(
  config: DataView,
  images: Map<SectionName, Uint8Array>,
  fields: readonly FieldDimension[],
): void {
  if (fields.length === 0) return;
  const labelsPerLine = LINE_BYTES / 2;
  let entries = 0;
  const bases = fields.map(({ classes }) => {
    const base = entries;
    entries += Math.ceil(classes.length / labelsPerLine) * labelsPerLine;
    return base;
  });
  const labels = new Uint16Array(entries);
  fields.forEach(({ classes, index }, i) => {
    labels.set(classes, bases[i]);
    config.setUint32(CONFIG.fieldBase + 4 * index, bases[i]!, true);
  });
  images.set("fields", new Uint8Array(labels.buffer));
}

function writeRows(
  config: DataView,
  images: Map<SectionName, Uint8Array>,
  dimensions: readonly Dimension[],
  rows: readonly Uint32Array[],
): void {
  if (dimensions.length === 0) return;
  const halves = rows.reduce((sum, row) => sum + row.length, 0);
  const bytes = Math.ceil((4 * halves) / LINE_BYTES) * LINE_BYTES;
  const vectors = new Uint32Array(bytes / 4);
  let at = 0;
  dimensions.forEach(({ index }, i) => {
    vectors.set(rows[i]!, at);
    config.setUint32(CONFIG.rowBase + 4 * index, at / 2, true);
    at += rows[i]!.length;
  });
  images.set("vectors", new Uint8Array(vectors.buffer));
}

/** Behind the fields' classes. */
function writeDecisions(
  config: DataView,
  images: Map<SectionName, Uint8Array>,
  fleet: FleetIr,
  shape: RowShape,
  dimensions: readonly Dimension[],
  rows: readonly Uint32Array[],
): void {
  const decisions = decisionsOf(rulesOf(fleet), fleet.management.length, shape, dimensions, rows);
  if (!decisions) return;
  const fields = images.get("fields") ?? new Uint8Array(0);
  const { entries, fieldEntries, blockEntries, factors } = decisions;
  const bytes = new Uint8Array(fields.length + Math.ceil((2 * entries.length) / LINE_BYTES) * LINE_BYTES);
  bytes.set(fields);
  bytes.set(new Uint8Array(entries.buffer), fields.length);
  images.set("fields", bytes);
  const base = fields.length / 2;
  config.setUint32(CONFIG.decisionCount, entries.length, true);
  config.setUint32(CONFIG.decisionBase, base, true);
  config.setUint32(CONFIG.decisionRestBase, base + fieldEntries, true);
  config.setUint32(CONFIG.decisionBlock, blockEntries, true);
  dimensions.forEach(({ index }, i) =>
    config.setUint32(CONFIG.decisionFactor + 4 * index, factors[i]!, true),
  );
}

function writeSide(
  config: DataView,
  images: Map<SectionName, Uint8Array>,
  { name, v4, v6 }: AddressDimension,
): void {
  const side = name === "source" ? 0 : 1;
  const tableOf = (family: 0 | 1) => CONFIG.address + ADDRESS_TABLE.bytes * (2 * side + family);
  const needsTable = (at: number, { classes }: { readonly classes: Uint32Array }) => {
    config.setUint32(at + ADDRESS_TABLE.present, classes.length > 1 ? 1 : 0, true);
    if (classes.length === 1) config.setUint32(at + ADDRESS_TABLE.uniformClass, classes[0]!, true);
    return classes.length > 1;
  };
  const write = (digit: 4 | 6, { root, ranges, rest }: Address4Images | Address6Images) => {
    if (root) images.set(`${name}${digit}_root`, root);
    if (ranges) images.set(`${name}${digit}_ranges`, ranges);
    if (rest === null) return;
    const at = tableOf(digit === 4 ? 0 : 1);
    config.setUint32(at + ADDRESS_TABLE.present, PRESENT_REST_UNIFORM, true);
    config.setUint32(at + ADDRESS_TABLE.uniformClass, rest, true);
  };
  if (needsTable(tableOf(0), v4)) {
    const tables = images4(v4);
    write(4, tables);
    writeBlocks4(config, tableOf(0) + ADDRESS_TABLE.hosts, images, `${name}4_blocks`, tables.blocks);
  }
  if (needsTable(tableOf(1), v6)) {
    const tables = images6(v6);
    write(6, tables);
    writeExact6(config, tableOf(1) + ADDRESS_TABLE.hosts, images, `${name}6_hosts`, tables.hosts);
    writeExact6(config, tableOf(1) + ADDRESS_TABLE.nets, images, `${name}6_nets`, tables.nets);
  }
}

function writeBlocks4(
  config: DataView,
  at: number,
  images: Map<SectionName, Uint8Array>,
  section: SectionName,
  blocks: Blocks4Image | null,
): void {
  if (!blocks) return;
  images.set(section, blocks.image);
  config.setUint32(at + BLOCKS4_TABLE.regions, blocks.regions, true);
  config.setUint32(at + BLOCKS4_TABLE.small, blocks.size === SMALL_BLOCK4_SIZE ? 1 : 0, true);
  config.setUint32(at + BLOCKS4_TABLE.classMask, blocks.classMask, true);
  config.setUint32(at + BLOCKS4_TABLE.classIndex, blocks.classIndex, true);
}

function writeExact6(
  config: DataView,
  at: number,
  images: Map<SectionName, Uint8Array>,
  section: SectionName,
  exact: Exact6Image | null,
): void {
  if (!exact) return;
  images.set(section, exact.image);
  config.setUint32(at + EXACT6_TABLE.buckets, exact.buckets, true);
  config.setUint32(at + EXACT6_TABLE.pilots, exact.pilots, true);
  config.setUint32(at + EXACT6_TABLE.pilotMask, exact.pilotMask, true);
  config.setUint32(at + EXACT6_TABLE.keyShift, exact.keyShift, true);
}
