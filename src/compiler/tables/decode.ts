// Images of tables back to answers, the way the XDP program looks them up: for tests, and for people who doubt.

import {
  ADDRESS6_RANGE,
  BLOCK4_FREE,
  BLOCK4_SLOTS,
  DECISION_ROWS,
  DIMENSION_SOURCE,
  FIELD_COUNT,
  FIELD_DOMAINS,
  HOST6_CLASS_BITS,
  HOSTS6_MARKED,
  LINE_BYTES,
  NET6_HOSTS,
  PILOT4_RANGES,
  PRESENT_REST_UNIFORM,
  RANGE_GROUPS,
  RANGE_INDEX_LEAST,
  RANGE_INDEX_MOST,
  REGION4_BUCKETS,
  ROOT_DIRECT,
  ROOT_KIND_BITS,
  ROOT_LINES,
  ROOT6_STEP_BITS,
  type SectionName,
} from "../../bundle/abi.ts";
import type { AddressTable, Exact6Table } from "../../bundle/address-consistency.ts";
import { type Config, decodeConfig } from "../../bundle/consistency.ts";
import { blocks4Layout } from "../../bundle/layout.ts";
import type { Family } from "../../ir/prefix.ts";
import {
  BLOCK4_SIZE,
  block4Bucket,
  block4Group,
  block4LabelTag,
  block4Product,
  block4Tag,
  SMALL_BLOCK4_SIZE,
} from "./address4-mix.ts";
import {
  bucketOf,
  host6Key,
  host6Word,
  type Key6,
  net6Begin,
  net6Key,
  steered,
  type Word6,
} from "./address6-mix.ts";

/** A field's value, null where the packet has none; or an address. */
export type DimensionValue = number | null | { readonly family: Family; readonly value: bigint };

type Side = "source" | "destination";
type Tables4 = Pick<AddressTable, "present" | "uniformClass" | "blocks4">;
type Tables6 = Pick<AddressTable, "present" | "uniformClass" | "hosts6" | "nets6">;

export type Images = ReadonlyMap<SectionName, Uint8Array>;

const configs = new WeakMap<Images, Config>();

/** Decoded once for the images of a bundle, which do not change. */
function configOf(images: Images): Config {
  let config = configs.get(images);
  if (!config) configs.set(images, (config = decodeConfig(images)));
  return config;
}

/** The class of a value in a dimension. Null where the dimension is not looked up. */
export function classify(images: Images, dimension: number, value: DimensionValue): number | null {
  const config = configOf(images);
  if (((config.dimensionMask >>> dimension) & 1) === 0) return null;
  if (dimension < FIELD_COUNT) {
    const label = typeof value === "number" ? value : FIELD_DOMAINS[dimension]!;
    return view(images, "fields").getUint16(2 * (config.fieldBase[dimension]! + label), true);
  }
  if (value === null || typeof value === "number") throw new TypeError("this dimension takes an address");
  const side = dimension - DIMENSION_SOURCE;
  const table = config.address[side]![value.family === 4 ? 0 : 1]!;
  if (table.present === 0) return table.uniformClass;
  const name = side === 0 ? "source" : "destination";
  return value.family === 4
    ? class4(images, name, table, Number(value.value))
    : class6(images, name, table, value.value);
}

/** Its tables may be those of a test. */
export function class4(
  images: Images,
  name: Side,
  { present, uniformClass, blocks4 }: Tables4,
  address: number,
): number {
  if (blocks4.regions === 0) return rangesClass(images, name, address);
  const { label, pilot } = block4(view(images, `${name}4_blocks`), blocks4, address);
  if (label !== null) return label;
  const isRest = present === PRESENT_REST_UNIFORM && (pilot & PILOT4_RANGES) === 0;
  return isRest ? uniformClass : rangesClass(images, name, address);
}

