// Two instances of the XDP program to what one costs over the other, a packet: in one test-run that goes from one to the other every
// few packets, so that whatever else the machine does meets both.

import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import type { BpfMap, BpfProgram } from "../runtime/bpf/index.ts";
import type { Rig } from "./object.ts";
import { middle } from "./timing.ts";

/** struct bench_turns, and TARGET_OTHER, of bench.bpf.c. */
const TURNS = { bytes: 16 + 4 * 8192, began: 0, count: 8, shift: 12, ns: 16, most: 8192 } as const;
const TARGET_OTHER = 10;

export interface Turns {
  /** An even number, TURNS.most at most. */
  readonly count: number;
  /** A turn is 2 to the power of this many packets. */
  readonly shift: number;
}

/** What the filter of `other` costs over that of `own`; nanoseconds a packet. */
export function costInTurns(own: Rig, other: Rig, packet: Uint8Array, { count, shift }: Turns): number {
  assert(count < TURNS.most && count % 2 === 0);
  putInto(own.map("bench_targets"), TARGET_OTHER, other.program("piston_filter"));
  const turns = own.map("bench_turns");
  const state = new Uint8Array(TURNS.bytes);
  new DataView(state.buffer).setUint32(TURNS.shift, shift, true);
  const first = new Uint8Array(4);
  turns.update(first, state);
  own.clear();
  // One turn more, and the first packet of the next: its verdict is the other instance's.
  const repeat = (count + 1) * 2 ** shift + 1;
  const { returnCode } = own.program("source4_turns").measure(packet, { repeat });
  assert.notEqual(returnCode, 0, "XDP_ABORTED: the other instance is not there");
  const found = Uint8Array.from(turns.lookup(first)!);
  const view = new DataView(found.buffer);
  assert.equal(view.getUint32(TURNS.count, true), count + 1);
  const ns = Array.from({ length: count }, (_, i) => view.getUint32(TURNS.ns + 4 * i, true) / 2 ** shift);
  return middle(Array.from({ length: count / 2 }, (_, i) => ns[2 * i + 1]! - ns[2 * i]!));
}

/** A program as the target of a tail call: the kernel takes it by a descriptor, which this process has of it. */
function putInto(targets: BpfMap, index: number, program: BpfProgram): void {
  const wanted = new RegExp(`^prog_id:\\s*${program.info.id}$`, "m");
  const descriptor = readdirSync("/proc/self/fdinfo").find((name) => {
    try {
      return wanted.test(readFileSync(`/proc/self/fdinfo/${name}`, "utf8"));
    } catch {
      return false; // that of the directory itself
    }
  });
  assert(descriptor !== undefined, "the program is open in this process");
  targets.update(
    new Uint8Array(new Uint32Array([index]).buffer),
    new Uint8Array(new Uint32Array([Number(descriptor)]).buffer),
  );
}
