// Readings of this process and its cgroup to pressure levels, and what is done at each: garbage is collected under memory
// pressure, reserved descriptors are given back when there are no others. Everybody else asks reading() or listens.

import { RESOURCES } from "../../metrics/catalogue.ts";
import { releaseMemory } from "../bpf/index.ts";
import { BEAT_MS, every, type Timer } from "../pulse.ts";
import { Cgroup, type CgroupReading } from "./cgroup.ts";
import { Pressure, type PressureLevel } from "./pressure.ts";
import { LiveFile, ProcessFiles, type ProcessReading, stallRatio } from "./process.ts";
import { DescriptorReserve } from "./reserve.ts";

export interface ResourceLimits {
  readonly memoryLimitBytes: number;
  /** Of one core. */
  readonly cpuLimitRatio: number;
  readonly fdLimit: number;
  /** Pressure begins at this share of a limit. */
  readonly warnRatio: number;
  readonly checkIntervalMs: number;
}

export const DEFAULT_RESOURCES: ResourceLimits = {
  memoryLimitBytes: 512 * 2 ** 20,
  cpuLimitRatio: 0.2,
  fdLimit: 1000,
  warnRatio: 0.8,
  checkIntervalMs: 1000,
};

export type Resource = (typeof RESOURCES)[number];

export interface ResourceReading {
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  /** The greater of this process's share of the limit and its cgroup's share of the cgroup's: maps count there. */
  readonly memoryRatio: number;
  /** Time used over the last CPU_WINDOW_MS, of the share that it may use: 1 is all of it. */
  readonly cpuRatio: number;
  readonly fds: number;
  /** The least of the configured limit and RLIMIT_NOFILE. */
  readonly fdLimit: number;
  /** Of those beside the reserve. */
  readonly fdRatio: number;
  readonly threads: number;
  /** The latest that a timer came since the last reading. */
  readonly eventLoopLagMs: number;
  /** Share of the last ten seconds that all tasks waited for memory; null where the kernel does not say. */
  readonly memoryStallRatio: number | null;
  readonly pressure: Readonly<Record<Resource, PressureLevel>>;
}

/** `memory at 83 % of 512 MiB`, for people. */
export function pressureText(reading: ResourceReading, resource: Resource): string {
  const percent = (ratio: number) => `${Math.round(ratio * 100)} %`;
  switch (resource) {
    case "memory":
      return `memory at ${percent(reading.memoryRatio)} of ${Math.round(reading.memoryLimitBytes / 2 ** 20)} MiB`;
    case "cpu":
      return `CPU time at ${percent(reading.cpuRatio)} of the agent's share`;
    case "fds":
      return `${reading.fds} of ${reading.fdLimit} file descriptors are open`;
  }
}

/** What /health says of resources: pressure on any of them makes the agent do less, on purpose. */
export function resourceState(reading: ResourceReading): {
  readonly state: "ok" | "degraded";
  readonly reason: string | null;
} {
  const pressed = RESOURCES.filter((resource) => reading.pressure[resource] > 0);
  if (pressed.length === 0) return { state: "ok", reason: null };
  return { state: "degraded", reason: pressed.map((resource) => pressureText(reading, resource)).join("; ") };
}

let collector: (() => void) | null = globalThis.gc ?? null;

/** A full collection. A context that is made after the flag was set has the function; the flag has no other effect. */
function collectGarbage(): void {
  if (!collector) {
    process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc");
    collector = process.getBuiltinModule("node:vm").runInNewContext("gc") as () => void;
  }
  collector();
}

export type PressureListener = (reading: ResourceReading, before: ResourceReading["pressure"]) => void;

const CPU_WINDOW_MS = 5000;
/** Above this share of stalled time memory is short, whatever the limits say. */
const STALL_WARN_RATIO = 0.1;
/** While pressure lasts, garbage is collected again after so long: a full collection stops everything for 10 ms or so. */
const COLLECT_AGAIN_MS = 30_000;
/**
 * After a start or a swap memory is given back twice: soon, when filtering has begun; and when what it set off is over (the
 * worker's start, the first comparison with the kernel).
 */
const RELEASE_AFTER_MS = [1000, 5000] as const;
/**
 * What an idle agent does now and then (a collection, a comparison with the kernel) maps the executable's pages again, 64 KiB
 * for each byte. 3 ms of CPU time.
 */