function block4(
  bytes: DataView,
  { regions, small, classMask, classIndex }: Tables4["blocks4"],
  address: number,
) {
  const size = small === 1 ? SMALL_BLOCK4_SIZE : BLOCK4_SIZE;
  const product = block4Product(address, size, regions);
  const group = block4Group(product);
  const { bucketBytes, regionBytes } = blocks4Layout(classMask);
  const first = Math.floor(group / REGION4_BUCKETS) * regionBytes;
  const pilot = bytes.getUint8(first + (group % REGION4_BUCKETS));
  const own = (block4Bucket(product) ^ pilot) & (REGION4_BUCKETS - 1);
  const slots = first + REGION4_BUCKETS + own * bucketBytes;
  const code = block4Tag(product, size) | ((address & (size - 1)) << 1);
  for (let slot = slots; slot < slots + 2 * BLOCK4_SLOTS; slot += 2) {
    const word = bytes.getUint16(slot, true);
    if (word === BLOCK4_FREE || (word ^ code) >= 2 * (word & -word)) continue;
    if (classMask === 0) return { label: classIndex, pilot };
    const label = bytes.getUint16(slot + 2 * BLOCK4_SLOTS, true);
    if ((label ^ block4LabelTag(product, size)) <= classMask) return { label: label & classMask, pilot };
  }
  return { label: null, pilot };
}

function rangesClass(images: Images, name: Side, address: number): number {
  const word = view(images, `${name}4_root`).getUint32(4 * (address >>> 16), true);
  const kind = word & (2 ** ROOT_KIND_BITS - 1);
  const at = word >>> ROOT_KIND_BITS;
  if (kind === 0) return at;
  const ranges = view(images, `${name}4_ranges`);
  if (kind >= ROOT_DIRECT)
    return ranges.getUint16(LINE_BYTES * at + 2 * ((address & 0xffff) >>> (kind - ROOT_DIRECT)), true);
  const perLine = LINE_BYTES / 4;
  const perGroup = perLine / RANGE_GROUPS;
  const few = kind < ROOT_LINES;
  const n = kind - ROOT_LINES;
  const lines = n < 64 ? n + 1 : 2 * n - 62;
  const first = few ? ((kind - 1) >>> 1) * perGroup : 0;
  const room = few ? (1 + ((kind - 1) & 1)) * perGroup : lines * perLine;
  const cell = (range: number) => LINE_BYTES * (at + Math.floor(range / perLine)) + 2 * (range % perLine);
  const last = (from: number, end: number) => {
    let found = from;
    for (let i = from + 1; i < end; i++)
      if (ranges.getUint16(cell(i), true) + (address & 0xffff) >= 65536) found = i;
    return found;
  };
  const hasIndex = !few && lines >= RANGE_INDEX_LEAST && lines <= RANGE_INDEX_MOST;
  const begin = hasIndex ? (1 + last(0, perLine)) * perLine : first;
  return ranges.getUint16(
    cell(last(begin, hasIndex ? begin + perLine : begin + room)) + LINE_BYTES / 2,
    true,
  );
}

/** Likewise. */
export function class6(
  images: Images,
  name: Side,
  { present, uniformClass, hosts6, nets6 }: Tables6,
  address: bigint,
): number {
  const net = net6Slot(images, `${name}6_nets`, nets6, address);
  const mayBeHost = hosts6.keyShift !== HOSTS6_MARKED || net?.hasHosts === true;
  const host = mayBeHost ? host6Class(images, `${name}6_hosts`, hosts6, address) : null;
  const rest = () => (present === PRESENT_REST_UNIFORM ? uniformClass : ranges6Class(images, name, address));
  return host ?? net?.label ?? rest();
}

/** Where a key's bucket begins, and its hash there. */
function bucket6(bytes: DataView, { buckets, pilots, pilotMask }: Exact6Table, { hash }: Key6) {
  const own = steered(hash, bytes.getUint8(hash & pilotMask));
  return { own, line: pilots + LINE_BYTES * bucketOf(own, buckets) };
}

const wordOf = ({ upper, lower }: Word6) => (BigInt(upper) << 32n) | BigInt(lower);

function host6Class(images: Images, section: SectionName, table: Exact6Table, address: bigint) {
  if (table.buckets === 0) return null;
  const bytes = view(images, section);
  const key = host6Key(address);
  const { own, line } = bucket6(bytes, table, key);
  const word = wordOf(host6Word(own, key.rest, table.buckets));
  for (let at = line; at < line + LINE_BYTES; at += 16) {
    const found = bytes.getBigUint64(at, true);
    const code = Number(BigInt.asUintN(HOST6_CLASS_BITS, found));
    if (code === 0 || found - BigInt(code) !== word) continue;
    if (bytes.getBigUint64(at + 8, true) === BigInt.asUintN(64, address)) return code - 1;
  }
  return null;
}

