// One thread of on-threads.ts: waits for the others, then runs the packets.

import { workerData } from "node:worker_threads";
import { BpfProgram } from "../../src/runtime/bpf/index.ts";

interface Work {
  readonly programId: number;
  readonly packets: readonly Uint8Array[];
  readonly repeat: number;
  readonly nowNs: bigint;
  readonly metadataBytes: number;
  readonly gate: Int32Array;
  readonly threads: number;
}

const work = workerData as Work;
const program = BpfProgram.fromId(work.programId);
const metadata = new Uint8Array(work.metadataBytes);
new DataView(metadata.buffer).setBigUint64(0, work.nowNs, true);
Atomics.add(work.gate, 0, 1);
while (Atomics.load(work.gate, 0) < work.threads); // not Atomics.wait: waking takes longer than the race lasts
for (const packet of work.packets) program.testRun(packet, { metadata, repeat: work.repeat });
program.close();
