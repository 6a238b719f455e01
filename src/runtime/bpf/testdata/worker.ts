// A worker thread with an addon of its own: loads the filter, reads its records, and tells what it saw.

import { parentPort, workerData } from "node:worker_threads";
import { BpfError, BpfMap, BpfObject, enterNetworkNamespace, interfaceIndex, RingBuffer } from "../index.ts";

const { elf, packets, end, namespace } = workerData as {
  elf: Uint8Array;
  packets: number;
  /** `close`: close the buffer and end; `hang`: leave it open, until the thread is terminated. */
  end: "close" | "hang";
  namespace: string | null;
};

if (namespace !== null) enterNetworkNamespace(namespace);
const object = BpfObject.open(elf, "filter");
object.setInitialValue(".rodata", new Uint8Array(Uint32Array.of(1, 1).buffer));
object.load();
const program = object.program("filter");
let records = 0;
const buffer = RingBuffer.open(object.map("records"), () => {
  records++;
  if (records < packets) return;
  let error: unknown;
  try {
    BpfMap.fromId(4_000_000_000);
  } catch (caught) {
    error = caught;
  }
  parentPort?.postMessage(
    { records, isBpfError: error instanceof BpfError, peer: interfaceIndex("peer0") },
    [],
  );
  if (end === "close") buffer.close();
});
program.testRun(new Uint8Array(64), { repeat: packets });
