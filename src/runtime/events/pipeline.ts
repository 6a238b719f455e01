// Records of the ring buffer to the account and the sinks: validation, priority, degradation, rate, queue, delivery. It
// knows neither threads nor timers: worker.ts drives it.

import { REASONS, SAMPLE } from "../../bundle/abi.ts";
import {
  BREAKER_STATES,
  INVALID_KINDS,
  LATENCY_BOUNDS,
  PATTERNS,
  PRIORITIES,
  SHED_CAUSES,
  type ShedCause,
  SINKS,
} from "../../metrics/event-labels.ts";
import { interfaceName, type RecordSlots, type RingReader } from "../bpf/index.ts";
import { Backpressure } from "./backpressure.ts";
import { CircuitBreaker } from "./breaker.ts";
import { clockOriginMs, monotonicMs } from "./clock.ts";
import { AT, accounted, add, type Counts } from "./counts.ts";
import { Degradation, pressureOf } from "./degradation.ts";
import { addressBytes, emptyHeaders, formatAddress, readHeaders } from "./headers.ts";
import { AdaptiveRate, TokenBucket } from "./limiter.ts";
import type { FromWorker, Names } from "./messages.ts";
import type { CollectorOptions } from "./options.ts";
import { patternsOf } from "./patterns.ts";
import { priorityOf } from "./priority.ts";
import { RecordQueue } from "./queue.ts";
import { decodeEvent, faultOf, type SampleEvent, timeMsOf } from "./record.ts";
import type { Sink } from "./sinks/sink.ts";
import { TopK } from "./top-k.ts";

/** Records that leave the ring at once. */
const SLOTS = 256;
const FADE_MS = 60_000;
/** An interface that was not there is looked for again after so long. */
const LOOK_AGAIN_MS = 1_000;

interface Outlet {
  readonly sink: Sink;
  readonly index: number;
  readonly breaker: CircuitBreaker;
}

export interface PipelineParts {
  readonly options: CollectorOptions;
  readonly counts: Counts;
  readonly reader: RingReader;
  readonly sinks: readonly Sink[];
  readonly tell: (message: FromWorker) => void;
}

export class Pipeline {
  readonly #options: CollectorOptions;
  readonly #counts: Counts;
  readonly #reader: RingReader;
  readonly #total: Float64Array;
  readonly #tell: PipelineParts["tell"];
  readonly #slots: RecordSlots;
  readonly #view: DataView;
  readonly #queue: RecordQueue;
  readonly #queueView: DataView;
  readonly #bucket: TokenBucket;
  readonly #rate: AdaptiveRate;
  readonly #backpressure: Backpressure;
  readonly #degradation: Degradation;
  readonly #outlets: readonly Outlet[];
  readonly #headers = emptyHeaders();
  readonly #sources: TopK<number | string>;
  readonly #backends: TopK<string>;
  readonly #interfaces = new Map<number, { name: string | null; lookedAtMs: number }>();
  #topChanged = false;
  #rules = new Map<bigint, { readonly id: string; readonly backend: string | null }>();
  #generations: Set<bigint> | null = null;
  #services = new Set<number>();
  #lastGeneration: bigint | null = null;
  readonly #foreignSinceMs = new Map<bigint, number>();
  #clockOriginMs = clockOriginMs();
  #readAtMs = monotonicMs();
  #adaptedAtMs = monotonicMs();
  #fadedAtMs = monotonicMs();
  #limitedBefore = 0;
  #worstLagMs = 0;
  #lastCause: string | null = null;
  #pumping = false;

