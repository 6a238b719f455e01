// Rules written by hand -> the images of config and tables that bpf/shared.h describes. Written for these tests alone and
// by another road than src/compiler (a sweep over the ends of ranges), so that a fault in one is not in the other.

import assert from "node:assert/strict";
import {
  ABI_VERSION,
  ADDRESS_TABLE,
  CONFIG,
  INSTANCE,
  LINE_BYTES,
  PAYLOAD_TEST,
  REASONS,
  type Reason,
  RULE,
} from "../../src/bundle/abi.ts";
import { FIELD_DOMAIN, FIELD_NAMES, type FieldName } from "../../src/ir/nodes.ts";
import type { PayloadTest } from "../../src/ir/payload.ts";
import { isFault, parsePrefix } from "../../src/ir/prefix.ts";
import { limitMultipliers, limitShift } from "../../src/runtime/kernel/limit-table.ts";

export type Range = readonly [first: number, last: number];

export interface HandRule {
  readonly id: bigint;
  readonly action: "pass" | "drop" | "limit";
  readonly shadow?: boolean;
  /** A field that is not named is not asked about; what is named matches no packet that lacks it. */
  readonly fields?: Partial<Record<FieldName, readonly Range[]>>;
  readonly source?: readonly string[];
  readonly destination?: readonly string[];
  readonly limit?: HandLimit;
}

export interface HandLimit {
  readonly id?: bigint;
  /** Ticks (1/16 ns) a unit, times 2^16. */
  readonly multiplier: bigint;
  readonly burstTicks: bigint;
  readonly unit?: "packets" | "bytes";
  readonly key?: "rule" | "source" | "destination" | "source-port" | "destination-port";
  readonly prefix4?: number;
  readonly prefix6?: number;
  readonly blockNs?: bigint;
}

export interface HandPolicy {
  readonly rules: readonly HandRule[];
  /** The first of `rules` are management flows. */
  readonly managementCount?: number;
  readonly defaultVerdict?: "pass" | "drop";
  readonly passReasons?: readonly Reason[];
  readonly payloadTests?: readonly PayloadTest[];
  readonly proof?: boolean;
  readonly samplesPerJiffy?: number;
  /** The table of limit state has 2^this buckets of four keys. 14 where it is not given. */
  readonly limitBucketBits?: number;
  /** Looks every dimension up, whether it tells rules apart or not. */
  readonly everyDimension?: boolean;
}

export interface Images {
  readonly rodata: Uint8Array;
  /** By map name; those that are not here are never read. */
  readonly tables: ReadonlyMap<string, Uint8Array>;
}

const SIDES = ["source", "destination"] as const;
const RODATA_BYTES = CONFIG.bytes + INSTANCE.bytes;
const ACTIONS = ["pass", "drop", "limit"];
const KEYS = ["rule", "source", "destination", "source-port", "destination-port"];

export const LIMIT_BUCKET_BITS = 14;

/** The first byte of the bundle digest of every hand-built generation; the rest count up. */
export const DIGEST_FIRST = 0xa0;

/** A stretch of a domain, from `start` to the next one's start, in which the same rules match. Bit n: rule n. */
interface Stretch {
  readonly start: bigint;
  readonly rules: bigint;
}

