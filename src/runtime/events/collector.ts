// The collector as the agent has it: a worker thread that is started again when it ends on its own, the account that
// outlives it, and what health, metrics and `piston status` ask. Whatever becomes of the worker, filtering goes on.

import { isDeepStrictEqual } from "node:util";
import { Worker } from "node:worker_threads";
import { SINKS, type SinkName } from "../../metrics/event-labels.ts";
import { type BpfMap, RingReader } from "../bpf/index.ts";
import { messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import { type ComponentReading, degraded, OK } from "../observe/components.ts";
import { every, type Timer } from "../pulse.ts";
import type { ResourceReading } from "../resources/resources.ts";
import { Backoff } from "../retry.ts";
import { monotonicMs } from "./clock.ts";
import { AT, accounted, type Counts, clearState, createCounts } from "./counts.ts";
import { LEVEL_NAMES } from "./degradation.ts";
import type { FromWorker, Names, ToWorker, WorkerInput } from "./messages.ts";
import { type CollectorOptions, DEFAULT_COLLECTOR } from "./options.ts";
import { type EventStats, type HostSide, RING_RECORD_BYTES, type SampleTotals, statsOf } from "./stats.ts";
import type { Top } from "./top-k.ts";
import { dropText, SlidingWindow } from "./window.ts";
import { workerFile } from "./worker-file.ts";

/** Where samples come from. */
export interface SampleSource {
  /** Path of the pinned ring buffer. */
  readonly path: string;
  readonly map: BpfMap;
  /** null: the program counts nothing. */
  totals(): SampleTotals | null;
}

export interface CollectorParts {
  readonly options?: CollectorOptions;
  readonly logger: Logger;
  /** The agent's own load, once a second. */
  readonly reading?: () => ResourceReading;
  /** 0 to 1, below 1; of the jitter of restarts. */
  readonly random?: () => number;
}

type KernelSide = Pick<HostSide, "written" | "suppressed" | "ringFull">;

const WATCH_MS = 1_000;
/** A worker that has lived so long starts afresh: its next crash is its first. */
const STEADY_MS = 60_000;
const NOTHING: SampleTotals = { taken: 0, suppressed: 0, lost: 0 };
/** Heap of what sinks load, in MiB. */
const SINK_HEAP_MIB: Readonly<Record<SinkName, number>> = { "json-log": 8, statsd: 8, otel: 48 };

export class EventCollector {
  #options: CollectorOptions;
  readonly #logger: Logger;
  readonly #reading: (() => ResourceReading) | null;
  readonly #counts: Counts = createCounts();
  readonly #backoff: Backoff;
  readonly #window: SlidingWindow;
  /** What the last reading of the window was made of. */
  #seen = "";
  #source: SampleSource | null = null;
  #positions: RingReader | null = null;
  /** The ring's reading position and the kernel's totals when the collector began. */
  #base: { readonly read: number; readonly totals: SampleTotals } | null = null;
  /** What the kernel side was when the collector closed. */
  #final: KernelSide = { written: 0, suppressed: 0, ringFull: 0 };
  #worker: Worker | null = null;
  /** The worker that is being replaced. */
  #replaced: Worker | null = null;
  #names: Names | null = null;
  #watch: Timer | null = null;
  #restart: NodeJS.Timeout | null = null;
  #crashes = 0;
  #restarts = 0;
  #startedAtMs = 0;
  #lastCrash: string | null = null;
  #lost = 0;
  readonly #sinkLost = SINKS.map(() => 0);
  #top: Pick<Extract<FromWorker, { kind: "top" }>, "sources" | "backends"> = { sources: [], backends: [] };
  #closing = false;
  #changes: Promise<void> = Promise.resolve();
  /** Called when the worker has closed by itself. */
  #closed: (() => void) | null = null;

  constructor({ options = DEFAULT_COLLECTOR, logger, reading, random }: CollectorParts) {
    this.#options = options;
    this.#logger = logger;
    this.#reading = reading ?? null;
    const { restartMs, restartMaxMs } = options.timing;
    this.#backoff = new Backoff({
      initialMs: restartMs,
      maxMs: restartMaxMs,
      multiplier: 2,
      jitter: 0.1,
      ...(random ? { random } : {}),
    });
    this.#window = new SlidingWindow(options.timing.dropWindowMs);
    this.#counts[AT.rate] = options.events.rateLimit.perSecond;
  }

  get started(): boolean {
    return this.#source !== null;
  }

  /** Begins to read. Throws a BpfError where the ring buffer cannot be read. */
  start(source: SampleSource): void {
    if (this.#source) return;
    this.#positions = RingReader.open(source.map);
    this.#base = { read: this.#positions.positions().read, totals: source.totals() ?? NOTHING };
    this.#source = source;
    if (this.#options.events.enabled) this.#run();
    this.#watch = every(WATCH_MS, () => this.#look());
  }

  /** What rules and generations records speak of. */
  describe(names: Names): void {
    this.#names = names;
    this.#tell({ kind: "names", names });
  }

  /** The agent's own load, for the rate and the level. */
  update({ cpuRatio, eventLoopLagMs, pressure }: ResourceReading): void {
    const counts = this.#counts;
    counts[AT.hostCpuRatio] = cpuRatio;
    counts[AT.hostLagMs] = eventLoopLagMs;
    counts[AT.hostMemory] = pressure.memory;
    counts[AT.hostCpu] = pressure.cpu;
    counts[AT.hostFds] = pressure.fds;
  }

  stats(): EventStats {
    const { written, suppressed, ringFull } = this.#kernelSide();
    return statsOf(this.#counts, {
      written,
      suppressed,
      ringFull,
      lost: this.#lost,
      sinkLost: this.#sinkLost,
      sinks: this.#sinks(),
      queueCapacity: this.#options.events.bufferSize,
      crashes: this.#crashes,
      restarts: this.#restarts,
      running: this.#worker !== null,
    });
  }

  /** Faded counts: half of a minute ago is a quarter of two minutes ago. At most a second old. */
  topSources(k: number): readonly Top[] {
    return this.#top.sources.slice(0, k);
  }

  topBackends(k: number): readonly Top[] {
    return this.#top.backends.slice(0, k);
  }

  health(): ComponentReading {
    if (!this.#source || !this.#options.events.enabled) return OK;
    if (!this.#worker) return degraded(`the event worker has ended: ${this.#lastCrash}; it is started again`);
    const stats = this.stats();
    const reasons: string[] = [];
    if (stats.level > 0) reasons.push(`degradation level ${stats.level} (${LEVEL_NAMES[stats.level]})`);
    if (stats.backpressure)
      reasons.push(
        `backpressure: ${stats.queueDepth} of ${stats.queueCapacity} places of the queue are taken`,
      );
    for (const [name, sink] of Object.entries(stats.sinks))
      if (sink.breaker !== "closed") reasons.push(`the circuit breaker of sink ${name} is ${sink.breaker}`);
    const drops = dropText(this.#window.since(stats), this.#options.timing.dropWindowMs);
    if (drops !== null) reasons.push(drops);
    return reasons.length === 0 ? OK : degraded(reasons.join("; "));
  }

  /** Of the last minute or so. */
  recentLatency() {
    return this.#window.latency(this.stats());
  }

  /** From now on: what waits is handed on, and the worker starts again with other options. Counts go on. */
  configure(options: CollectorOptions): void {
    this.#changes = this.#changes.then(async () => {
      if (this.#closing || isDeepStrictEqual(options, this.#options)) return;
      await this.#stopWorker(options.timing.sinkTimeoutMs);
      this.#options = options;
      if (!options.events.enabled) this.#logger.warn({ event: "events-off" }, "events are not read any more");
      else if (this.#source) this.#run();
    });
  }

  /** Takes what is in the ring now, hands on all that waits, and ends; what is left at the deadline counts as worker-lost. */
  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    this.#watch?.stop();
    this.#watch = null;
    await this.#changes;
    await this.#stopWorker(deadlineMs);
    this.#final = this.#kernelSide();
    this.#source = null;
    this.#positions?.close();
    this.#positions = null;
  }

  /** For tests: a fault of the worker's own. */
  failWorker(how: Extract<ToWorker, { kind: "fail" }>["how"]): void {
    this.#tell({ kind: "fail", how });
  }

  /** For tests: ends the thread from outside, wherever it is. */
  async terminateWorker(): Promise<void> {
    await this.#worker?.terminate();
  }

  // ---- The worker's life -----------------------------------------------------------------------------------------------

  #run(): void {
    const source = this.#source!;
    const workerData: WorkerInput = {
      options: this.#options,
      path: source.path,
      counts: this.#counts.buffer,
      names: this.#names,
    };
    const heapMiB = this.#sinks().reduce((sum, name) => sum + SINK_HEAP_MIB[name], this.#options.heapMiB);
    const worker = new Worker(workerFile(), {
      workerData,
      name: "piston-events",
      resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
    });
    this.#worker = worker;
    this.#startedAtMs = monotonicMs();
    this.#counts[AT.aliveAtMs] = this.#startedAtMs;
    let crash: unknown = null;
    worker.on("message", (message: FromWorker) => this.#hear(message));
    worker.on("error", (error) => {
      crash = error;
    });
    worker.on("exit", (code) => this.#ended(worker, code, crash));
    worker.unref();
  }

  #ended(worker: Worker, code: number, crash: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    // Nobody writes any more. What was read and is in no other word of the account died with the worker.
    const before = this.#lost;
    this.#lost = this.#counts[AT.read]! - accounted(this.#counts);
    for (const index of SINKS.keys()) {
      const [offered, delivered, failed, skipped] = (
        ["sinkOffered", "sinkDelivered", "sinkFailed", "sinkSkipped"] as const
      ).map((group) => this.#counts[AT[group] + index]!);
      this.#sinkLost[index] = offered! - delivered! - failed! - skipped!;
    }
    clearState(this.#counts);
    const closed = this.#closed;
    if (closed) {
      closed();
      return;
    }
    this.#crashes++;
    this.#lastCrash = crash === null ? `exit code ${code}` : messageOf(crash);
    if (monotonicMs() - this.#startedAtMs > STEADY_MS) this.#backoff.reset();
    const delayMs = this.#backoff.next();
    this.#logger.error(
      {
        event: "event-worker-crashed",
        message: this.#lastCrash,
        stack: crash instanceof Error ? crash.stack : null,
        code: (crash as NodeJS.ErrnoException | null)?.code ?? null,
        exitCode: code,
        eventsLost: this.#lost - before,
        restartMs: Math.round(delayMs),
        help: "filtering goes on; report the stack where the worker keeps crashing",
      },
      `the event worker crashed: ${this.#lastCrash}; it starts again in ${(delayMs / 1000).toFixed(1)} s`,
    );
    this.#restart = setTimeout(() => {
      this.#restart = null;
      this.#restarts++;
      this.#run();
    }, delayMs).unref();
  }

  async #stopWorker(deadlineMs: number): Promise<void> {
    if (this.#restart) clearTimeout(this.#restart);
    this.#restart = null;
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise<void>((resolve) => {
      this.#closed = resolve;
    });
    const timer = setTimeout(() => void worker.terminate(), deadlineMs + 500);
    worker.ref();
    this.#tell({ kind: "close", deadlineMs });
    await ended;
    clearTimeout(timer);
    this.#closed = null;
  }

  #tell(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case "top":
        this.#top = message;
        return;
      case "level": {
        const { level, from } = message;
        const fields = { event: "degradation", level, from };
        const text = `events: degradation level ${level} (${LEVEL_NAMES[level]})`;
        if (level > from) this.#logger.warn(fields, text);
        else this.#logger.info(fields, text);
        return;
      }
      case "breaker": {
        const { sink, state, cause } = message;
        const fields = { event: "circuit-breaker", sink, state, cause };
        const text = `events: the circuit breaker of sink ${sink} is ${state}`;
        if (state === "open") this.#logger.warn(fields, cause === null ? text : `${text}: ${cause}`);
        else this.#logger.info(fields, text);
        return;
      }
      case "backpressure":
        this.#logger.info(
          { event: "backpressure", active: message.active, queueDepth: message.depth },
          `events: backpressure ${message.active ? "begins" : "ends"} with ${message.depth} events in the queue`,
        );
        return;
      case "ready":
      case "closed":
    }
  }

  #look(): void {
    if (this.#reading) this.update(this.#reading());
    if (!this.#worker) return;
    const silentMs = monotonicMs() - this.#counts[AT.aliveAtMs]!;
    if (silentMs > this.#options.timing.hungMs && this.#replaced !== this.#worker) {
      this.#replaced = this.#worker;
      this.#logger.error(
        { event: "event-worker-hung", silentMs: Math.round(silentMs) },
        `the event worker has shown no sign of life for ${Math.round(silentMs / 1000)} s, and is replaced`,
      );
      void this.#worker.terminate();
      return;
    }
    const host = this.#kernelSide();
    const state = `${host.written} ${host.suppressed} ${host.ringFull} ${this.#lost} ${accounted(this.#counts)}`;
    this.#window.push(state === this.#seen ? null : this.stats());
    this.#seen = state;
  }

  // ---- Readings --------------------------------------------------------------------------------------------------------

  #sinks(): SinkName[] {
    const { jsonLog, statsd, otel } = this.#options.sinks;
    const on: Readonly<Record<SinkName, boolean>> = {
      "json-log": jsonLog,
      statsd: statsd !== null,
      otel: otel !== null,
    };
    return SINKS.filter((name) => on[name]);
  }

  #kernelSide(): KernelSide {
    const base = this.#base;
    if (!base || !this.#positions) return this.#final;
    const totals = this.#source?.totals() ?? base.totals;
    return {
      written: (this.#positions.positions().written - base.read) / RING_RECORD_BYTES,
      suppressed: totals.suppressed - base.totals.suppressed,
      ringFull: totals.lost - base.totals.lost,
    };
  }
}