  constructor({ options, counts, reader, sinks, tell }: PipelineParts) {
    const { events, timing } = options;
    const now = monotonicMs();
    this.#options = options;
    this.#counts = counts;
    this.#reader = reader;
    this.#total = counts.subarray(AT.read, AT.read + 1);
    this.#tell = tell;
    const bytes = new Uint8Array(SLOTS * SAMPLE.bytes);
    this.#slots = { bytes, slotBytes: SAMPLE.bytes, sizes: new Uint32Array(SLOTS) };
    this.#view = new DataView(bytes.buffer);
    this.#queue = new RecordQueue(events.bufferSize);
    this.#queueView = new DataView(this.#queue.bytes.buffer);
    this.#rate = new AdaptiveRate(events.rateLimit, timing.lagMs);
    this.#bucket = new TokenBucket(this.#rate.perSecond, events.rateLimit.burst, now);
    this.#backpressure = new Backpressure(events.backpressure, events.bufferSize);
    this.#degradation = new Degradation(timing.recoverMs);
    this.#sources = new TopK(options.sinks.topK.size);
    this.#backends = new TopK(options.sinks.topK.size);
    this.#outlets = sinks.map((sink) => {
      const changed = (state: (typeof BREAKER_STATES)[number]) =>
        tell({ kind: "breaker", sink: sink.name, state, cause: state === "open" ? this.#lastCause : null });
      return {
        sink,
        index: SINKS.indexOf(sink.name),
        breaker: new CircuitBreaker(events.circuitBreaker, changed),
      };
    });
    counts[AT.rate] = this.#rate.perSecond;
  }

  get depth(): number {
    return this.#queue.depth;
  }

  /** Nothing waits, and nothing is to be left that time alone ends. */
  get idle(): boolean {
    return this.#queue.depth === 0 && this.#degradation.level === 0 && !this.#backpressure.active;
  }

  setNames(names: Names): void {
    this.#rules = new Map([...names.rules].map(([stableId, rule]) => [BigInt(`0x${stableId}`), rule]));
    this.#generations = new Set(names.generations.map(digestWord));
    this.#services = new Set(names.services);
    this.#lastGeneration = null;
  }

  // ---- Intake ------------------------------------------------------------------------------------------------------------