export function buildImages(policy: HandPolicy): Images {
  const { rules } = policy;
  const words = Math.max(1, Math.ceil(rules.length / 64));
  const rows = new Rows(words);
  const tables = new Map<string, Uint8Array>();
  const rodata = new DataView(new ArrayBuffer(RODATA_BYTES));
  const u32 = (at: number, value: number) => rodata.setUint32(at, value, true);
  let dimensionMask = 0;
  const addDimension = (dimension: number, base: number) => {
    u32(CONFIG.rowBase + 4 * dimension, base);
    dimensionMask |= 1 << dimension;
  };

  const classes: number[] = [];
  FIELD_NAMES.forEach((field, dimension) => {
    if (!policy.everyDimension && !rules.some((rule) => rule.fields?.[field])) return;
    while (classes.length % 32 !== 0) classes.push(0);
    u32(CONFIG.fieldBase + 4 * dimension, classes.length);
    addDimension(dimension, rows.begin());
    const named = rules.map((rule) => rule.fields?.[field]?.map(([a, b]) => [BigInt(a), BigInt(b)] as const));
    const stretches = sweep(named, BigInt(FIELD_DOMAIN[field]));
    stretches.forEach(({ start, rules: matching }, index) => {
      const end = stretches[index + 1]?.start ?? BigInt(FIELD_DOMAIN[field]);
      const row = rows.add(matching);
      for (let value = start; value < end; value++) classes.push(row);
    });
    classes.push(rows.add(bits(rules.map((rule) => rule.fields?.[field] === undefined))));
  });
  tables.set(
    "fields",
    lines(classes.length * 2, (view) => classes.forEach((c, i) => view.setUint16(2 * i, c, true))),
  );

  SIDES.forEach((side, sideIndex) => {
    if (!policy.everyDimension && !rules.some((rule) => rule[side])) return;
    addDimension(FIELD_NAMES.length + sideIndex, rows.begin());
    for (const family of [4, 6] as const) {
      const named = rules.map((rule) => rule[side]?.flatMap((text) => prefixRange(text, family)));
      const stretches = sweep(named, 1n << (family === 4 ? 32n : 128n));
      const at = CONFIG.address + ADDRESS_TABLE.bytes * (2 * sideIndex + (family === 4 ? 0 : 1));
      if (stretches.length === 1 && !policy.everyDimension) {
        u32(at + 4, rows.add(stretches[0]!.rules));
        continue;
      }
      u32(at, 1);
      const { root, ranges } = addressTables(stretches, family, rows);
      tables.set(`${side}${family}_root`, root);
      tables.set(`${side}${family}_ranges`, ranges);
    }
  });

  tables.set(
    "vectors",
    lines(rows.words.length * 8, (view) => rows.words.forEach((w, i) => view.setBigUint64(8 * i, w, true))),
  );
  tables.set(
    "rules",
    lines(rules.length * LINE_BYTES, (view) => rules.forEach((rule, i) => writeRule(view, i, rule))),
  );

  u32(CONFIG.abiVersion, ABI_VERSION);
  u32(CONFIG.ruleCount, rules.length);
  u32(CONFIG.wordCount, words);
  u32(CONFIG.rowStride, words === 1 ? 1 : words + 1);
  u32(CONFIG.defaultVerdict, policy.defaultVerdict === "drop" ? 0 : 1);
  u32(CONFIG.dimensionMask, dimensionMask);
  u32(CONFIG.limitCount, rules.filter((rule) => rule.action === "limit").length);
  u32(CONFIG.blockCount, rules.filter((rule) => rule.limit?.blockNs).length);
  rodata.setBigUint64(CONFIG.managementMask, (1n << BigInt(policy.managementCount ?? 0)) - 1n, true);
  u32(CONFIG.payloadTestCount, policy.payloadTests?.length ?? 0);
  policy.payloadTests?.forEach(({ offset, mask, value }, index) => {
    const at = CONFIG.payloadTests + PAYLOAD_TEST.bytes * index;
    // Mask and value are numbers whose highest byte is the first.
    mask.forEach((byte, i) => rodata.setUint8(at + PAYLOAD_TEST.mask + 7 - i, byte));
    value.forEach((byte, i) => rodata.setUint8(at + PAYLOAD_TEST.value + 7 - i, byte));
    u32(at + PAYLOAD_TEST.offset, offset);
    u32(at + PAYLOAD_TEST.bytesCount, mask.length);
  });
  const passed = (policy.passReasons ?? []).map((reason) => 1n << BigInt(REASONS.indexOf(reason)));
  rodata.setBigUint64(
    CONFIG.passReasons,
    passed.reduce((a, b) => a | b, 0n),
    true,
  );
  for (let i = 0; i < 32; i++) rodata.setUint8(CONFIG.bytes + INSTANCE.bundleDigest + i, DIGEST_FIRST + i);
  u32(CONFIG.bytes + INSTANCE.proof, policy.proof === false ? 0 : 1);
  u32(CONFIG.bytes + INSTANCE.samplesPerJiffy, policy.samplesPerJiffy ?? 0);
  for (const [index, multiplier] of limitMultipliers(0n).entries())
    rodata.setBigUint64(CONFIG.bytes + INSTANCE.limitMultipliers + 8 * index, multiplier, true);
  u32(CONFIG.bytes + INSTANCE.limitShift, limitShift(policy.limitBucketBits ?? LIMIT_BUCKET_BITS));
  return { rodata: new Uint8Array(rodata.buffer), tables };
}

