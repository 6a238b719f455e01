// The collector's account on the real ring buffer, to the last event, also over crashes of its worker.

import { beforeAll, describe, expect, test } from "vitest";
import { buildPacket } from "../../src/packet/build.ts";
import {
  frame,
  describeKernel as kernelOfAddon,
  loadFilter,
  pinDirectory,
  XDP_DROP,
} from "../../src/runtime/bpf/testdata/kernel.ts";
import { EventCollector } from "../../src/runtime/events/collector.ts";
import type { Logger } from "../../src/runtime/log.ts";
import { describeKernel } from "../support/kernel.ts";
import { accountOf, CollectorBench, optionsOf } from "./collector-bench.ts";
import { from, V4 } from "./fixtures.ts";
import { buildObject } from "./harness.ts";
import { DIGEST_FIRST } from "./tables.ts";

beforeAll(buildObject);

const packet = from("198.51.100.7");
/** The digest that tables.ts gives, its first 8 bytes. */
const BENCH_GENERATION = Array.from({ length: 8 }, (_, i) => (DIGEST_FIRST + i).toString(16)).join("");

describeKernel("the event collector", () => {
  test("keeps every event of a packet that was dropped, and knows from where it came", async () => {
    await using bench = new CollectorBench();
    bench.send(packet, 900);
    bench.send(from("198.51.100.8"), 100);
    const stats = await bench.until(({ kept }) => kept === 1000);
    expect(stats).toMatchObject({ submitted: 1000, read: 1000, waiting: 0, level: 0, workerRestarts: 0 });
    expect(accountOf(stats)).toBe(1000);
    expect(stats.lastEventAtMs).toBeLessThanOrEqual(Date.now());
    await expect
      .poll(() => bench.collector.topSources(2).map(({ key, count }) => [key, count]))
      .toEqual([
        ["198.51.100.7", 900],
        ["198.51.100.8", 100],
      ]);
    expect(bench.collector.health()).toEqual({ state: "ok", reason: null });
  });

  test("accounts for what the kernel did not even write", async () => {
    await using bench = new CollectorBench({ policy: { samplesPerJiffy: 3 } });
    bench.send(packet, 50_000);
    const stats = await bench.settled();
    expect(stats.dropped["kernel-rate"]).toBeGreaterThan(0);
    expect(stats.submitted).toBe(50_000);
    expect(accountOf(stats)).toBe(50_000);
  });

  test("accounts for a ring buffer that is full", async () => {
    await using bench = new CollectorBench();
    bench.send(packet, 20_000); // one system call: the reader hardly gets a look in
    const stats = await bench.settled();
    expect(stats.dropped["ring-full"]).toBeGreaterThan(0);
    expect(stats.submitted).toBe(20_000);
    expect(accountOf(stats)).toBe(20_000);
  });

  describe("loses no count where its worker", () => {
    test.each([
      ["throws", "throw", "a fault of the worker"],
      ["exits", "exit", "exit code 7"],
      ["runs out of memory", "memory", "memory limit"],
    ] as const)("%s", async (_, how, message) => {
      await using bench = new CollectorBench();
      bench.send(packet, 200);
      await bench.settled();
      bench.collector.failWorker(how);
      await bench.until(
        ({ workerRunning }) => !workerRunning,
        () => bench.send(packet, 20),
      );
      expect(bench.collector.health()).toMatchObject({ state: "degraded" });
      expect(bench.collector.health().reason).toContain(message);
      const stats = await bench.settled();
      expect(stats.workerRestarts).toBe(1);
      expect(stats.submitted).toBe(bench.sent);
      expect(accountOf(stats)).toBe(bench.sent);
      expect(bench.log.find(({ event }) => event === "event-worker-crashed")?.text).toContain(message);
      await expect.poll(() => bench.collector.health().state).toBe("ok");
    });

    test("is ended from outside, five times over, under load", async () => {
      await using bench = new CollectorBench({ timing: { restartMaxMs: 20 } });
      for (let round = 1; round <= 5; round++) {
        const { read } = bench.collector.stats();
        await bench.until(
          (stats) => stats.read > read,
          () => bench.send(packet, 50),
        );
        await bench.collector.terminateWorker();
        await bench.until(
          ({ workerRestarts }) => workerRestarts === round,
          () => bench.send(packet, 10),
        );
      }
      const stats = await bench.settled();
      expect(stats.submitted).toBe(bench.sent);
      expect(accountOf(stats)).toBe(bench.sent);
    });

    test("hangs: it is replaced", async () => {
      await using bench = new CollectorBench({ timing: { hungMs: 3_000 } });
      bench.send(packet, 10);
      await bench.settled();
      bench.collector.failWorker("hang");
      bench.send(packet, 10);
      const stats = await bench.until((s) => s.workerRestarts > 0 && s.workerRunning && s.waiting === 0);
      expect(stats.submitted).toBe(20);
      expect(accountOf(stats)).toBe(20);
      expect(bench.log.map(({ event }) => event)).toContain("event-worker-hung");
    });
  });

  test("takes what is in the ring buffer before it closes, and its account stays readable", async () => {
    const bench = new CollectorBench({ events: { intervalMs: 10_000 } });
    await bench.until(({ workerRunning }) => workerRunning);
    bench.send(packet, 300);
    await bench.close(60_000);
    const stats = bench.collector.stats();
    expect(stats).toMatchObject({ submitted: 300, kept: 300, waiting: 0 });
  });

  test("goes on with other options, and counts on", async () => {
    await using bench = new CollectorBench();
    bench.send(packet, 100);
    await bench.until(({ kept }) => kept === 100);
    bench.collector.configure(optionsOf({ sinks: { statsd: { address: "127.0.0.1:9", prefix: "" } } }));
    await bench.until(({ sinks, workerRunning }) => workerRunning && sinks.statsd !== undefined);
    bench.send(packet, 100);
    const stats = await bench.until(({ sinks }) => sinks.statsd!.offered === 100);
    expect(stats).toMatchObject({ kept: 200, workerCrashes: 0, workerRestarts: 0 });
    expect(bench.log.filter(({ event }) => event === "event-worker-crashed")).toEqual([]);
  });

  test("names attack patterns, and sorts by what matters", async () => {
    await using bench = new CollectorBench();
    const tcp = (flags: number, source: string = V4.source) =>
      buildPacket({ ipv4: { ...V4, source }, tcp: { sourcePort: 1000, destinationPort: 80, flags } });
    bench.send(tcp(0x03)); // SYN and FIN
    bench.send(tcp(0));
    bench.send(tcp(0x29)); // FIN, PSH, URG
    bench.send(tcp(0x02, V4.destination)); // from itself to itself
    bench.send(buildPacket({ ipv4: V4, udp: { sourcePort: 123, destinationPort: 9 }, payloadBytes: 440 }));
    bench.send(buildPacket({ ipv4: { ...V4, ihl: 4 }, protocol: 47 }));
    bench.send(tcp(0x02));
    const stats = await bench.until(({ kept }) => kept === 7);
    expect(stats.patterns).toMatchObject({
      "syn-fin": 1,
      "tcp-null": 1,
      "tcp-xmas": 1,
      "land-attack": 1,
      amplification: 1,
    });
    expect(stats.keptByPriority).toEqual({ normal: 1, high: 4, critical: 2, essential: 0 });
  });

  test("takes what may lock operators out before anything else, and names what rules and backends did", async () => {
    await using bench = new CollectorBench({
      policy: { rules: [{ id: 0xabcn, action: "drop" }] },
      names: {
        rules: new Map([["0000000000000abc", { id: "edge/all", backend: "game" }]]),
        generations: [BENCH_GENERATION],
        services: [(6 << 16) | 22],
      },
    });
    const ssh = (flags: number) =>
      buildPacket({ ipv4: V4, tcp: { sourcePort: 1000, destinationPort: 22, flags } });
    bench.send(ssh(2));
    bench.send(buildPacket({ ipv4: V4, udp: { sourcePort: 1000, destinationPort: 22 }, payloadBytes: 20 }));
    const stats = await bench.until(({ kept }) => kept === 2);
    expect(stats.keptByPriority).toMatchObject({ normal: 1, essential: 1 });
    expect(stats.unknownGeneration).toBe(0);
    await expect.poll(() => bench.collector.topBackends(5)).toEqual([{ key: "game", count: 2, error: 0 }]);
  });

  test("tells of samples of a program that the agent did not put in charge", async () => {
    await using bench = new CollectorBench({
      timing: { foreignGraceMs: 200 },
      names: { rules: new Map(), generations: ["0011223344556677"], services: [] },
    });
    await bench.until(
      ({ unknownGeneration }) => unknownGeneration > 0,
      () => bench.send(packet),
    );
    const stats = await bench.settled();
    expect(stats.keptByPriority.essential).toBe(stats.unknownGeneration);
    expect(accountOf(stats)).toBe(bench.sent);
  });
});

/** A ring buffer that something else writes to: 16 bytes are no sample. */
kernelOfAddon("records that are no samples", () => {
  test("are counted by what is wrong with them, and go nowhere", async () => {
    const filter = loadFilter(XDP_DROP, true);
    using pins = pinDirectory("foreign-records");
    const path = pins.path("records");
    filter.records.pin(path);
    const logger: Logger = {
      debug() {},
      info() {},
      warn() {},
      error() {},
      isLevelEnabled: () => false,
    };
    const collector = new EventCollector({ options: optionsOf({}), logger });
    collector.start({ path, map: filter.records, totals: () => null });
    filter.program.testRun(frame(64), { repeat: 50 });
    await expect.poll(() => collector.stats().invalid.size).toBe(50);
    expect(collector.stats().kept).toBe(0);
    await collector.close(1_000);
  });
});