/** A null label is that of the ranges. */
function net6Slot(
  images: Images,
  section: SectionName,
  table: Exact6Table,
  address: bigint,
): { readonly label: number | null; readonly hasHosts: boolean } | null {
  if (table.buckets === 0) return null;
  const bytes = view(images, section);
  const key = net6Key(address, table.keyShift);
  const { own, line } = bucket6(bytes, table, key);
  const begin = wordOf(net6Begin(own, key.rest, table.buckets));
  for (let slot = 1; slot < LINE_BYTES / 8; slot++) {
    const word = bytes.getBigUint64(line + 8 * slot, true);
    if (word === 0n || (word ^ begin) >> BigInt.asUintN(6, word) !== 0n) continue;
    const code = bytes.getUint8(line + slot);
    return { label: code === 0 ? null : code - 1, hasHosts: (word & BigInt(NET6_HOSTS)) !== 0n };
  }
  return null;
}

function ranges6Class(images: Images, name: Side, address: bigint): number {
  const word = view(images, `${name}6_root`).getUint32(4 * Number(address >> 112n), true);
  const steps = word & (2 ** ROOT6_STEP_BITS - 1);
  if (steps === 0) return word >>> ROOT6_STEP_BITS;
  const ranges = view(images, `${name}6_ranges`);
  let low = word >>> ROOT6_STEP_BITS;
  let high = low + 2 ** steps; // the last range whose first address is not above the value
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (range6(ranges, middle).first <= address) low = middle;
    else high = middle;
  }
  return range6(ranges, low).label;
}

function range6(ranges: DataView, index: number) {
  const at = index * ADDRESS6_RANGE.bytes;
  const high = ranges.getBigUint64(at + ADDRESS6_RANGE.firstHigh, true);
  const low = ranges.getBigUint64(at + ADDRESS6_RANGE.firstLow, true);
  return { first: (high << 64n) | low, label: ranges.getUint32(at + ADDRESS6_RANGE.classIndex, true) };
}

/**
 * What the tables of decisions say of one class for each dimension that is looked up: a rule's place, null for no rule, or that the
 * rows are to be asked. Undefined where there are none.
 */
export function decisionOf(
  images: Images,
  classOf: ReadonlyMap<number, number>,
): number | "rows" | null | undefined {
  const { decisionCount, decisionBase, decisionRestBase, decisionBlock, decisionFactor } = configOf(images);
  if (decisionCount === 0) return undefined;
  const entries = view(images, "fields");
  let fields = decisionBase;
  let addresses = 0;
  for (const [dimension, label] of classOf) {
    const step = label * decisionFactor[dimension]!;
    if (dimension < FIELD_COUNT) fields += step;
    else addresses += step;
  }
  const block = entries.getUint16(2 * fields, true);
  if (block === 0) return null;
  const decision = entries.getUint16(2 * (decisionRestBase + (block - 1) * decisionBlock + addresses), true);
  return decision === 0 ? null : decision === DECISION_ROWS ? "rows" : decision - 1;
}

/** The rules that a class leaves in question, ascending, read through the summary word where there is one. */
export function rulesOfClass(images: Images, dimension: number, classIndex: number): readonly number[] {
  const config = decodeConfig(images);
  const vectors = view(images, "vectors");
  const row = config.rowBase[dimension]! + classIndex * config.rowStride;
  const word = (at: number) => vectors.getBigUint64(8 * at, true);
  if (config.rowStride === 1) return bits(word(row));
  return bits(word(row)).flatMap((w) => bits(word(row + 1 + w)).map((bit) => 64 * w + bit));
}

function bits(word: bigint): number[] {
  const found: number[] = [];
  for (let bit = 0; bit < 64; bit++) if ((word >> BigInt(bit)) & 1n) found.push(bit);
  return found;
}

function view(images: Images, name: SectionName): DataView {
  const image = images.get(name);
  if (!image) throw new Error(`section ${name} is missing`);
  return new DataView(image.buffer, image.byteOffset, image.byteLength);
}
