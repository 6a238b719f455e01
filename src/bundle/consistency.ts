// Manifest and section images to nothing, or a BundleError: a bundle whose digests fit may still have been made wrong.
// Every index that the XDP program could compute from these tables stays inside its table, every rule and section is
// what the manifest says, and nothing is there that the program would not read.

import {
  ABI_VERSION,
  ACTIONS,
  ADDRESS_TABLE,
  CONFIG,
  DIMENSION_COUNT,
  DIMENSION_SLOTS,
  DIMENSION_SOURCE,
  FIELD_COUNT,
  FIELD_DOMAINS,
  FIRST_PARSE_REASON,
  LIMIT_KEYS,
  LIMIT_UNITS,
  MANAGEMENT_MAX,
  PAYLOAD_OFFSET_MAX,
  PAYLOAD_TEST,
  PAYLOAD_TESTS_MAX,
  REASONS,
  RULE,
  SECTION_NAMES,
  type SectionName,
  VERDICTS,
} from "./abi.ts";
import {
  type AddressClasses,
  type AddressTable,
  checkAddressTable,
  decodeAddressTable,
  numbersOf,
} from "./address-consistency.ts";
import { inconsistent as fault } from "./bundle-error.ts";
import { checkDecisions, type DecisionNumbers } from "./decision-consistency.ts";
import { entryBytesOf, tableMemoryBytes } from "./layout.ts";
import type { Manifest, ManifestRule } from "./manifest.generated.ts";

export type Images = ReadonlyMap<SectionName, Uint8Array>;

/**
 * Throws BundleError `inconsistent`. Images are aligned to 8 bytes, and may be of any content. What is returned is to be
 * called when they are known to have the digests that the manifest says: then what was found need not be found again.
 */
export function checkConsistency(manifest: Manifest, images: Images): () => void {
  checkManifest(manifest);
  checkSections(manifest);
  const config = decodeConfig(images);
  checkConfig(config, manifest);
  checkPayloadTests(config);
  checkRules(manifest, images);
  const needed = new Set<SectionName>(["config"]);
  const found = new Map<string, AddressClasses>();
  const classCounts = new Map<number, number>();
  if (config.ruleCount > 0) needed.add("rules");
  for (let dimension = 0; dimension < DIMENSION_COUNT; dimension++) {
    if (!uses(config, dimension)) {
      checkUnused(config, dimension);
      continue;
    }
    needed.add("vectors");
    const classes =
      dimension < FIELD_COUNT
        ? fieldClasses(config, dimension, images, needed)
        : sideClasses(config, dimension, needed, (side, family, table) =>
            addressClasses(side, family, table, manifest, images, found),
          );
    checkRows(config, dimension, classes, images);
    classCounts.set(dimension, classes);
  }
  checkDecisions(config, classCounts, manifest.rules, images);
  if (config.decisionCount > 0) needed.add("fields");
  for (const name of SECTION_NAMES) {
    if (images.has(name) && !needed.has(name)) throw fault(`section ${name}`, "nothing uses it");
    if (!images.has(name) && needed.has(name)) throw fault(`section ${name}`, "it is missing");
  }
  return () => remember(found);
}

// ---- Manifest ----------------------------------------------------------------------------------------------------------

