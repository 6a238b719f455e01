// bpf/bench/bench.bpf.c to a loaded object: the XDP program over the tables of a bundle, and the programs it is
// measured against, ready to run.

import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { INSTANCE, LINE_BYTES, RODATA, TABLE_NAMES } from "../bundle/abi.ts";
import { sectionSha256 } from "../bundle/digest.ts";
import type { Bundle } from "../bundle/index.ts";
import { BpfMap, BpfObject, type BpfProgram } from "../runtime/bpf/index.ts";
import { slotsImage } from "../runtime/kernel/counters.ts";
import { rodata } from "../runtime/kernel/generation.ts";
import { bindTables } from "../runtime/kernel/instance.ts";
import { limitTableEntries, SERVING_BUCKET_BITS } from "../runtime/kernel/limit-table.ts";
import { frozenTable, zeroTable } from "../runtime/kernel/tables.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SOURCE = "bpf/bench/bench.bpf.c";
const OBJECT = "build/bench/bench.bpf.o";

/** struct bench_state of bench.bpf.c. */
const STATE = { bytes: 40, next: 0, sum: 8, mask: 16, redirectTo: 20, chasedMask: 24 } as const;

let elf: Uint8Array | null = null;

/** The object file, made anew at the first call: it is to have the XDP program of this very tree in it. */
function benchObject(): Uint8Array {
  if (elf) return elf;
  mkdirSync(join(ROOT, "build/bench"), { recursive: true });
  const triple = spawnSync("gcc", ["-print-multiarch"], { encoding: "utf8" }).stdout?.trim();
  const flags = [
    "-O2",
    "-g",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-unused-parameter",
    "-target",
    "bpf",
    "-mcpu=v3",
  ];
  const includes = ["-I", "bpf", ...(triple ? ["-I", `/usr/include/${triple}`] : [])];
  const built = spawnSync("clang", [...flags, ...includes, "-c", SOURCE, "-o", OBJECT], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (built.status !== 0)
    throw new Error(`clang does not build ${SOURCE}: ${built.error?.message ?? built.stderr}`);
  elf = readFileSync(join(ROOT, OBJECT));
  return elf;
}

export interface RigOptions {
  /** null: the XDP program is loaded without rules. */
  readonly bundle: Bundle | null;
  /** What a feeder writes into the packet, entry by entry: whole lines, and a power of two of entries. */
  readonly feed: Uint8Array;
  readonly feedEntries: number;
  /** Sizes of bench_trie4, bench_trie6, bench_buckets and bench_chased, which is lines, a power of two. */
  readonly maxEntries?: Readonly<Record<string, number>>;
  readonly samplesPerJiffy?: number;
}

/** Everything of one measurement in the kernel. Nothing is pinned or attached. */
export class Rig {
  readonly #object: BpfObject;
  readonly #handles: { close(): void }[] = [];
  readonly #state: BpfMap;

  constructor({ bundle, feed, feedEntries, maxEntries = {}, samplesPerJiffy = 0 }: RigOptions) {
    assert.equal(feedEntries & (feedEntries - 1), 0, "entries of a feed are a power of two");
    this.#object = BpfObject.open(benchObject(), "bench");
    try {
      const tables = new Map<string, BpfMap>();
      for (const name of TABLE_NAMES) {
        const bytes = bundle?.section(name);
        const table = frozenTable(bytes ? { name, bytes, sha256: sectionSha256(bytes) } : zeroTable(name));
        this.#handles.push(table);
        tables.set(name, table);
      }
      const slots = frozenTable(identitySlots(bundle));
      this.#handles.push(slots);
      tables.set("counter_slots", slots);
      bindTables(this.#object, tables, rodataOf(bundle, samplesPerJiffy));
      if (bundle?.manifest.rules.some((rule) => rule.action === "limit"))
        this.#object.setMaxEntries("limit_state", limitTableEntries(SERVING_BUCKET_BITS));
      this.#object.setMaxEntries("bench_feed", feed.length / LINE_BYTES);
      for (const [name, entries] of Object.entries(maxEntries)) this.#object.setMaxEntries(name, entries);
      this.#object.load();
      this.map("bench_feed").writeImage(feed);
      this.#state = this.map("bench_state");
      const state = new Uint8Array(STATE.bytes);
      const view = new DataView(state.buffer);
      view.setUint32(STATE.mask, feedEntries - 1, true);
      view.setUint32(STATE.chasedMask, (maxEntries["bench_chased"] ?? 1) - 1, true);
      this.#state.update(new Uint8Array(4), state);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  program(name: string): BpfProgram {
    const program = this.#object.program(name);
    this.#handles.push(program);
    return program;
  }

  map(name: string): BpfMap {
    const map = this.#object.map(name);
    this.#handles.push(map);
    return map;
  }

  /** Of what the measured programs found, since `clear()`. */
  get sum(): bigint {
    return this.#read().getBigUint64(STATE.sum, true);
  }

  /** The feeder begins again at its first entry, and all counts at 0. */
  clear(redirectTo = 0): void {
    const state = this.#read();
    state.setBigUint64(STATE.next, 0n, true);
    state.setBigUint64(STATE.sum, 0n, true);
    state.setUint32(STATE.redirectTo, redirectTo, true);
    this.#state.update(new Uint8Array(4), new Uint8Array(state.buffer, state.byteOffset, STATE.bytes));
  }

  #read(): DataView {
    const bytes = Uint8Array.from(this.#state.lookup(new Uint8Array(4)) ?? []);
    assert.equal(bytes.length, STATE.bytes);
    return new DataView(bytes.buffer);
  }

  close(): void {
    for (const handle of this.#handles) handle.close();
    this.#object.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Slot n for rule n. */
function identitySlots(bundle: Bundle | null) {
  const slots = Array.from({ length: bundle?.manifest.rules.length ?? 0 }, (_, rule) => rule);
  return slotsImage(bundle?.section("rules") ?? null, slots);
}

/** The agent's own for an instance that serves, but for the samples. */
function rodataOf(bundle: Bundle | null, samplesPerJiffy: number): Uint8Array {
  const bytes = bundle ? rodata(bundle, false) : new Uint8Array(RODATA.bytes);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(
    RODATA.instance + INSTANCE.samplesPerJiffy,
    samplesPerJiffy,
    true,
  );
  return bytes;
}

/** Any memory to whole lines. */
export function toLines(bytes: Uint8Array): Uint8Array {
  const lines = new Uint8Array(Math.max(1, Math.ceil(bytes.length / LINE_BYTES)) * LINE_BYTES);
  lines.set(bytes);
  return lines;
}