const RELEASE_AGAIN_MS = 20_000;
/** Enough for a connection, and for what answering /health opens. */
const RESERVED_FDS = 8;

/** A cgroup's limits are read again so often. */
const READINGS_PER_LIMITS = 30;

/** What it reads from; replaced in tests that are about levels, not about readings. */
export interface ResourceSources {
  process(): ProcessReading;
  cgroup(): CgroupReading;
  memoryStall(): string | null;
  close(): void;
}

function kernelSources(): ResourceSources {
  const files = new ProcessFiles();
  const cgroup = new Cgroup();
  let readings = 0;
  const stall = new LiveFile(
    cgroup.memoryDirectory === null ? "/proc/pressure/memory" : `${cgroup.memoryDirectory}/memory.pressure`,
  );
  return {
    process: () => files.read(),
    cgroup() {
      if (++readings % READINGS_PER_LIMITS === 0) cgroup.readLimits();
      return cgroup.read();
    },
    memoryStall: () => stall.read(),
    close() {
      files.close();
      stall.close();
    },
  };
}

export class ResourceManager {
  #limits: ResourceLimits;
  readonly #sources: ResourceSources;
  readonly #reserve: DescriptorReserve;
  readonly #listeners: PressureListener[] = [];
  #pressure: Readonly<Record<Resource, Pressure>>;
  readonly #cpu: CpuWindow;
  readonly #lag = new LagProbe();
  #check: Timer | null = null;
  #reading: ResourceReading;
  #collectedAtMs = Number.NEGATIVE_INFINITY;
  #releasedAtMs = performance.now();
  #releases: NodeJS.Timeout[] = [];

  constructor(limits: ResourceLimits = DEFAULT_RESOURCES, sources: ResourceSources = kernelSources()) {
    this.#limits = limits;
    this.#sources = sources;
    this.#reserve = new DescriptorReserve(RESERVED_FDS);
    this.#pressure = pressures(limits.warnRatio);
    this.#cpu = new CpuWindow(sources.process().cpuMicroseconds);
    this.#reading = this.#read();
  }

  /** Reads every checkIntervalMs. Neither timer keeps the process alive. */
  start(): void {
    this.#lag.start();
    this.#check = every(this.#limits.checkIntervalMs, () => this.check());
  }