function checkManifest(manifest: Manifest): void {
  const wrong = (what: string) => fault("manifest", what);
  if (manifest.abiVersion !== ABI_VERSION)
    throw wrong(`abiVersion is ${manifest.abiVersion}; the header says ${ABI_VERSION}`);
  const ids = new Set<string>();
  const stableIds = new Set<string>();
  const backends = new Set(manifest.backends.map((backend) => backend.name));
  manifest.rules.forEach((rule, i) => {
    if (rule.index !== i) throw wrong(`rule ${rule.id} stands at ${i} and says index ${rule.index}`);
    if (ids.has(rule.id) || stableIds.has(rule.stableId)) throw wrong(`rule ${rule.id} is there twice`);
    ids.add(rule.id);
    stableIds.add(rule.stableId);
    if ((rule.limit !== null) !== (rule.action === "limit"))
      throw wrong(`rule ${rule.id} is a ${rule.action} and its limit is ${rule.limit ? "given" : "missing"}`);
    if (rule.backend !== null && !backends.has(rule.backend))
      throw wrong(`rule ${rule.id} names an unknown backend ${rule.backend}`);
  });
  for (const witness of manifest.witnesses) {
    for (const id of [witness.rule, ...witness.steps.map((step) => step.rule)])
      if (id !== null && !ids.has(id)) throw wrong(`witness ${witness.name} names an unknown rule ${id}`);
    for (const step of witness.steps) {
      if (step.packet.length % 4 !== 0) throw wrong(`witness ${witness.name}: a packet is not base64`);
      if (Buffer.byteLength(step.packet, "base64") < 14)
        throw wrong(`witness ${witness.name}: a packet has less than 14 bytes, which no test-run takes`);
      if (BigInt(step.atNs) >= 1n << 64n) throw wrong(`witness ${witness.name}: ${step.atNs} ns is no u64`);
    }
  }
  const memoryBytes = tableMemoryBytes(manifest.sections.map((section) => section.length));
  if (manifest.memoryBytes !== memoryBytes)
    throw wrong(`memoryBytes is ${manifest.memoryBytes}; the sections take ${memoryBytes}`);
}

function checkSections(manifest: Manifest): void {
  let previous = -1;
  for (const { name, length, entryBytes, entries } of manifest.sections) {
    const part = `section ${name}`;
    const order = SECTION_NAMES.indexOf(name);
    if (order === previous) throw fault(part, "it is there twice");
    if (order < previous) throw fault(part, "it stands out of order");
    previous = order;
    if (entryBytes !== entryBytesOf(name))
      throw fault(part, `an entry has ${entryBytes} bytes; the program's has ${entryBytesOf(name)}`);
    if (length !== entryBytes * entries)
      throw fault(part, `${entries} entries of ${entryBytes} bytes are not ${length} bytes`);
  }
}

// ---- config ------------------------------------------------------------------------------------------------------------

export type Config = ReturnType<typeof decodeConfig>;

/** struct config as numbers. */
export function decodeConfig(images: Images) {
  const image = images.get("config");
  if (!image) throw fault("section config", "it is missing");
  if (image.length !== CONFIG.bytes)
    throw fault("section config", `${image.length} bytes; it has ${CONFIG.bytes}`);
  const view = viewOf(image);
  const u32 = (offset: number) => view.getUint32(offset, true);
  const slots = (offset: number) => Array.from({ length: DIMENSION_SLOTS }, (_, i) => u32(offset + 4 * i));
  return {
    abiVersion: u32(CONFIG.abiVersion),
    ruleCount: u32(CONFIG.ruleCount),
    wordCount: u32(CONFIG.wordCount),
    rowStride: u32(CONFIG.rowStride),
    reserved: u32(CONFIG.reserved),
    defaultVerdict: u32(CONFIG.defaultVerdict),
    dimensionMask: u32(CONFIG.dimensionMask),
    limitCount: u32(CONFIG.limitCount),
    blockCount: u32(CONFIG.blockCount),
    payloadTestCount: u32(CONFIG.payloadTestCount),
    managementMask: view.getBigUint64(CONFIG.managementMask, true),
    passReasons: view.getBigUint64(CONFIG.passReasons, true),
    fieldBase: slots(CONFIG.fieldBase),
    rowBase: slots(CONFIG.rowBase),
    /** [side][family] */
    address: [0, 1].map((side) =>
      [0, 1].map((family) =>
        decodeAddressTable(view, CONFIG.address + ADDRESS_TABLE.bytes * (2 * side + family)),
      ),
    ),
    payloadTests: Array.from({ length: PAYLOAD_TESTS_MAX }, (_, i) => {
      const at = CONFIG.payloadTests + PAYLOAD_TEST.bytes * i;
      return {
        mask: view.getBigUint64(at + PAYLOAD_TEST.mask, true),
        value: view.getBigUint64(at + PAYLOAD_TEST.value, true),
        offset: u32(at + PAYLOAD_TEST.offset),
        bytes: u32(at + PAYLOAD_TEST.bytesCount),
      };
    }),
    decisionCount: u32(CONFIG.decisionCount),
    decisionBase: u32(CONFIG.decisionBase),
    decisionRestBase: u32(CONFIG.decisionRestBase),
    decisionBlock: u32(CONFIG.decisionBlock),
    decisionFactor: slots(CONFIG.decisionFactor),
  };
}

