// What the kernel's verifier says of the program: every size and feature loads, no table is ever written, and what a
// bundle does not use is not in the program that runs.

import { spawnSync } from "node:child_process";
import { beforeAll, expect, test } from "vitest";
import {
  ADDRESS_TABLE,
  BLOCK4_SLOTS,
  BLOCKS4_TABLE,
  CONFIG,
  DIMENSION_COUNT,
  EXACT6_TABLE,
  HOSTS6_MARKED,
  INSTANCE,
  LINE_BYTES,
  PRESENT_REST_UNIFORM,
  REGION4_BUCKETS,
  REGIONS4_LEAST,
} from "../../src/bundle/abi.ts";
import { BpfMap, BpfObject, MAP_FLAGS } from "../../src/runtime/bpf/index.ts";
import { bindTables } from "../../src/runtime/kernel/instance.ts";
import { describeKernel } from "../support/kernel.ts";
import { SECOND, ticks } from "./fixtures.ts";
import { buildObject, Filter, OBJECT_PATH } from "./harness.ts";
import type { HandPolicy, HandRule } from "./tables.ts";

beforeAll(buildObject);

/** The kernel's limit is a million, of which older verifiers use more: what is left is room for them. */
const INSTRUCTIONS_MAX = 250_000;

/** Arrays that the program writes. */
const STATE_ARRAYS = new Set(["limit_state", "block_horizon"]);

const rule = (i: number): HandRule => ({
  id: BigInt(i + 1),
  action: (["pass", "drop", "limit"] as const)[i % 3]!,
  limit: { multiplier: 1n << 40n, burstTicks: ticks(1), key: "source", blockNs: SECOND },
  fields: { destinationPort: [[i, i]] },
});
const policy = (count: number, more: Partial<HandPolicy> = {}): HandPolicy => ({
  rules: Array.from({ length: count }, (_, i) => rule(i)),
  managementCount: 1,
  everyDimension: true,
  payloadTests: Array.from({ length: 16 }, (_, i) => ({
    offset: 128 * i - (i > 15 ? 8 : 0),
    mask: Array<number>(1 + (i % 8)).fill(0xff),
    value: Array<number>(1 + (i % 8)).fill(i),
  })),
  ...more,
});

describeKernel("the verifier", () => {
  test.each([1, 64, 65, 300, 4096])(
    "takes %i rules with every dimension, limits, blocks and samples",
    (count) => {
      for (const proof of [true, false]) {
        using filter = new Filter(policy(count, { proof, samplesPerJiffy: 8 }));
        const { verifiedInstructions } = filter.program.info;
        expect(verifiedInstructions).toBeLessThan(INSTRUCTIONS_MAX); // 0 before kernel 5.16
      }
    },
  );

  test("takes the object with tables as it declares them, where every one is read-only to programs", () => {
    // The agent's own tables are without the flag (the kernel maps no such array for writing), so this is what shows
    // that the program writes to none of them.
    using object = BpfObject.open(OBJECT_PATH, "filter");
    const tables = object
      .maps()
      .filter(({ type, name }) => type === "array" && !name.includes(".") && !STATE_ARRAYS.has(name));
    expect(tables.map(({ name }) => name).sort()).toEqual([
      "counter_slots",
      "destination4_blocks",
      "destination4_ranges",
      "destination4_root",
      "destination6_hosts",
      "destination6_nets",
      "destination6_ranges",
      "destination6_root",
      "fields",
      "rules",
      "source4_blocks",
      "source4_ranges",
      "source4_root",
      "source6_hosts",
      "source6_nets",
      "source6_ranges",
      "source6_root",
      "vectors",
    ]);
    for (const { flags, keyBytes, valueBytes } of tables)
      expect({ flags, keyBytes, valueBytes }).toEqual({
        flags: MAP_FLAGS.readOnlyToProgram | MAP_FLAGS.mmapable,
        keyBytes: 4,
        valueBytes: 64,
      });
    using bound = new DisposableStack();
    const readOnly = tables.map(({ name, ...shape }): [string, BpfMap] => {
      const type = "array";
      // The end of these is not asked for: they are as large as everythingOn() says.
      const valueBytes = name.endsWith("4_blocks")
        ? REGIONS4_LEAST * REGION4_BYTES[name.startsWith("source") ? 0 : 1]
        : /6_(hosts|nets)$/.test(name)
          ? PILOTS + BUCKETS * LINE_BYTES
          : shape.valueBytes;
      const map = BpfMap.create({ ...shape, valueBytes, name: name.slice(0, 15), type });
      return [name, bound.use(map)];
    });
    bindTables(object, new Map(readOnly), everythingOn());
    object.load();
  });

  test("what is not used is not in the program", () => {
    using everything = new Filter(policy(65, { proof: false, samplesPerJiffy: 8 }));
    using little = new Filter({
      rules: [{ id: 1n, action: "drop", fields: { destinationPort: [[1, 1]] } }],
      proof: false,
    });
    expect(little.program.info.xlatedBytes).toBeLessThan(everything.program.info.xlatedBytes / 2);
  });
});

