// The worker as the agent's image has it: files beside the agent's, with what StatsD and OpenTelemetry need in files of
// their own.

import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { beforeAll, expect, test } from "vitest";
import { bundleAgent } from "../../src/bench/agent-bundle.ts";
import { AT, createCounts } from "../../src/runtime/events/counts.ts";
import type { WorkerInput } from "../../src/runtime/events/messages.ts";
import { describeKernel } from "../support/kernel.ts";
import { optionsOf } from "./collector-bench.ts";
import { from } from "./fixtures.ts";
import { buildObject, Filter } from "./harness.ts";

const { createSocket } = process.getBuiltinModule("node:dgram");

beforeAll(buildObject);

describeKernel("the bundled event worker", () => {
  test("reads the ring buffer and reaches StatsD and OpenTelemetry", async () => {
    const folder = mkdtempSync(join(tmpdir(), "piston-events-"));
    const pins = `/sys/fs/bpf/piston-test-${process.pid}-bundled`;
    mkdirSync(pins);
    const http = createServer((request, response) => {
      request
        .resume()
        .on("end", () => response.writeHead(200, { "content-type": "application/json" }).end("{}"));
    });
    const udp = createSocket("udp4");
    http.listen(0, "127.0.0.1");
    udp.bind(0, "127.0.0.1");
    await Promise.all([once(http, "listening"), once(udp, "listening")]);
    const filter = new Filter({
      rules: [],
      defaultVerdict: "drop",
      proof: false,
      samplesPerJiffy: 0xffffffff,
    });
    try {
      await bundleAgent(folder);
      const path = join(pins, "samples");
      filter.map("samples").pin(path);
      const counts = createCounts();
      const options = optionsOf({
        sinks: {
          statsd: { address: `127.0.0.1:${udp.address().port}`, prefix: "piston." },
          otel: { endpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1/traces` },
        },
      });
      const workerData: WorkerInput = { options, path, counts: counts.buffer, names: null };
      const worker = new Worker(join(folder, "event-worker.mjs"), { workerData });
      filter.program.testRun(from("198.51.100.7"), { repeat: 10 });
      const delivered = () => [...counts.subarray(AT.sinkDelivered, AT.sinkDelivered + 3)];
      await expect.poll(delivered).toEqual([0, 10, 10]);
      await worker.terminate();
    } finally {
      http.closeAllConnections();
      http.close();
      udp.close();
      filter.close();
      rmSync(pins, { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