/** Tests that the program may run, nothing after them, and none where no rule asks. */
function checkPayloadTests(config: Config): void {
  const wrong = (index: number, what: string) => fault("section config", `payload test ${index} ${what}`);
  for (const [index, { mask, value, offset, bytes }] of config.payloadTests.entries()) {
    const isUsed = index < config.payloadTestCount;
    if (!isUsed && (mask | value | BigInt(offset) | BigInt(bytes)) !== 0n)
      throw wrong(index, "is not counted");
    if (!isUsed) continue;
    if (bytes < 1 || bytes > 8 || offset > PAYLOAD_OFFSET_MAX)
      throw wrong(index, `asks for ${bytes} bytes at ${offset}`);
    if (mask === 0n || (mask & ((1n << BigInt(64 - 8 * bytes)) - 1n)) !== 0n || (value & ~mask) !== 0n)
      throw wrong(index, "has a mask or value that can not be");
  }
  if (config.payloadTestCount > 0 !== uses(config, PAYLOAD_FIELD))
    throw fault("section config", `${config.payloadTestCount} payload tests, and a mask that says otherwise`);
}

/** The part of a config that is the same for every dimension. */
type ConfigNumbers = Omit<
  Config,
  "fieldBase" | "rowBase" | "address" | "payloadTests" | Exclude<keyof DecisionNumbers, "wordCount">
>;

const PAYLOAD_FIELD = FIELD_COUNT - 1;

function checkConfig(config: Config, manifest: Manifest): void {
  const { rules, fleet } = manifest;
  const wordCount = Math.max(1, Math.ceil(rules.length / 64));
  let management = 0;
  while (management < rules.length && rules[management]!.policy === "management") management++;
  if (management > MANAGEMENT_MAX)
    throw fault("manifest", `${management} management flows; ${MANAGEMENT_MAX} at most`);
  const parseReasons = (1n << BigInt(REASONS.length)) - (1n << BigInt(FIRST_PARSE_REASON));
  const blocking = rules.filter((rule) => !rule.shadow && (rule.limit?.blockForSeconds ?? 0) > 0);
  const expected: ConfigNumbers = {
    abiVersion: ABI_VERSION,
    ruleCount: rules.length,
    wordCount,
    rowStride: wordCount === 1 ? 1 : wordCount + 1,
    reserved: 0,
    defaultVerdict: VERDICTS.indexOf(fleet.defaultVerdict),
    dimensionMask: config.dimensionMask & ((1 << DIMENSION_COUNT) - 1),
    limitCount: rules.filter((rule) => rule.action === "limit").length,
    blockCount: blocking.length,
    payloadTestCount: Math.min(config.payloadTestCount, PAYLOAD_TESTS_MAX),
    managementMask: (1n << BigInt(management)) - 1n,
    passReasons: config.passReasons & parseReasons,
  };
  for (const [key, value] of Object.entries(expected)) {
    const found = config[key as keyof ConfigNumbers];
    if (found !== value) throw fault("section config", `${key} is ${found}; it must be ${value}`);
  }
}