  /** Other limits from now on. */
  configure(limits: ResourceLimits): void {
    const running = this.#check !== null;
    this.#check?.stop();
    if (limits.warnRatio !== this.#limits.warnRatio) this.#pressure = pressures(limits.warnRatio);
    this.#limits = limits;
    if (!running) return;
    this.#check = every(limits.checkIntervalMs, () => this.check());
    this.check();
  }

  close(): void {
    this.#lag.close();
    this.#check?.stop();
    for (const timer of this.#releases) clearTimeout(timer);
    this.#check = null;
    this.#reserve.release();
    this.#sources.close();
  }

  /** The last one. */
  reading(): ResourceReading {
    return this.#reading;
  }

  /** Called when a pressure level has changed, with the levels before. */
  onChange(listener: PressureListener): void {
    this.#listeners.push(listener);
  }

  /** Reads now, and does what the levels ask for. */
  check(): ResourceReading {
    const before = this.#reading.pressure;
    this.#reading = this.#read();
    const { memory, fds } = this.#reading.pressure;
    if (memory > 0) this.#collectAgain();
    if (performance.now() - this.#releasedAtMs >= RELEASE_AGAIN_MS) this.#releaseMemory();
    if (fds === 3) this.#reserve.release();
    else if (fds === 0) this.#reserve.take();
    if (RESOURCES.some((resource) => before[resource] !== this.#reading.pressure[resource]))
      for (const listener of this.#listeners) listener(this.#reading, before);
    return this.#reading;
  }

  #read(): ResourceReading {
    const process = this.#sources.process();
    const { memoryLimitBytes: cgroupLimit, memoryUsedBytes, cpuLimitCores } = this.#sources.cgroup();
    const memoryStallRatio = stallRatio(this.#sources.memoryStall());
    const memoryLimitBytes = Math.min(this.#limits.memoryLimitBytes, cgroupLimit ?? Number.POSITIVE_INFINITY);
    const memoryRatio = Math.max(
      process.rssBytes / memoryLimitBytes,
      cgroupLimit === null || memoryUsedBytes === null ? 0 : memoryUsedBytes / cgroupLimit,
    );
    const cpuLimit = Math.min(this.#limits.cpuLimitRatio, cpuLimitCores ?? Number.POSITIVE_INFINITY);
    const cpuRatio = this.#cpu.share(process.cpuMicroseconds) / cpuLimit;
    const fdLimit = Math.min(this.#limits.fdLimit, process.fdLimit);
    const fds = Math.min(process.fds, fdLimit);
    // The reserve stands apart on both sides, so that 1 is "none left but the reserve" under any limit.
    const fdRatio = (fds - this.#reserve.held) / Math.max(1, fdLimit - RESERVED_FDS);
    const stalled = (memoryStallRatio ?? 0) >= STALL_WARN_RATIO ? this.#limits.warnRatio : 0;
    return {
      memoryBytes: process.rssBytes,
      memoryLimitBytes,
      memoryRatio,
      cpuRatio,
      fds,
      fdLimit,
      fdRatio,
      threads: process.threads,
      eventLoopLagMs: this.#lag.take(),
      memoryStallRatio,
      pressure: {
        memory: this.#pressure.memory.observe(Math.max(memoryRatio, stalled)),
        cpu: this.#pressure.cpu.observe(cpuRatio),
        fds: this.#pressure.fds.observe(fdRatio),
      },
    };
  }

  /** After something large has ended: its memory goes back to the machine, a little later. */
  releaseSoon(): void {
    for (const timer of this.#releases) clearTimeout(timer);
    this.#releases = RELEASE_AFTER_MS.map((delayMs) => setTimeout(() => this.#collect(), delayMs).unref());
  }

  #collectAgain(): void {
    if (performance.now() - this.#collectedAtMs >= COLLECT_AGAIN_MS) this.#collect();
  }

  #collect(): void {
    this.#collectedAtMs = performance.now();
    collectGarbage();
    this.#releaseMemory();
  }

  #releaseMemory(): void {
    this.#releasedAtMs = performance.now();
    releaseMemory();
  }
}

function pressures(warnRatio: number): Record<Resource, Pressure> {
  return {
    memory: new Pressure(warnRatio),
    cpu: new Pressure(warnRatio),
    fds: new Pressure(warnRatio),
  };
}

/** CPU time of a process over a sliding window. */
class CpuWindow {
  readonly #samples: { readonly atMs: number; readonly usedMicroseconds: number }[];

  constructor(usedMicroseconds: number) {
    this.#samples = [{ atMs: performance.now(), usedMicroseconds }];
  }

  /** Cores in use: 0.2 is a fifth of one. */
  share(usedMicroseconds: number): number {
    const atMs = performance.now();
    this.#samples.push({ atMs, usedMicroseconds });
    // The oldest sample that is kept is the last one at or before the window's beginning.
    while (this.#samples.length > 2 && this.#samples[1]!.atMs <= atMs - CPU_WINDOW_MS) this.#samples.shift();
    const oldest = this.#samples[0]!;
    // Of the whole window also where less has passed: a start that takes 300 ms is no load.
    const elapsedMs = Math.max(atMs - oldest.atMs, CPU_WINDOW_MS);
    return (usedMicroseconds - oldest.usedMicroseconds) / 1000 / elapsedMs;
  }
}

/**
 * How late timers come: the longest that the event loop was busy with something else. Asked at each beat, which is there
 * anyway; monitorEventLoopDelay wakes up a hundred times a second.
 */
class LagProbe {
  #timer: Timer | null = null;
  #dueMs = 0;
  #worstMs = 0;

  start(): void {
    this.#dueMs = performance.now() + BEAT_MS;
    this.#timer = every(BEAT_MS, () => {
      const now = performance.now();
      this.#worstMs = Math.max(this.#worstMs, now - this.#dueMs);
      this.#dueMs = now + BEAT_MS;
    });
  }

  take(): number {
    const worst = this.#worstMs;
    this.#worstMs = 0;
    return worst;
  }

  close(): void {
    this.#timer?.stop();
  }
}
