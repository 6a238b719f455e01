// The addon in several threads at once: each has its own constructors and its own event loop.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { interfaceIndex, RingBuffer } from "./index.ts";
import { compile } from "./testdata/compile.ts";
import { describeKernel, frame, loadFilter, vethPair } from "./testdata/kernel.ts";
import { until } from "./testdata/until.ts";

function start(end: "close" | "hang", packets = 300, namespace: string | null = null): Worker {
  const workerData = { elf: compile("filter"), packets, end, namespace };
  return new Worker(new URL("testdata/worker.ts", import.meta.url), { workerData });
}

describeKernel("the addon in worker threads", () => {
  test("works in two workers and here at once, and each ends by itself", async () => {
    const filter = loadFilter(2, true);
    let here = 0;
    using _buffer = RingBuffer.open(filter.records, () => here++);
    const workers = [start("close"), start("close")];
    const exits = workers.map((worker) => once(worker, "exit"));
    const messages = await Promise.all(workers.map((worker) => once(worker, "message")));
    for (const [message] of messages) expect(message).toEqual({ records: 300, isBpfError: true, peer: null });
    expect(await Promise.all(exits)).toEqual([[0], [0]]);
    filter.program.testRun(frame(64));
    await until(() => here > 0);
    expect(here).toBe(1);
  });

  test("survives workers that are terminated with a ring buffer open, ten times over", async () => {
    for (let round = 0; round < 10; round++) {
      const worker = start("hang", 10);
      await once(worker, "message");
      await worker.terminate();
    }
    expect(loadFilter().program.testRun(frame(64)).returnCode).toBe(2);
  });

  test("moves one thread to another network namespace, and leaves the others where they are", async () => {
    using veth = vethPair();
    const worker = start("close", 1, veth.namespace);
    const [message] = await once(worker, "message");
    expect(message).toMatchObject({ peer: expect.any(Number) });
    expect(interfaceIndex("peer0")).toBeNull();
    expect(interfaceIndex(veth.name)).toBe(veth.ifindex);
  });
});