function uses(config: Config, dimension: number): boolean {
  return ((config.dimensionMask >>> dimension) & 1) === 1;
}

/** Slots that the program does not read are zero. */
function checkUnused(config: Config, dimension: number): void {
  const side = dimension < FIELD_COUNT ? [] : config.address[dimension - FIELD_COUNT]!;
  const used = [config.fieldBase[dimension]!, config.rowBase[dimension]!];
  for (const table of side) used.push(...numbersOf(table));
  if (used.some((value) => value !== 0))
    throw fault("section config", `dimension ${dimension} is not in the mask and has a table`);
}

// ---- rules -------------------------------------------------------------------------------------------------------------

function checkRules(manifest: Manifest, images: Images): void {
  const image = images.get("rules");
  const lines = (image?.length ?? 0) / RULE.bytes;
  if (lines !== manifest.rules.length)
    throw fault("section rules", `${lines} lines for ${manifest.rules.length} rules`);
  if (!image) return;
  const view = viewOf(image);
  const backends = new Map(manifest.backends.map((backend, i) => [backend.name, i + 1]));
  manifest.rules.forEach((rule, i) => {
    const wanted = ruleLine(rule, backends);
    for (const [what, offset, value] of wanted) {
      const at = i * RULE.bytes + offset;
      const found = what === "backend" ? view.getUint16(at, true) : view.getUint8(at);
      if (found !== value)
        throw fault("section rules", `line ${i} (${rule.id}): ${what} is ${found}, not ${value}`);
    }
    const u64 = (offset: number) => view.getBigUint64(i * RULE.bytes + offset, true);
    const problem =
      u64(RULE.id) === 0n || u64(RULE.id) !== BigInt(`0x${rule.stableId}`)
        ? "its id is not the manifest's"
        : rule.action === "limit" && (u64(RULE.limitId) === 0n || u64(RULE.limitMultiplier) === 0n)
          ? "a limit without id or rate"
          : rule.policy === "management" && (rule.action !== "pass" || rule.shadow)
            ? "a management flow that does not pass"
            : u64(RULE.blockNs) > 0n !== (!rule.shadow && (rule.limit?.blockForSeconds ?? 0) > 0)
              ? "its block is not the manifest's"
              : u64(RULE.reserved) !== 0n || u64(RULE.reserved + 8) !== 0n
                ? "reserved bytes are not zero"
                : null;
    if (problem) throw fault("section rules", `line ${i} (${rule.id}): ${problem}`);
  });
}

function ruleLine(rule: ManifestRule, backends: ReadonlyMap<string, number>) {
  const { limit } = rule;
  return [
    ["action", RULE.action, ACTIONS.indexOf(rule.action)],
    ["shadow", RULE.shadow, rule.shadow ? 1 : 0],
    ["limit_unit", RULE.limitUnit, limit ? LIMIT_UNITS.indexOf(limit.unit) : 0],
    ["limit_key", RULE.limitKey, limit ? LIMIT_KEYS.indexOf(limit.key) : 0],
    ["limit_prefix4", RULE.limitPrefix4, limit?.prefix4 ?? 0],
    ["limit_prefix6", RULE.limitPrefix6, limit?.prefix6 ?? 0],
    ["backend", RULE.backend, rule.backend === null ? 0 : backends.get(rule.backend)!],
  ] as const;
}

// ---- Classes and their rows ----------------------------------------------------------------------------------------------

/** Classes that the field's table can give: the greatest plus one. */
function fieldClasses(config: Config, field: number, images: Images, needed: Set<SectionName>): number {
  needed.add("fields");
  const image = images.get("fields");
  if (!image) throw fault("section fields", "it is missing");
  const base = config.fieldBase[field]!;
  const table = new Uint16Array(image.buffer, image.byteOffset, image.length / 2);
  const end = base + FIELD_DOMAINS[field]! + 1;
  if (base % 32 !== 0) throw fault("section config", `field_base[${field}] is ${base}, not a multiple of 32`);
  if (end > table.length)
    throw fault("section fields", `field ${field} ends at entry ${end} of ${table.length}`);
  let greatest = 0;
  for (let i = base; i < end; i++) greatest = Math.max(greatest, table[i]!);
  return greatest + 1;
}