/** Rows of bits over the rules, one dimension after another; classes are counted within a dimension. */
class Rows {
  readonly words: bigint[] = [];
  readonly #wordCount: number;
  /** By hexadecimal digits: V8 hashes a BigInt by its lowest 64 bits alone. */
  #classes = new Map<string, number>();

  constructor(wordCount: number) {
    this.#wordCount = wordCount;
  }

  /** The next dimension; returns its first word. */
  begin(): number {
    this.#classes = new Map();
    return this.words.length;
  }

  /** The class of exactly these rules, made where it is new. */
  add(rules: bigint): number {
    const key = rules.toString(16);
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    const row = Array.from({ length: this.#wordCount }, (_, w) =>
      BigInt.asUintN(64, rules >> BigInt(64 * w)),
    );
    if (this.#wordCount > 1) this.words.push(bits(row.map((word) => word !== 0n)));
    this.words.push(...row);
    const index = this.#classes.size;
    this.#classes.set(key, index);
    return index;
  }
}

function bits(flags: readonly boolean[]): bigint {
  return flags.reduce((sum, flag, index) => (flag ? sum | (1n << BigInt(index)) : sum), 0n);
}

type BigRange = readonly [first: bigint, last: bigint];

/** Cuts [0, size) where the set of matching rules changes. A rule without ranges matches everywhere; its own are disjoint. */
function sweep(named: readonly (readonly BigRange[] | undefined)[], size: bigint): Stretch[] {
  const toggles = new Map<bigint, bigint>([[0n, 0n]]);
  const toggle = (at: bigint, rule: number) =>
    toggles.set(at, (toggles.get(at) ?? 0n) ^ (1n << BigInt(rule)));
  named.forEach((ranges, rule) => {
    for (const [first, last] of ranges ?? [[0n, size - 1n]]) {
      toggle(first, rule);
      toggle(last + 1n, rule);
    }
  });
  let rules = 0n;
  return [...toggles]
    .filter(([start]) => start < size)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([start, toggled]) => ({ start, rules: (rules ^= toggled) }));
}

function prefixRange(text: string, family: 4 | 6): BigRange[] {
  const prefix = parsePrefix(text);
  assert(!isFault(prefix), `${text} is no prefix`);
  if (prefix.family !== family) return [];
  return [[prefix.first, prefix.last]];
}

type Chunk = readonly { readonly first: bigint; readonly class: number }[];

/** Each chunk's stretches, cut at its first address. */
function chunksOf(stretches: readonly Stretch[], rows: Rows): Chunk[] {
  let next = 0; // first stretch that starts after the chunk's first address
  return Array.from({ length: 65_536 }, (_, chunk) => {
    const first = BigInt(chunk) << 16n;
    const end = BigInt(chunk + 1) << 16n;
    while (next < stretches.length && stretches[next]!.start <= first) next++;
    const inside = [{ start: first, rules: stretches[next - 1]!.rules }];
    for (let i = next; i < stretches.length && stretches[i]!.start < end; i++) inside.push(stretches[i]!);
    return inside.map(({ start, rules }) => ({ first: start, class: rows.add(rules) }));
  });
}

function addressTables(stretches: readonly Stretch[], family: 4 | 6, rows: Rows) {
  return family === 4 ? tables4(chunksOf(stretches, rows)) : tables6(stretches, rows);
}

/** Every chunk with ranges has lines of its own; no exact tables. */
function tables4(chunks: readonly Chunk[]) {
  const image: number[] = []; // 16-bit cells, 32 a line
  const root = lines(65_536 * 4, (view) => {
    chunks.forEach((chunk, index) => {
      if (chunk.length === 1) {
        view.setUint32(4 * index, chunk[0]!.class << 12, true);
        return;
      }
      const whole = Math.ceil(chunk.length / 16);
      const n = whole <= 64 ? whole - 1 : Math.ceil((whole + 62) / 2);
      const lineCount = chunk.length <= 8 ? 1 : whole <= 64 ? whole : 2 * n - 62;
      const kind = chunk.length <= 4 ? 1 : chunk.length <= 8 ? 2 : 16 + n;
      view.setUint32(4 * index, ((image.length / 32) << 12) | kind, true);
      for (let at = 0; at < lineCount * 16; at += 16) {
        const sixteen = Array.from({ length: 16 }, (_, i) => chunk[at + i]);
        const negated = sixteen.map((one) => (one ? Number(BigInt.asUintN(16, -one.first)) : 0));
        image.push(...negated, ...sixteen.map((one) => one?.class ?? 0));
      }
    });
  });
  const ranges = lines(image.length * 2, (view) => {
    image.forEach((cell, i) => view.setUint16(2 * i, cell, true));
  });
  return { root, ranges };
}

/** All stretches are ranges; no exact tables. */
function tables6(stretches: readonly Stretch[], rows: Rows) {
  const classes = stretches.map(({ rules }) => rows.add(rules));
  let reach = stretches.length;
  const root = lines(65_536 * 4, (view) => {
    let first = 0;
    for (let chunk = 0n; chunk < 65_536n; chunk++) {
      while (first + 1 < stretches.length && stretches[first + 1]!.start <= chunk << 112n) first++;
      let last = first;
      while (last + 1 < stretches.length && stretches[last + 1]!.start < (chunk + 1n) << 112n) last++;
      const halvings = Math.ceil(Math.log2(last - first + 1));
      if (halvings > 0) reach = Math.max(reach, first + 2 ** halvings);
      const what = halvings === 0 ? classes[first]! : first;
      view.setUint32(4 * Number(chunk), what * 32 + halvings, true);
    }
  });
  const ranges = lines(reach * 32, (view) => {
    for (let i = 0; i < reach; i++) {
      const at = Math.min(i, stretches.length - 1); // past the last one, copies of it
      const { start } = stretches[at]!;
      view.setBigUint64(32 * i, start >> 64n, true);
      view.setBigUint64(32 * i + 8, BigInt.asUintN(64, start), true);
      view.setUint32(32 * i + 16, classes[at]!, true);
    }
  });
  return { root, ranges };
}

function writeRule(view: DataView, index: number, rule: HandRule): void {
  const at = index * LINE_BYTES;
  view.setBigUint64(at + RULE.id, rule.id, true);
  view.setUint8(at + RULE.action, ACTIONS.indexOf(rule.action));
  view.setUint8(at + RULE.shadow, rule.shadow ? 1 : 0);
  const { limit } = rule;
  if (!limit) return;
  view.setBigUint64(at + RULE.limitId, limit.id ?? rule.id, true);
  view.setBigUint64(at + RULE.limitMultiplier, limit.multiplier, true);
  view.setBigUint64(at + RULE.limitBurstTicks, limit.burstTicks, true);
  view.setBigUint64(at + RULE.blockNs, limit.blockNs ?? 0n, true);
  view.setUint8(at + RULE.limitUnit, limit.unit === "bytes" ? 1 : 0);
  view.setUint8(at + RULE.limitKey, KEYS.indexOf(limit.key ?? "rule"));
  view.setUint8(at + RULE.limitPrefix4, limit.prefix4 ?? 32);
  view.setUint8(at + RULE.limitPrefix6, limit.prefix6 ?? 64);
}

/** At least one line, whole lines. */
function lines(bytes: number, write: (view: DataView) => void): Uint8Array {
  const image = new Uint8Array(Math.max(1, Math.ceil(bytes / LINE_BYTES)) * LINE_BYTES);
  write(new DataView(image.buffer));
  return image;
}
