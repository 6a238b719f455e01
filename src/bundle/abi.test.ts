// abi.ts against bpf/shared.h, by a C compiler.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { FIELD_DOMAIN, FIELD_NAMES } from "../ir/nodes.ts";
import * as abi from "./abi.ts";

const HEADER = fileURLToPath(new URL("../../bpf/shared.h", import.meta.url));

/** Structs by their C name. `bytes` is the size; the other keys are offsets, named as in C but in camel case. */
const STRUCTS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  rule: abi.RULE,
  blocks4_table: abi.BLOCKS4_TABLE,
  exact6_table: abi.EXACT6_TABLE,
  address6_range: abi.ADDRESS6_RANGE,
  address_table: abi.ADDRESS_TABLE,
  payload_test: abi.PAYLOAD_TEST,
  config: abi.CONFIG,
  instance: abi.INSTANCE,
  rodata: abi.RODATA,
  proof: abi.PROOF,
  counter: abi.COUNTER,
  limit_slot: abi.LIMIT_SLOT,
  limit_bucket: abi.LIMIT_BUCKET,
  block_key: abi.BLOCK_KEY,
  block: abi.BLOCK,
  block_horizon: abi.BLOCK_HORIZON,
  sample: abi.SAMPLE,
  sample_state: abi.SAMPLE_STATE,
};
/** Enums and runs of #define, by the prefix of their names: the names by value. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  REASON_: abi.REASONS,
  VERDICT_: abi.VERDICTS,
  ACTION_: abi.ACTIONS,
  UNIT_: abi.LIMIT_UNITS,
  KEY_: abi.LIMIT_KEYS,
  COUNTER_: abi.COUNTER_KINDS,
  IPV4_OPTION_: abi.IPV4_OPTIONS,
  IPV6_EXTENSION_: abi.IPV6_EXTENSIONS,
  FIELD_: FIELD_NAMES.map((name) => snake(name).replaceAll("_", "-")),
};
const CONSTANTS = {
  ABI_VERSION: abi.ABI_VERSION,
  LINE_BYTES: abi.LINE_BYTES,
  RULES_MAX: abi.RULES_MAX,
  MANAGEMENT_MAX: abi.MANAGEMENT_MAX,
  BACKENDS_MAX: abi.BACKENDS_MAX,
  EXTENSIONS_MAX: abi.EXTENSIONS_MAX,
  VLAN_TAGS_MAX: abi.VLAN_TAGS_MAX,
  TICKS_PER_NS: Number(abi.TICKS_PER_NS),
  COARSE_CLOCK_BURST_MS: abi.COARSE_CLOCK_BURST_MS,
  LIMIT_MULTIPLIER_SHIFT: Number(abi.LIMIT_MULTIPLIER_SHIFT),
  REASON_COUNT: abi.REASONS.length,
  REASON_OTHER_ETHERTYPE: abi.FIRST_PARSE_REASON,
  FIELD_COUNT: abi.FIELD_COUNT,
  DIMENSION_SOURCE: abi.DIMENSION_SOURCE,
  DIMENSION_DESTINATION: abi.DIMENSION_DESTINATION,
  DIMENSION_COUNT: abi.DIMENSION_COUNT,
  DIMENSION_SLOTS: abi.DIMENSION_SLOTS,
  PAYLOAD_TESTS_MAX: abi.PAYLOAD_TESTS_MAX,
  PAYLOAD_OFFSET_MAX: abi.PAYLOAD_OFFSET_MAX,
  COUNTER_NONE: abi.COUNTER_NONE,
  RULE_PASSES_BIT: abi.RULE_PASSES_BIT,
  RULE_GOES_ON_BIT: abi.RULE_GOES_ON_BIT,
  COUNTERS_REASONS: abi.COUNTERS_REASONS,
  COUNTERS_PER_SLOT: abi.COUNTERS_PER_SLOT,
  COUNTER_GROUP: abi.COUNTER_GROUP,
  SLOTS_MAX: abi.SLOTS_MAX,
  SAMPLE_BYTES: abi.SAMPLE_BYTES,
  ...Object.fromEntries(abi.PROGRAM_TABLES.map((name, index) => [`TABLE_${name}`, index])),
  TABLE_COUNT: abi.PROGRAM_TABLES.length,
  FIELDS_ENTRY_BYTES: abi.TABLE_ENTRY_BYTES.fields,
  VECTORS_ENTRY_BYTES: abi.TABLE_ENTRY_BYTES.vectors,
  ROOT_ENTRY_BYTES: abi.TABLE_ENTRY_BYTES.source4_root,
  SLOT_ENTRY_BYTES: abi.TABLE_ENTRY_BYTES.counter_slots,
  CONSTANT_BASE: abi.CONSTANT_BASES.word,
  CONSTANT_BIT_BASE: abi.CONSTANT_BASES.bit,
  OPTIONAL_BIT_BASE: abi.CONSTANT_BASES.optional,
  ANY_BIT: abi.CONSTANT_BASES.anyBit,
  FEATURE_WORDS: abi.FEATURES.words,
  FEATURE_MANAGEMENT: abi.FEATURES.management,
  DE_BRUIJN: Number(abi.DE_BRUIJN),
  LIMIT_SLOTS_PER_BUCKET: abi.LIMIT_SLOTS_PER_BUCKET,
  LIMIT_BUCKET_BITS: abi.LIMIT_BUCKET_BITS,
  LIMIT_INSERT_BUCKETS: abi.LIMIT_INSERT_BUCKETS,
  LIMIT_CLAIMED: Number(abi.LIMIT_CLAIMED),
  REGION4_BUCKETS: abi.REGION4_BUCKETS,
  REGIONS4_LEAST: abi.REGIONS4_LEAST,
  BLOCK4_SLOTS: abi.BLOCK4_SLOTS,
  BLOCK4_FREE: abi.BLOCK4_FREE,
  PILOT4_RANGES: abi.PILOT4_RANGES,
  ROOT_KIND_BITS: abi.ROOT_KIND_BITS,
  ROOT_LINES: abi.ROOT_LINES,
  ROOT_DIRECT: abi.ROOT_DIRECT,
  DECISION_ROWS: abi.DECISION_ROWS,
  RANGE_INDEX_LEAST: abi.RANGE_INDEX_LEAST,
  RANGE_INDEX_MOST: abi.RANGE_INDEX_MOST,
  RANGE_GROUPS: abi.RANGE_GROUPS,
  PILOT_SHIFT: abi.PILOT_SHIFT,
  HOST6_CLASS_BITS: abi.HOST6_CLASS_BITS,
  NET6_BEGIN_BIT: abi.NET6_BEGIN_BIT,
  NET6_HOSTS: abi.NET6_HOSTS,
  NO_KEY_BITS_BIT: abi.NO_KEY_BITS_BIT,
  HOSTS6_MARKED_BIT: abi.HOSTS6_MARKED_BIT,
  REST_UNIFORM_BIT: abi.REST_UNIFORM_BIT,
  ROOT6_STEP_BITS: abi.ROOT6_STEP_BITS,
};

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
/** `bytes` is taken by the size; the one C field of that name is `bytesCount` in abi.ts. */
function memberOf(key: string): string {
  return key === "bytesCount" ? "bytes" : snake(key);
}