type CheckAddresses = (side: Side, family: 4 | 6, table: AddressTable) => AddressClasses;

function sideClasses(
  config: Config,
  dimension: number,
  needed: Set<SectionName>,
  check: CheckAddresses,
): number {
  const sideName = dimension === DIMENSION_SOURCE ? "source" : "destination";
  let classes = 0;
  for (const family of [4, 6] as const) {
    const table = config.address[dimension - DIMENSION_SOURCE]![family === 4 ? 0 : 1]!;
    const found = check(sideName, family, table);
    for (const name of found.sections) needed.add(name);
    classes = Math.max(classes, found.classes);
  }
  return classes;
}

type Side = "source" | "destination";

/**
 * What is known of address tables, by the digests of their sections and the numbers in config: a policy changes more
 * often than its feeds, and an agent need not walk through a million prefixes again. Of the last few only, and of none
 * whose bytes have not been seen to have their digests.
 */
const checkedTables = new Map<string, AddressClasses>();
const CHECKED_TABLES_MAX = 32;

function addressClasses(
  side: Side,
  family: 4 | 6,
  table: AddressTable,
  manifest: Manifest,
  images: Images,
  fresh: Map<string, AddressClasses>,
): AddressClasses {
  const sections = manifest.sections.filter(({ name }) => name.startsWith(`${side}${family}_`));
  const key = JSON.stringify([
    side,
    family,
    numbersOf(table),
    sections.map(({ name, length, sha256 }) => [name, length, sha256]),
  ]);
  const known = checkedTables.get(key);
  if (known) return known;
  const found = checkAddressTable(side, family, table, images);
  fresh.set(key, found);
  return found;
}

function remember(found: ReadonlyMap<string, AddressClasses>): void {
  for (const [key, classes] of found) {
    checkedTables.set(key, classes);
    const [oldest] = checkedTables.keys();
    if (checkedTables.size > CHECKED_TABLES_MAX && oldest !== undefined) checkedTables.delete(oldest);
  }
}

function checkRows(config: Config, dimension: number, classes: number, images: Images): void {
  const image = images.get("vectors");
  if (!image) throw fault("section vectors", "it is missing");
  const { ruleCount, wordCount, rowStride } = config;
  const halves = new Uint32Array(image.buffer, image.byteOffset, image.length / 4);
  const first = config.rowBase[dimension]!;
  if (2 * (first + classes * rowStride) > halves.length)
    throw fault("section vectors", `dimension ${dimension} has ${classes} classes and too few rows`);
  const summarized = rowStride > 1;
  for (let row = 0; row < classes; row++) {
    const start = 2 * (first + row * rowStride);
    const words = start + (summarized ? 2 : 0);
    const summary = [0, 0];
    for (let half = 0; half < 2 * wordCount; half++) {
      const value = halves[words + half]!;
      if (value === 0) continue;
      const rulesLeft = ruleCount - 32 * half;
      if (rulesLeft < 32 && (rulesLeft <= 0 || value >>> rulesLeft !== 0))
        throw fault("section vectors", `dimension ${dimension}, class ${row} names a rule beyond the last`);
      const word = half >>> 1;
      summary[word >>> 5] = (summary[word >>> 5]! | (1 << (word & 31))) >>> 0;
    }
    if (summarized && (halves[start] !== summary[0] || halves[start + 1] !== summary[1]))
      throw fault(
        "section vectors",
        `dimension ${dimension}, class ${row}: its summary does not fit its words`,
      );
  }
}

function viewOf(image: Uint8Array): DataView {
  return new DataView(image.buffer, image.byteOffset, image.length);
}
