// A process of its own for what would end or disturb the test runner: what happens at exit, at a throw, at collection.

import { readdirSync, readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { PROGRAM_TABLES, RODATA } from "../../../bundle/abi.ts";
import { bindTables } from "../../kernel/instance.ts";
import { frozenTable, zeroTable } from "../../kernel/tables.ts";
import { BpfMap, BpfObject, BpfProgram, RingBuffer } from "../index.ts";
import { compile } from "./compile.ts";
import { turn, until } from "./until.ts";

function load() {
  const object = BpfObject.open(compile("filter"), "filter");
  object.setInitialValue(".rodata", new Uint8Array(Uint32Array.of(2, 1).buffer));
  object.load();
  return { program: object.program("filter"), records: object.map("records"), object };
}

const scenarios: Record<string, () => Promise<void>> = {
  async open() {
    const { program, records } = load();
    RingBuffer.open(records, () => {
      console.log("as expected");
      process.exit(0);
    });
    program.testRun(new Uint8Array(64));
  },

  async unref() {
    const { records } = load();
    RingBuffer.open(records, () => {}).unref();
    console.log("as expected");
  },

  async throw() {
    const { program, records } = load();
    const errors: string[] = [];
    let count = 0;
    process.on("uncaughtException", (error) => errors.push(error.message));
    const buffer = RingBuffer.open(records, () => {
      count++;
      throw new Error(`record ${count}`);
    });
    program.testRun(new Uint8Array(64), { repeat: 3 });
    await until(() => count === 3);
    buffer.close();
    console.log(errors.join() === "record 1,record 2,record 3" ? "as expected" : errors.join());
  },

  async signals() {
    // The kernel gives a signal for the process to its main thread, unless that one blocks it.
    process.on("SIGUSR2", () => {});
    const storm = new Worker("for (;;) process.kill(process.pid, 'SIGUSR2')", { eval: true });
    await new Promise((resolve) => storm.once("online", resolve));
    // The agent's own program: the verifier takes tens of milliseconds, and looks for signals all the while.
    const elf = readFileSync(new URL("../../../../build/filter.bpf.o", import.meta.url));
    const tables = new Map(PROGRAM_TABLES.map((name) => [name, frozenTable(zeroTable(name))]));
    for (let i = 0; i < 8; i++) {
      using object = BpfObject.open(elf, "filter");
      bindTables(object, tables, new Uint8Array(RODATA.bytes));
      object.load();
      await turn();
    }
    console.log("as expected");
    process.exit(0);
  },

  async collect() {
    const kept = load();
    let count = 0;
    RingBuffer.open(kept.records, () => count++);
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const collect = globalThis.gc;
    if (collect === undefined) throw new Error("run it with --expose-gc");
    const before = descriptors();
    (() => {
      for (let i = 0; i < 50; i++) {
        const { program } = load();
        BpfProgram.fromId(program.info.id);
        BpfMap.create({ type: "array", name: "lost", keyBytes: 4, valueBytes: 4, maxEntries: 1 });
      }
    })();
    const most = descriptors();
    for (let i = 0; i < 20 && descriptors() > before; i++) {
      collect();
      await turn();
    }
    kept.program.testRun(new Uint8Array(64));
    await until(() => count > 0);
    const after = descriptors();
    console.log(most >= before + 150 && after <= before ? "as expected" : `${before} ${most} ${after}`);
    process.exit(0);
  },
};

await scenarios[process.argv[2] ?? ""]?.();