const text = readFileSync(HEADER, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
const structBodies = [...text.matchAll(/^struct (\w+) \{([^}]*)\}/gm)].map(([, name, body]) => ({
  name: name!,
  members: [...body!.matchAll(/(\w+)(?:\[[^;]*\])?;/g)].map((match) => match[1]!),
}));
/** Every enumerator and every #define with a value. */
const symbols = [...text.matchAll(/^(?:#define (\w+) .+|\t(\w+) = \d+,)/gm)].map(
  (match) => match[1] ?? match[2]!,
);
// Enums that stand on one line, or are made by a macro.
symbols.push(...abi.PROGRAM_TABLES.map((name) => `TABLE_${name}`), "TABLE_COUNT");
symbols.push("VERDICT_DROP", "VERDICT_PASS", "ACTION_PASS", "ACTION_DROP", "ACTION_LIMIT");
symbols.push("UNIT_PACKETS", "UNIT_BYTES");

let figures: ReadonlyMap<string, number>;

beforeAll(() => {
  const printed = [
    ...Object.keys(STRUCTS).map((name) => [`sizeof ${name}`, `sizeof(struct ${name})`]),
    ...structBodies.flatMap(({ name, members }) =>
      members.map((member) => [`${name}.${member}`, `offsetof(struct ${name}, ${member})`]),
    ),
    ...symbols.map((symbol) => [symbol, symbol]),
  ];
  const lines = printed.map(
    ([label, value]) => `printf("${label}=%llu\\n", (unsigned long long)(${value}));`,
  );
  const directory = mkdtempSync(join(tmpdir(), "piston-abi-"));
  try {
    const source = join(directory, "abi.c");
    writeFileSync(
      source,
      `#include <stddef.h>\n#include <stdio.h>\n#include <linux/types.h>\n#include "${HEADER}"\nint main(void) {\n${lines.join("\n")}\n}\n`,
    );
    execFileSync("gcc", ["-Wall", "-Werror", "-o", join(directory, "abi"), source]);
    const output = execFileSync(join(directory, "abi"), { encoding: "utf8" });
    figures = new Map(
      output.split("\n").flatMap((line) => {
        const [label, value] = line.split("=");
        return value === undefined ? [] : [[label!, Number(value)] as const];
      }),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

describe("structs", () => {
  test("abi.ts knows every struct of shared.h", () => {
    expect(Object.keys(STRUCTS).sort()).toEqual(structBodies.map(({ name }) => name).sort());
  });

  test.each(Object.entries(STRUCTS))("struct %s has the same size and offsets", (name, fields) => {
    for (const [key, figure] of Object.entries(fields)) {
      const label = key === "bytes" ? `sizeof ${name}` : `${name}.${memberOf(key)}`;
      expect([label, figure]).toEqual([label, figures.get(label)]);
    }
  });

  test.each(structBodies)("abi.ts knows every member of struct $name", ({ name, members }) => {
    const known = new Set(Object.keys(STRUCTS[name]!).map(memberOf));
    expect(members.filter((member) => !known.has(member) && !member.startsWith("reserved"))).toEqual([]);
  });
});

test.each(Object.entries(CONSTANTS))("%s is %i", (name, value) => {
  expect(figures.get(name)).toBe(value);
});

test.each(Object.entries(NAMES))("names of %s* stand in the order of their values", (prefix, names) => {
  const found = names.map((name) => figures.get(prefix + name.toUpperCase().replaceAll("-", "_")));
  expect(found).toEqual(names.map((_, value) => value));
});

test("the program's search halves an IPv6 chunk of the greatest size down to one range", () => {
  const source = readFileSync(new URL("../../bpf/address6.bpf.h", import.meta.url), "utf8");
  const steps = Number(/#define ADDRESS6_STEPS (\d+)/.exec(source)?.[1]);
  expect(2 ** steps).toBe(abi.ADDRESS6_CHUNK_MAX);
});

test("field domains are the IR's, in the order of enum field", () => {
  expect(FIELD_NAMES.map((name) => FIELD_DOMAIN[name])).toEqual([...abi.FIELD_DOMAINS]);
});
