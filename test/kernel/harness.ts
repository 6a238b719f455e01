// A policy written by hand -> the XDP program loaded with its tables, packets run through it in the kernel, and what it
// decided and counted. Nothing is attached to an interface, and nothing is pinned.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { COUNTER_KINDS, PROOF, REASONS, type Reason, VERDICTS } from "../../src/bundle/abi.ts";
import { buildPacket } from "../../src/packet/build.ts";
import type { PacketSpec } from "../../src/packet/spec.ts";
import { BpfMap, BpfObject, type BpfProgram, MAP_FLAGS } from "../../src/runtime/bpf/index.ts";
import { readCounts, slotsImage } from "../../src/runtime/kernel/counters.ts";
import { bindTables } from "../../src/runtime/kernel/instance.ts";
import { type LimitState, limitTableEntries, readLimitStates } from "../../src/runtime/kernel/limit-table.ts";
import { clearMaps } from "../../src/runtime/kernel/prove.ts";
import { buildImages, type HandPolicy, LIMIT_BUCKET_BITS } from "./tables.ts";

export const OBJECT_PATH = fileURLToPath(new URL("../../build/filter.bpf.o", import.meta.url));
const XDP = ["aborted", "drop", "pass"] as const;

/** Builds build/filter.bpf.o where a source is newer. */
export function buildObject(): void {
  const bpf = fileURLToPath(new URL("../../bpf", import.meta.url));
  const make = spawnSync("make", ["--no-print-directory", "-C", bpf], { encoding: "utf8" });
  if (make.status !== 0) throw new Error(`make -C bpf: ${make.error?.message ?? make.stderr}`);
}

export interface Decision {
  readonly verdict: (typeof VERDICTS)[number];
  /** 0n: none. */
  readonly rule: bigint;
  readonly reason: Reason;
}

export interface Count {
  readonly packets: number;
  readonly bytes: number;
}

export class Filter {
  readonly program: BpfProgram;
  readonly #object: BpfObject;
  readonly #tables = new Map<string, BpfMap>();
  readonly #maps = new Map<string, BpfMap>();
  readonly #slotCount: number;

  /** Counter slots are the rules' indexes, unless `slots` says otherwise; null: not counted. */
  constructor(policy: HandPolicy, slots: readonly (number | null)[] = policy.rules.map((_, index) => index)) {
    const images = buildImages(policy);
    this.#slotCount = slots.length;
    this.#object = BpfObject.open(OBJECT_PATH, "filter");
    try {
      const limitBuckets = policy.limitBucketBits ?? LIMIT_BUCKET_BITS;
      this.#object.setMaxEntries("limit_state", limitTableEntries(limitBuckets));
      for (const [name, image] of images.tables) this.#table(name, image);
      this.#table("counter_slots", slotsImage(images.tables.get("rules") ?? null, slots).bytes);
      bindTables(this.#object, this.#tables, images.rodata);
      this.#object.load();
    } catch (error) {
      this.close();
      throw error;
    }
    this.program = this.#object.program("piston_filter");
  }

  /** Not read-only to the program, as the object declares it: the kernel then refuses the mapping that fills it. */
  #table(name: string, image: Uint8Array): void {
    const map = BpfMap.create({
      type: "array",
      name: name.slice(0, 15),
      keyBytes: 4,
      valueBytes: image.length,
      maxEntries: 1,
      flags: MAP_FLAGS.mmapable,
    });
    this.#tables.set(name, map);
    map.writeImage(image);
    map.freeze();
  }

  /** Runs a packet through a proof instance. */
  run(packet: Uint8Array, nowNs = 0n): Decision {
    const metadata = new Uint8Array(PROOF.bytes);
    new DataView(metadata.buffer).setBigUint64(PROOF.nowNs, nowNs, true);
    const result = this.program.testRun(packet, { metadata });
    const left = new DataView(result.metadata.buffer, result.metadata.byteOffset, result.metadata.length);
    const decision: Decision = {
      verdict: VERDICTS[left.getUint32(PROOF.verdict, true)]!,
      rule: left.getBigUint64(PROOF.ruleId, true),
      reason: REASONS[left.getUint32(PROOF.reason, true)]!,
    };
    const action = XDP[result.returnCode] ?? `action ${result.returnCode}`;
    if (action !== decision.verdict) throw new Error(`returned XDP ${action}, left ${decision.verdict}`);
    return decision;
  }

  map(name: string): BpfMap {
    let map = this.#maps.get(name);
    if (!map) {
      map = this.#object.map(name);
      this.#maps.set(name, map);
    }
    return map;
  }

  /** Every counter that is not zero, by `reason <name>` and `<slot> <kind>`; a reason's number where it has no name. */
  counters(): Record<string, Count> {
    const { reasons, slots } = readCounts(this.map("counters"), this.#slotCount);
    const named = [
      ...reasons.map((count, reason) => [`reason ${REASONS[reason] ?? reason}`, count] as const),
      ...slots.flatMap((kinds, slot) =>
        kinds.map((count, kind) => [`${slot} ${COUNTER_KINDS[kind]}`, count] as const),
      ),
    ];
    return Object.fromEntries(named.filter(([, { packets, bytes }]) => packets !== 0 || bytes !== 0));
  }

  /** Keys of limits that have state. */
  limitStates(): LimitState[] {
    return [...readLimitStates(this.map("limit_state"))];
  }

  /** Empties limit state and blocks. */
  clear(): void {
    clearMaps(this.map("limit_state"), this.map("blocks"));
  }

  close(): void {
    for (const map of [...this.#tables.values(), ...this.#maps.values()]) map.close();
    this.program?.close();
    this.#object.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What a parse class or an always-passed kind gives. */
export function byReason(verdict: "pass" | "drop", reason: Reason): Decision {
  return { verdict, rule: 0n, reason };
}
export function byRule(verdict: "pass" | "drop", rule: bigint): Decision {
  return { verdict, rule, reason: "rule" };
}

/**
 * The reason for the packet, in a filter without rules whose default passes and whose parse classes are all dropped; a
 * verdict that does not go with the reason throws.
 */
export function reasonOf(filter: Filter, packet: PacketSpec | Uint8Array): Reason {
  const decision = filter.run(packet instanceof Uint8Array ? packet : buildPacket(packet));
  const passes = ["default", "arp", "neighbour-discovery", "dhcp"].includes(decision.reason);
  assert.deepEqual(decision, byReason(passes ? "pass" : "drop", decision.reason));
  return decision.reason;
}