describeKernel("the object file", () => {
  test(".rodata is struct rodata and nothing else", () => {
    using object = BpfObject.open(OBJECT_PATH, "filter");
    expect(object.maps().filter(({ name }) => name.includes("."))).toMatchObject([
      { name: "filter.rodata", valueBytes: CONFIG.bytes + INSTANCE.bytes, maxEntries: 1 },
    ]);
  });

  test("state maps have the sizes of shared.h", () => {
    using object = BpfObject.open(OBJECT_PATH, "filter");
    const state = object.maps().filter(({ name, type }) => type !== "array" || STATE_ARRAYS.has(name));
    const byName = state.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    expect(
      byName.map(({ name, type, keyBytes, valueBytes, maxEntries }) => [
        name,
        type,
        keyBytes,
        valueBytes,
        maxEntries,
      ]),
    ).toEqual([
      ["block_horizon", "array", 4, 16, 1],
      ["blocks", "lru_hash", 16, 24, 65_536],
      ["counters", "percpu_array", 4, 16, 32 + 4 * 8192],
      ["cpu_state", "percpu_array", 4, 256, 1],
      ["limit_state", "array", 4, 128, 1024 + 64],
      ["sample_state", "percpu_array", 4, 48, 1],
      ["samples", "ringbuf", 0, 0, 262_144],
    ]);
  });

  test("is the same, byte by byte, when it is built again", () => {
    const build = (directory: string) => {
      const bpf = OBJECT_PATH.replace(/build\/[^/]*$/, "bpf");
      const made = spawnSync("make", ["-B", "-s", "-C", bpf, `OUTPUT=${directory}`], { encoding: "utf8" });
      expect(made.stderr).toBe("");
      const sum = spawnSync("sha256sum", [`${directory}/filter.bpf.o`], { encoding: "utf8" });
      return sum.stdout.split(" ")[0];
    };
    const directory = spawnSync("mktemp", ["-d"], { encoding: "utf8" }).stdout.trim();
    try {
      expect(build(directory)).toBe(build(`${directory}/again`));
    } finally {
      spawnSync("rm", ["-r", directory]);
    }
  });
});

/** Of one side's blocks, with labels, and the other's. */
const REGION4_BYTES = [1 + 4 * BLOCK4_SLOTS, 1 + 2 * BLOCK4_SLOTS].map(
  (bytes) => REGION4_BUCKETS * bytes,
) as [number, number];

/** Of an exact table of IPv6. */
const PILOTS = LINE_BYTES;
const BUCKETS = 256;

/** A .rodata with every feature on, for tables of one line. */
function everythingOn(): Uint8Array {
  const rodata = Buffer.alloc(CONFIG.bytes + INSTANCE.bytes);
  rodata.writeUInt32LE(4096, CONFIG.ruleCount);
  rodata.writeUInt32LE(64, CONFIG.wordCount);
  rodata.writeUInt32LE(65, CONFIG.rowStride);
  rodata.writeUInt32LE((1 << DIMENSION_COUNT) - 1, CONFIG.dimensionMask);
  rodata.writeUInt32LE(1, CONFIG.limitCount);
  rodata.writeUInt32LE(1, CONFIG.blockCount);
  rodata.writeBigUInt64LE(1n, CONFIG.managementMask);
  rodata.writeUInt32LE(32, CONFIG.decisionCount);
  rodata.writeUInt32LE(1, CONFIG.decisionBlock);
  for (let table = 0; table < 4; table++) {
    const at = CONFIG.address + ADDRESS_TABLE.bytes * table;
    rodata.writeUInt32LE(1, at + ADDRESS_TABLE.present);
    if (table % 2 === 0) {
      rodata.writeUInt32LE(REGIONS4_LEAST, at + ADDRESS_TABLE.hosts + BLOCKS4_TABLE.regions);
      rodata.writeUInt32LE(table === 0 ? 1 : 0, at + ADDRESS_TABLE.hosts + BLOCKS4_TABLE.small);
      rodata.writeUInt32LE(table === 0 ? 0x3ff : 0, at + ADDRESS_TABLE.hosts + BLOCKS4_TABLE.classMask);
      // What no slot has goes to ranges on one side, on the other where a pilot says so.
      rodata.writeUInt32LE(table === 0 ? 1 : PRESENT_REST_UNIFORM, at + ADDRESS_TABLE.present);
      continue;
    }
    for (const exact of [ADDRESS_TABLE.hosts, ADDRESS_TABLE.nets]) {
      rodata.writeUInt32LE(BUCKETS, at + exact + EXACT6_TABLE.buckets);
      rodata.writeUInt32LE(PILOTS, at + exact + EXACT6_TABLE.pilots);
      rodata.writeUInt32LE(PILOTS - 1, at + exact + EXACT6_TABLE.pilotMask);
    }
    // Hosts of one side are asked for where nets say so, those of the other always.
    const side = table >> 1;
    rodata.writeUInt32LE(side === 0 ? HOSTS6_MARKED : 0, at + ADDRESS_TABLE.hosts + EXACT6_TABLE.keyShift);
    rodata.writeUInt32LE(side === 0 ? 32 : 4, at + ADDRESS_TABLE.nets + EXACT6_TABLE.keyShift);
  }
  rodata.writeUInt32LE(1, CONFIG.bytes + INSTANCE.proof);
  rodata.writeUInt32LE(8, CONFIG.bytes + INSTANCE.samplesPerJiffy);
  return rodata;
}
