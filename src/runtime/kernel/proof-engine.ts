// A bundle to a proof instance by itself: the program and the tables that would serve, with a clock and a state of its own.
// Nothing is pinned and nothing attached. For whatever runs many packets through a bundle in the kernel.

import { PROOF, REASONS, VERDICTS } from "../../bundle/abi.ts";
import type { Bundle } from "../../bundle/format.ts";
import type { BpfMap } from "../bpf/index.ts";
import { blockUntil, unblock } from "./blocks.ts";
import { type Counts, countersFor, readCounts, slotsImage } from "./counters.ts";
import { type ProgramObject, rodata, tableImages } from "./generation.ts";
import { loadInstance } from "./instance.ts";
import { bucketBitsFor, countLimitSlots, limitTableEntries } from "./limit-table.ts";
import { clearMaps, type ProofInstance } from "./prove.ts";
import { frozenTables } from "./tables.ts";

export interface TimedFrame {
  /** Of one above SHOWN_BYTES_MAX the program sees the beginning, and is told the length. */
  readonly frame: Uint8Array;
  readonly atNs: bigint;
}

/** What the program said of one packet. Names and ids are left to the reader: a million of these are numbers. */
export interface RawDecision {
  readonly verdict: (typeof VERDICTS)[number];
  /** Stable id; 0n where no rule decided. */
  readonly rule: bigint;
  readonly reason: (typeof REASONS)[number];
}

export interface ProofEngine extends ProofInstance {
  /** In order, each at its time, on the state that the ones before left. */
  runMany(packets: readonly TimedFrame[]): RawDecision[];
  /** As BpfProgram.testRunMany, with struct proof as each packet's metadata. Returns XDP actions. */
  runPacked(packets: Uint8Array, offsets: Uint32Array, metadata: Uint8Array): Uint32Array;
  /** As an operator, on the packets' clock. */
  block(source: string, untilNs: bigint): void;
  /** True where there was a block. */
  unblock(source: string): boolean;
  /** Slots are the rules' places in the manifest. Since the engine was made. */
  counters(): Counts;
  /** Entries of the limit state and of the blocks. Above half of `stateEntries` the kernel may begin to forget. */
  stateSize(): number;
  close(): void;
}

/** `stateEntries`: how many keys limits and blocks can have before the kernel may forget some. */
export function createProofEngine(bundle: Bundle, object: ProgramObject, stateEntries = 16_384): ProofEngine {
  const rules = bundle.manifest.rules.length;
  const limitBits = bucketBitsFor(stateEntries);
  const handles: { close(): void }[] = [];
  const close = () => {
    for (const handle of handles) handle.close();
  };
  const own = <T extends { close(): void }>(handle: T): T => {
    handles.push(handle);
    return handle;
  };
  try {
    const tables = new Map<string, BpfMap>();
    const slots = slotsImage(
      bundle.section("rules"),
      Array.from({ length: rules }, (_, index) => index),
    );
    const images = [...tableImages(bundle), slots];
    for (const [i, map] of frozenTables(images).entries()) tables.set(images[i]!.name, own(map));
    const {
      object: elf,
      program,
      rodata: constants,
    } = loadInstance(object.elf, tables, rodata(bundle, true, limitBits), (elf) => {
      elf.setMaxEntries("counters", countersFor(rules));
      elf.setMaxEntries("limit_state", limitTableEntries(limitBits));
      elf.setMaxEntries("blocks", stateEntries);
      elf.setMaxEntries("samples", 4096);
    });
    handles.push(elf, program, constants);
    const counters = own(elf.map("counters"));
    const limits = own(elf.map("limit_state"));
    const blocks = own(elf.map("blocks"));
    return {
      run: (packet, metadata, repeat) => program.testRun(packet, { metadata, repeat }),
      clearState: () => clearMaps(limits, blocks),
      block: (source, untilNs) => blockUntil(blocks, source, untilNs),
      unblock: (source) => unblock(blocks, source).unblocked,
      runMany: (packets) => runMany(program, packets),
      runPacked: (packets, offsets, metadata) => program.testRunMany(packets, offsets, metadata),
      counters: () => readCounts(counters, rules),
      stateSize() {
        const { active, expired } = countLimitSlots(limits, 0n);
        return Math.max(active + expired, [...blocks.keys()].length);
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function runMany(
  program: ReturnType<typeof loadInstance>["program"],
  packets: readonly TimedFrame[],
): RawDecision[] {
  const offsets = new Uint32Array(packets.length + 1);
  for (const [index, { frame }] of packets.entries())
    offsets[index + 1] = offsets[index]! + Math.max(SHOWN_BYTES_MIN, Math.min(SHOWN_BYTES_MAX, frame.length));
  const bytes = new Uint8Array(offsets[packets.length]!);
  const metadata = new Uint8Array(packets.length * PROOF.bytes);
  const view = new DataView(metadata.buffer);
  for (const [index, { frame, atNs }] of packets.entries()) {
    bytes.set(frame.length > SHOWN_BYTES_MAX ? frame.subarray(0, SHOWN_BYTES_MAX) : frame, offsets[index]);
    view.setUint32(index * PROOF.bytes + PROOF.frameBytes, frame.length + 1, true);
    view.setBigUint64(index * PROOF.bytes + PROOF.nowNs, atNs, true);
  }
  const codes = program.testRunMany(bytes, offsets, metadata);
  return packets.map((_, index) => {
    const at = index * PROOF.bytes;
    const verdict = VERDICTS[view.getUint32(at + PROOF.verdict, true)]!;
    const returned = codes[index] === XDP_DROP ? "drop" : codes[index] === XDP_PASS ? "pass" : null;
    if (verdict !== returned)
      throw new Error(`packet ${index}: the program says ${verdict} and returns XDP action ${codes[index]}`);
    return {
      verdict,
      rule: view.getBigUint64(at + PROOF.ruleId, true),
      reason: REASONS[view.getUint32(at + PROOF.reason, true)]!,
    };
  });
}

/** A test-run takes an Ethernet header at least, and about 3,520 bytes. */
const SHOWN_BYTES_MIN = 14;
const SHOWN_BYTES_MAX = 3_498;

/** include/uapi/linux/bpf.h, enum xdp_action. */
const XDP_DROP = 1;
const XDP_PASS = 2;