  /** Takes what the ring has, as far as the rate could let it through twice; the rest waits in the kernel. Returns its number. */
  intake(lagMs: number): number {
    const now = monotonicMs();
    this.#worstLagMs = Math.max(this.#worstLagMs, lagMs);
    const allowed = Math.ceil((this.#rate.perSecond * 2 * (now - this.#readAtMs)) / 1000);
    this.#readAtMs = now;
    const count = this.#drain(Math.max(SLOTS, allowed));
    this.#observe(monotonicMs());
    return count;
  }

  /** Everything that is in the ring by now; what comes meanwhile is the next reader's. */
  takeAll(): void {
    const { read, written } = this.#reader.positions();
    this.#drain(Math.ceil((written - read) / (SAMPLE.bytes + 8)));
  }

  #drain(most: number): number {
    let left = most;
    while (left > 0) {
      const asked = Math.min(SLOTS, left);
      const count = this.#reader.drain(this.#slots, this.#total, asked);
      const now = monotonicMs();
      for (let i = 0; i < count; i++) this.#judge(i * SAMPLE.bytes, this.#slots.sizes[i]!, now);
      left -= count;
      if (count < asked) break;
    }
    return most - left;
  }

  /** Exactly one word of the account, or a place in the queue. */
  #judge(at: number, size: number, now: number): void {
    const view = this.#view;
    const fault = faultOf(view, at, size, now, (index) => this.#interface(index, now) !== null);
    if (fault !== null) {
      add(this.#counts, AT.invalid + INVALID_KINDS.indexOf(fault));
      return;
    }
    const { bytes } = this.#slots;
    const frame = at + SAMPLE.frame;
    const headers = readHeaders(
      bytes,
      frame,
      frame + view.getUint32(at + SAMPLE.capturedBytes, true),
      this.#headers,
    );
    const reason = view.getUint32(at + SAMPLE.reason, true);
    const frameBytes = view.getUint32(at + SAMPLE.frameBytes, true);
    const patterns = patternsOf(bytes, headers, REASONS[reason]!, frameBytes);
    const rank = priorityOf({
      reason,
      patterns,
      shadow: view.getUint16(at + SAMPLE.shadow, true) !== 0,
      management:
        headers.destinationPort >= 0 &&
        this.#services.has((headers.protocol << 16) | headers.destinationPort),
      foreign: this.#isForeign(view.getBigUint64(at + SAMPLE.bundleDigest, true), now),
    });
    if (!this.#degradation.keeps(rank)) this.#shed("degraded", rank);
    else if (!this.#bucket.take(rank, now)) this.#shed("rate-limited", rank);
    else if (rank === 0 && this.#backpressure.active) this.#shed("backpressure", rank);
    else if (!this.#queue.push(bytes, at, rank, patterns)) this.#shed("queue-full", rank);
    else this.#backpressure.observe(this.#queue.depth, now);
  }

  #shed(cause: ShedCause, rank: number): void {
    add(this.#counts, AT.shed + SHED_CAUSES.indexOf(cause) * PRIORITIES.length + rank);
  }

  #interface(index: number, now: number): string | null {
    const known = this.#interfaces.get(index);
    if (known && (known.name !== null || now - known.lookedAtMs < LOOK_AGAIN_MS)) return known.name;
    const name = interfaceName(index);
    this.#interfaces.set(index, { name, lookedAtMs: now });
    return name;
  }

  #isForeign(generation: bigint, now: number): boolean {
    if (generation === this.#lastGeneration || this.#generations === null) return false;
    if (this.#generations.has(generation)) {
      this.#lastGeneration = generation;
      return false;
    }
    const since = this.#foreignSinceMs.get(generation);
    if (since === undefined) {
      if (this.#foreignSinceMs.size > 64) this.#foreignSinceMs.clear();
      this.#foreignSinceMs.set(generation, now);
      return false;
    }
    if (now - since < this.#options.timing.foreignGraceMs) return false;
    add(this.#counts, AT.unknownGeneration);
    return true;
  }

  // ---- Load --------------------------------------------------------------------------------------------------------------

  /** Load to the level, the rate and what other threads are shown of it. */
  #observe(now: number): void {
    const counts = this.#counts;
    const { timing } = this.#options;
    const { depth, capacity } = this.#queue;
    const was = { active: counts[AT.watermark] === 1, level: this.#degradation.level };
    const backpressure = this.#backpressure.observe(depth, now);
    if (backpressure !== was.active) this.#tell({ kind: "backpressure", active: backpressure, depth });
    const lagMs = Math.max(this.#worstLagMs, counts[AT.lagMs]!);
    const states = this.#outlets.map(({ breaker }) => breaker.state(now));
    const level = this.#degradation.observe(
      pressureOf({
        resources: Math.max(counts[AT.hostMemory]!, counts[AT.hostCpu]!, counts[AT.hostFds]!),
        lagMs,
        lagLimitMs: timing.lagMs,
        backpressure,
        queueRatio: depth / capacity,
        allBreakersOpen: states.length > 0 && states.every((state) => state === "open"),
      }),
      now,
    );
    if (level !== was.level) this.#tell({ kind: "level", level, from: was.level });
    if (now - this.#adaptedAtMs >= timing.controlMs) this.#adapt(now);
    counts[AT.depth] = depth;
    counts[AT.watermark] = Number(backpressure);
    counts[AT.level] = level;
    for (const [i, { index }] of this.#outlets.entries())
      counts[AT.breaker + index] = BREAKER_STATES.indexOf(states[i]!);
    counts[AT.aliveAtMs] = now;
  }

  #adapt(now: number): void {
    const counts = this.#counts;
    this.#adaptedAtMs = now;
    this.#clockOriginMs = clockOriginMs();
    const limited = this.#rateLimited();
    const load = {
      cpuRatio: counts[AT.hostCpuRatio]!,
      memoryPressure: counts[AT.hostMemory]!,
      lagMs: Math.max(this.#worstLagMs, counts[AT.hostLagMs]!),
    };
    const rate = this.#rate.adapt(load, limited > this.#limitedBefore);
    this.#limitedBefore = limited;
    this.#bucket.setRate(rate, now);
    counts[AT.rate] = rate;
    counts[AT.lagMs] = this.#worstLagMs;
    this.#worstLagMs = 0;
    if (now - this.#fadedAtMs < FADE_MS) return;
    this.#fadedAtMs = now;
    this.#sources.fade();
    this.#backends.fade();
    this.#topChanged = true;
  }

  #rateLimited(): number {
    let sum = 0;
    for (let rank = 0; rank < PRIORITIES.length; rank++) sum += this.#counts[AT.shed + rank]!;
    return sum;
  }

  // ---- Delivery ----------------------------------------------------------------------------------------------------------

  /** Hands the queue to the sinks, batch by batch, until it is empty. Without sinks all of it happens at once. */
  async pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#queue.depth > 0) {
        const count = Math.min(this.#options.events.batchSize, this.#queue.depth);
        const events: SampleEvent[] | null = this.#outlets.length > 0 ? [] : null;
        this.#queue.peek(count, (at, rank, patterns) => this.#keep(at, rank, patterns, events));
        this.#queue.drop(count);
        this.#counts[AT.depth] = this.#queue.depth;
        if (events) await Promise.all(this.#outlets.map((outlet) => this.#deliver(outlet, events)));
      }
    } finally {
      this.#pumping = false;
    }
  }

  #keep(at: number, rank: number, patterns: number, events: SampleEvent[] | null): void {
    const counts = this.#counts;
    const view = this.#queueView;
    const { bytes } = this.#queue;
    const seconds = Math.max(0, monotonicMs() - timeMsOf(view, at)) / 1000;
    const bound = LATENCY_BOUNDS.findIndex((bound) => seconds <= bound);
    add(counts, AT.latency + (bound < 0 ? LATENCY_BOUNDS.length : bound));
    add(counts, AT.latencySum, seconds);
    for (let i = 0; i < PATTERNS.length; i++) if ((patterns >> i) & 1) add(counts, AT.patterns + i);
    const rule = this.#rules.get(view.getBigUint64(at + SAMPLE.ruleId, true)) ?? null;
    this.#countTop(view, bytes, at, rule?.backend ?? null);
    events?.push(
      decodeEvent(bytes, view, at, {
        priority: PRIORITIES[rank]!,
        patterns,
        rule,
        interface: this.#interfaces.get(view.getUint32(at + SAMPLE.interfaceIndex, true))?.name ?? "unknown",
        clockOriginMs: this.#clockOriginMs,
      }),
    );
    counts[AT.lastEventAtMs] = this.#clockOriginMs + timeMsOf(view, at);
    add(counts, AT.kept + rank);
  }

  #countTop(view: DataView, bytes: Uint8Array, at: number, backend: string | null): void {
    const frame = at + SAMPLE.frame;
    const end = frame + view.getUint32(at + SAMPLE.capturedBytes, true);
    const { family, addressesAt } = readHeaders(bytes, frame, end, this.#headers);
    if (family === 4) this.#sources.add(view.getUint32(addressesAt));
    else if (family === 6) this.#sources.add(formatAddress(bytes, addressesAt, family));
    if (backend !== null) this.#backends.add(backend);
    this.#topChanged = true;
  }

  /** null where nothing has changed since the last call. */
  top(): Extract<FromWorker, { kind: "top" }> | null {
    if (!this.#topChanged) return null;
    this.#topChanged = false;
    const { size } = this.#options.sinks.topK;
    const address = new Uint8Array(addressBytes(4));
    const nameOf = (key: number | string) => {
      if (typeof key === "string") return key;
      new DataView(address.buffer).setUint32(0, key);
      return formatAddress(address, 0, 4);
    };
    return {
      kind: "top",
      sources: this.#sources.top(size, nameOf),
      backends: this.#backends.top(size, (name) => name),
    };
  }

  async #deliver({ sink, index, breaker }: Outlet, events: readonly SampleEvent[]): Promise<void> {
    const counts = this.#counts;
    add(counts, AT.sinkOffered + index, events.length);
    if (!breaker.allows(monotonicMs())) {
      add(counts, AT.sinkSkipped + index, events.length);
      return;
    }
    let failed = false;
    try {
      await within(sink.deliver(events), this.#options.timing.sinkTimeoutMs);
    } catch (error) {
      failed = true;
      this.#lastCause = error instanceof Error ? error.message : String(error);
    }
    add(counts, (failed ? AT.sinkFailed : AT.sinkDelivered) + index, events.length);
    breaker.report(failed, monotonicMs());
  }

  /** Records that were read and are in no word of the account yet. */
  get inHand(): number {
    return this.#counts[AT.read]! - accounted(this.#counts);
  }
}

/** A record's digest field, as a little-endian word. */
function digestWord(hex: string): bigint {
  return Buffer.from(hex, "hex").readBigUInt64LE();
}

/** What comes later than this is not waited for, and not listened to. */
function within(work: Promise<void>, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
