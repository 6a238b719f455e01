import { closeSync, openSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import type { CgroupReading } from "./cgroup.ts";
import { ProcessFiles, type ProcessReading, stallRatio } from "./process.ts";
import {
  DEFAULT_RESOURCES,
  ResourceManager,
  type ResourceReading,
  type ResourceSources,
} from "./resources.ts";

const MIB = 2 ** 20;
const managers: ResourceManager[] = [];

afterEach(() => {
  for (const manager of managers.splice(0)) manager.close();
});

/** A manager whose readings are what `state` says at the time. */
function manage(state: Partial<ProcessReading & CgroupReading & { stall: string }>): ResourceManager {
  const sources: ResourceSources = {
    process: () => ({
      rssBytes: 50 * MIB,
      cpuMicroseconds: 0,
      fds: 30,
      fdLimit: 1024,
      threads: 11,
      ...state,
    }),
    cgroup: () => ({ memoryLimitBytes: null, memoryUsedBytes: null, cpuLimitCores: null, ...state }),
    memoryStall: () => state.stall ?? null,
    close() {},
  };
  const manager = new ResourceManager(DEFAULT_RESOURCES, sources);
  managers.push(manager);
  return manager;
}

describe("what the kernel says of this process", () => {
  it("counts its descriptors and threads to the last", async () => {
    const files = new ProcessFiles();
    const before = files.read();
    const opened = Array.from({ length: 7 }, () => openSync("/dev/null", "r"));
    expect(files.read().fds).toBe(before.fds + 7);
    for (const fd of opened) closeSync(fd);
    expect(files.read().fds).toBe(before.fds);
    const worker = new Worker("setInterval(() => {}, 1000)", { eval: true });
    await new Promise((resolve) => worker.once("online", resolve));
    expect(files.read().threads).toBe(before.threads + 1);
    await worker.terminate();
    files.close();
  });

  it("sees memory and CPU time grow", () => {
    const files = new ProcessFiles();
    const before = files.read();
    const held = Buffer.alloc(64 * MIB, 1);
    const until = performance.now() + 30;
    while (performance.now() < until) Math.sqrt(until);
    const after = files.read();
    expect(after.rssBytes - before.rssBytes).toBeGreaterThan(48 * MIB);
    expect(after.cpuMicroseconds - before.cpuMicroseconds).toBeGreaterThan(1000);
    expect(after.fdLimit).toBeGreaterThan(after.fds);
    expect(held.length).toBe(64 * MIB);
    files.close();
  });
});

describe("the share of stalled time", () => {
  it("is that in which nobody got on", () => {
    const text =
      "some avg10=31.50 avg60=2.00 avg300=0.00 total=9\nfull avg10=12.25 avg60=1.00 avg300=0.00 total=4\n";
    expect(stallRatio(text)).toBe(0.1225);
  });

  it("is unknown where the kernel keeps no such account", () => {
    expect([stallRatio(null), stallRatio("")]).toEqual([null, null]);
  });
});

describe("the resource manager", () => {
  it("reads this very process", () => {
    const manager = new ResourceManager();
    managers.push(manager);
    const reading = manager.check();
    expect(reading.memoryBytes).toBeGreaterThan(10 * MIB);
    expect(reading.fds).toBeGreaterThan(8); // its reserve alone is as many
    expect(reading.threads).toBeGreaterThan(1);
    expect(reading.fdLimit).toBeLessThanOrEqual(1000);
  });

  it("comes under real memory pressure, and gets out of it by collecting garbage", async () => {
    const roomBytes = new ProcessFiles().read().rssBytes + 64 * MIB;
    const manager = new ResourceManager({ ...DEFAULT_RESOURCES, memoryLimitBytes: roomBytes / 0.8 });
    managers.push(manager);
    expect(manager.check().pressure.memory).toBe(0);
    (() => {
      const ballast = Buffer.alloc(192 * MIB, 1);
      expect(ballast).toHaveLength(192 * MIB);
    })();
    // The reading comes first: garbage is still there, and is collected because of it.
    expect(manager.check().pressure.memory).toBeGreaterThan(0);
    // Another thread gives the memory back that the collection has found.
    await expect.poll(() => manager.check().pressure.memory, { interval: 10 }).toBe(0);
  });

  it("takes the tighter of the configured limit and the cgroup's", () => {
    const roomy = manage({ rssBytes: 128 * MIB, memoryLimitBytes: 1024 * MIB, memoryUsedBytes: 130 * MIB });
    expect(roomy.reading().memoryRatio).toBe(0.25);
    const tight = manage({ rssBytes: 50 * MIB, memoryLimitBytes: 100 * MIB, memoryUsedBytes: 90 * MIB });
    expect(tight.reading()).toMatchObject({
      memoryRatio: 0.9,
      memoryLimitBytes: 100 * MIB,
      pressure: { memory: 2 },
    });
  });

  it("reckons CPU time as a share of what it may use", async () => {
    const state = { cpuMicroseconds: 1000 };
    const manager = manage(state);
    await new Promise((resolve) => setTimeout(resolve, 50));
    state.cpuMicroseconds += 1e9; // more than any window of time can hold
    expect(manager.check().pressure.cpu).toBe(3);
    expect(manager.reading().cpuRatio).toBeGreaterThan(1);
  });

  it("takes the cgroup's CPU quota where it is less than the configured share", async () => {
    const states = [{ cpuMicroseconds: 0 }, { cpuMicroseconds: 0, cpuLimitCores: 0.1 }];
    const [free, held] = states.map(manage) as [ResourceManager, ResourceManager];
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const state of states) state.cpuMicroseconds = 1e6;
    // The same use: 20 % may be had, or 10 %. Both were made in the same millisecond or so.
    expect(held.check().cpuRatio / free.check().cpuRatio).toBeGreaterThan(1.5);
  });

  it("is under pressure when tasks stall for memory, whatever the limits say", () => {
    const manager = manage({ stall: "some avg10=40.00\nfull avg10=10.00 avg60=0.00" });
    expect(manager.reading().pressure.memory).toBe(1);
    expect(manage({ stall: "some avg10=40.00\nfull avg10=9.99 avg60=0.00" }).reading().pressure.memory).toBe(
      0,
    );
  });

  it("gives its reserved descriptors back when no others are left, and takes them again", () => {
    const files = new ProcessFiles();
    const state = { fds: 30, fdLimit: 40 };
    const manager = manage(state);
    const held = files.read().fds;
    expect(manager.check().pressure.fds).toBe(0); // 22 of 32
    state.fds = 40;
    expect(manager.check().pressure.fds).toBe(3);
    expect(files.read().fds).toBe(held - 8);
    state.fds = 10;
    for (let i = 0; i < 9; i++) manager.check();
    expect(manager.reading().pressure.fds).toBe(0);
    expect(files.read().fds).toBe(held);
    files.close();
  });

  it("tells of each change of a level once, with the levels before", () => {
    const state = { rssBytes: 100 * MIB };
    const manager = manage(state);
    const told: [ResourceReading["pressure"], ResourceReading["pressure"]][] = [];
    manager.onChange((reading, before) => told.push([before, reading.pressure]));
    manager.check();
    state.rssBytes = 500 * MIB;
    manager.check();
    manager.check();
    expect(told).toEqual([
      [
        { memory: 0, cpu: 0, fds: 0 },
        { memory: 3, cpu: 0, fds: 0 },
      ],
    ]);
  });

  it("goes by other limits once it is given them", () => {
    const manager = manage({ rssBytes: 100 * MIB });
    expect(manager.check().pressure.memory).toBe(0);
    manager.configure({ ...DEFAULT_RESOURCES, memoryLimitBytes: 110 * MIB });
    expect(manager.check()).toMatchObject({ memoryLimitBytes: 110 * MIB, pressure: { memory: 2 } });
    manager.configure({ ...DEFAULT_RESOURCES, memoryLimitBytes: 110 * MIB, warnRatio: 0.95 });
    expect(manager.check().pressure.memory).toBe(0);
  });

  it("measures how long the event loop was busy", async () => {
    const manager = manage({});
    manager.start();
    const until = performance.now() + 800;
    while (performance.now() < until) Math.sqrt(until);
    await new Promise((resolve) => setTimeout(resolve, 1));
    // A timer every 500 ms that had to wait for the end of the 800 ms.
    expect(manager.check().eventLoopLagMs).toBeGreaterThan(100);
  });
});
