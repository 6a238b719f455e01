// A collector on the real program's ring buffer: packets that are dropped come out as events. What the collector's tests
// share.

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EventCollector, type SampleSource } from "../../src/runtime/events/collector.ts";
import type { Names } from "../../src/runtime/events/messages.ts";
import {
  type CollectorOptions,
  DEFAULT_COLLECTOR,
  type EventOptions,
  type SinkOptions,
  type Timing,
} from "../../src/runtime/events/options.ts";
import { type EventStats, sampleTotals } from "../../src/runtime/events/stats.ts";
import type { LogFields, Logger } from "../../src/runtime/log.ts";
import { Filter } from "./harness.ts";
import type { HandPolicy } from "./tables.ts";

export interface BenchOptions {
  readonly policy?: Partial<HandPolicy>;
  readonly events?: Partial<EventOptions>;
  readonly sinks?: Partial<SinkOptions>;
  readonly timing?: Partial<Timing>;
  readonly heapMiB?: number;
  readonly names?: Names;
}

let benches = 0;

/** Everything that is long by default is short here; what a test is about it sets itself. */
export function optionsOf({ events, sinks, timing, heapMiB }: BenchOptions): CollectorOptions {
  return {
    events: { ...DEFAULT_COLLECTOR.events, intervalMs: 5, ...events },
    sinks: { ...DEFAULT_COLLECTOR.sinks, ...sinks },
    timing: {
      ...DEFAULT_COLLECTOR.timing,
      // A loaded machine is late as a rule; tests that are about lag say what is late.
      lagMs: 60_000,
      controlMs: 20,
      recoverMs: 50,
      restartMs: 20,
      restartMaxMs: 100,
      ...timing,
    },
    heapMiB: heapMiB ?? DEFAULT_COLLECTOR.heapMiB,
  };
}

export class CollectorBench {
  readonly filter: Filter;
  readonly collector: EventCollector;
  readonly log: (LogFields & { readonly text: string })[] = [];
  readonly #folder = `/sys/fs/bpf/piston-test-${process.pid}-events${benches++}`;
  #sent = 0;

  constructor(options: BenchOptions = {}) {
    this.filter = new Filter({
      rules: [],
      defaultVerdict: "drop",
      proof: false,
      samplesPerJiffy: 0xffffffff,
      ...options.policy,
    });
    mkdirSync(this.#folder);
    const path = join(this.#folder, "samples");
    this.filter.map("samples").pin(path);
    const note = (fields: LogFields, text: string) => void this.log.push({ ...fields, text });
    const logger: Logger = { debug: note, info: note, warn: note, error: note, isLevelEnabled: () => true };
    this.collector = new EventCollector({ options: optionsOf(options), logger });
    const source: SampleSource = {
      path,
      map: this.filter.map("samples"),
      totals: () => sampleTotals(this.filter.map("sample_state").lookup(new Uint8Array(4))!),
    };
    if (options.names) this.collector.describe(options.names);
    this.collector.start(source);
  }

  /** Packets that the program drops: each one is to be sampled. */
  send(packet: Uint8Array, count = 1): void {
    this.filter.program.testRun(packet, { repeat: count });
    this.#sent += count;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Waits for a state of the collector; the test's own time-out is the limit. */
  async until(holds: (stats: EventStats) => boolean, meanwhile: () => void = () => {}): Promise<EventStats> {
    for (;;) {
      const stats = this.collector.stats();
      if (holds(stats)) return stats;
      meanwhile();
      await sleep(3);
    }
  }

  /** Nothing waits any more. */
  settled(): Promise<EventStats> {
    return this.until((stats) => stats.waiting === 0 && stats.workerRunning);
  }

  /** @param deadlineMs of what waits for the sinks, one of which may never answer. */
  async close(deadlineMs = 2_000): Promise<void> {
    await this.collector.close(deadlineMs);
    this.filter.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Kept and dropped by each cause, together. */
export function accountOf(stats: EventStats): number {
  return stats.kept + Object.values(stats.dropped).reduce((a, b) => a + b, 0);
}
