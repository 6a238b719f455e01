// Packets through one program on several CPUs at once.

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { PROOF } from "../../src/bundle/abi.ts";
import type { Filter } from "./harness.ts";

export const THREADS = Math.max(2, availableParallelism());

/** Runs each packet `repeat` times on each of THREADS threads, all at once, at the proof time `nowNs`. */
export async function runOnThreads(
  filter: Filter,
  packets: readonly Uint8Array[],
  repeat: number,
  nowNs: bigint,
): Promise<void> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from(
    { length: THREADS },
    () =>
      new Worker(new URL("./worker.ts", import.meta.url), {
        workerData: {
          programId: filter.program.info.id,
          packets,
          repeat,
          nowNs,
          metadataBytes: PROOF.bytes,
          gate,
          threads: THREADS,
        },
      }),
  );
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.once("error", reject);
          worker.once("exit", (code) =>
            code === 0 ? resolve() : reject(new Error(`worker exited with ${code}`)),
          );
        }),
    ),
  );
}
