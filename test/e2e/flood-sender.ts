// One of the flood's senders, a process: frames out of the interface of its own network namespace as fast as a core makes
// them, for so long. Arguments: object file, interface, milliseconds. Prints how many frames it has made.

import { readFileSync } from "node:fs";
import { udp } from "../../src/packet/helpers.ts";
import { BpfError, BpfObject, interfaceIndex } from "../../src/runtime/bpf/index.ts";

const FRAMES_PER_RUN = 100_000;

const [object = "", name = "", ms = "0"] = process.argv.slice(2);
const ifindex = interfaceIndex(name);
if (ifindex === null) throw new Error(`there is no interface ${name}`);
const flood = BpfObject.open(readFileSync(object), "flood");
flood.setInitialValue(".rodata", new Uint8Array(Uint32Array.of(ifindex).buffer));
flood.load();
const program = flood.program("flood");
const frame = udp({ from: "198.18.0.1:40000", to: "203.0.113.9:9", payload: new Uint8Array(18) });
const endMs = performance.now() + Number(ms);
while (performance.now() < endMs) {
  try {
    program.testRunLive(frame, { repeat: FRAMES_PER_RUN, batchFrames: 64 });
  } catch (error) {
    // A signal ends a run early; the program counts what it sent.
    if (!(error instanceof BpfError) || error.code !== "EINTR") throw error;
  }
}
const counts = flood.map("sent").lookup(new Uint8Array(4))!;
const sent = new BigUint64Array(Uint8Array.from(counts).buffer).reduce((a, b) => a + b, 0n);
process.stdout.write(`${sent}\n`);
