// The kernel's totals at several times to rates, and to who is at the top of them: what GET /internal/stats and
// `piston status` show. Names with an underscore are those that the reference's own queries ask for.

import type { Accounts } from "../kernel/accounting.ts";
import type { Count } from "../kernel/reason-ledger.ts";
import { every, type Timer } from "../pulse.ts";

export interface TopRule {
  /** `<policy>/<rule>`. */
  readonly rule: string;
  readonly action: "pass" | "drop" | "limit";
  readonly mode: "enforce" | "shadow";
  /** Packets that it matched. */
  readonly packetsPerSecond: number;
  /** Of these, dropped by it. */
  readonly droppedPerSecond: number;
  readonly packets: number;
  readonly dropped: number;
}

export interface TopBackend {
  readonly backend: string;
  /** Packets that were to reach it and were dropped by a rule, a limit or a block. */
  readonly packetsPerSecond: number;
  readonly packets: number;
  /**
   * Of its rules, as of a source's; those of rules in shadow too, of which no packet was dropped. null: not among the most
   * frequent of the samples, which have no backend where no rule decided.
   */
  readonly samples: number | null;
  readonly error: number | null;
}

export interface SampledBackend {
  readonly backend: string;
  readonly samples: number;
  readonly error: number;
}

export interface TopSource {
  readonly source: string;
  /** Samples of packets that were not passed, faded: half of a minute ago is a quarter of two. */
  readonly samples: number;
  /** By how much that may be too many. */
  readonly error: number;
}

export interface Rates {
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly droppedPacketsPerSecond: number;
  readonly droppedBytesPerSecond: number;
}

export interface Stats {
  readonly fleet: string | null;
  readonly generation: string | null;
  /** RFC 3339. */
  readonly at: string;
  /** What the rates are a mean of; 0 where there is nothing to compare with yet, and the rates are 0 too. */
  readonly windowSeconds: number;
  readonly rates: Rates;
  readonly totals: {
    readonly packets: number;
    readonly bytes: number;
    readonly droppedPackets: number;
    readonly droppedBytes: number;
  };
  readonly top_rules: readonly TopRule[];
  readonly top_attack_sources: readonly TopSource[];
  readonly top_attacked_backends: readonly TopBackend[];
}

interface Moment {
  readonly atMs: number;
  readonly accounts: Accounts;
}

/** Between two readings without anybody asking. */
const BACKGROUND_MS = 10_000;
/** Rates are over this at least, where there are readings so old. */
const WINDOW_MS = 2_000;
/** A second question within so long gets the first one's reading. */
const FRESH_MS = 200;
const MOMENTS_MAX = 16;
const TOP_MAX = 20;
const NOTHING: Count = { packets: 0, bytes: 0 };

export interface StatsParts {
  readonly accounts: () => Accounts | null;
  readonly sources: (k: number) => readonly TopSource[];
  readonly backends: (k: number) => readonly SampledBackend[];
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

export class TrafficStats {
  readonly #parts: StatsParts;
  readonly #now: () => number;
  #moments: Moment[] = [];
  #timer: Timer | null = null;

  constructor(parts: StatsParts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => performance.now());
  }

  /** Reads by itself from now on, so that the first who asks gets rates. */
  start(): void {
    if (this.#timer) return;
    this.#read();
    this.#timer = every(BACKGROUND_MS, () => this.#read());
  }

  close(): void {
    this.#timer?.stop();
    this.#timer = null;
    this.#moments = [];
  }

  stats(serving: { readonly fleet: string | null; readonly generation: string | null }): Stats {
    const now = this.#read();
    const before = now && this.#before(now);
    const seconds = now && before ? (now.atMs - before.atMs) / 1000 : 0;
    const then = seconds > 0 ? before : null;
    const rate = (after: number, earlier: number) =>
      then ? Math.max(0, Math.round(((after - earlier) / seconds) * 10) / 10) : 0;
    const { traffic, dropped } = now?.accounts ?? { traffic: NOTHING, dropped: NOTHING };
    const { traffic: traffic0, dropped: dropped0 } = then?.accounts ?? { traffic, dropped };
    return {
      fleet: serving.fleet,
      generation: serving.generation,
      at: new Date().toISOString(),
      windowSeconds: Math.round(seconds * 1000) / 1000,
      rates: {
        packetsPerSecond: rate(traffic.packets, traffic0.packets),
        bytesPerSecond: rate(traffic.bytes, traffic0.bytes),
        droppedPacketsPerSecond: rate(dropped.packets, dropped0.packets),
        droppedBytesPerSecond: rate(dropped.bytes, dropped0.bytes),
      },
      totals: {
        packets: traffic.packets,
        bytes: traffic.bytes,
        droppedPackets: dropped.packets,
        droppedBytes: dropped.bytes,
      },
      top_rules: topRules(now, then, rate),
      top_attack_sources: this.#parts.sources(TOP_MAX),
      top_attacked_backends: topBackends(now, then, rate, this.#parts.backends(TOP_MAX)),
    };
  }

  #read(): Moment | null {
    const newest = this.#moments.at(-1);
    const atMs = this.#now();
    if (newest && atMs - newest.atMs < FRESH_MS) return newest;
    const accounts = this.#parts.accounts();
    if (!accounts) return null;
    const moment = { atMs, accounts };
    this.#moments.push(moment);
    if (this.#moments.length > MOMENTS_MAX) this.#moments.shift();
    return moment;
  }

  /** The newest that is WINDOW_MS older; else the oldest. */
  #before(now: Moment): Moment | null {
    const old = this.#moments.filter(({ atMs }) => now.atMs - atMs >= WINDOW_MS);
    return old.at(-1) ?? this.#moments.find((moment) => moment !== now) ?? null;
  }
}

type Rate = (after: number, earlier: number) => number;
interface RuleTotals extends Pick<TopRule, "rule" | "action" | "mode"> {
  packets: number;
  dropped: number;
}

function topRules(now: Moment | null, before: Moment | null, rate: Rate): TopRule[] {
  const earlier = ruleTotals(before);
  return [...ruleTotals(now).values()]
    .map((one) => {
      const { packets, dropped } = earlier.get(one.rule) ?? one;
      const packetsPerSecond = rate(one.packets, packets);
      return { ...one, packetsPerSecond, droppedPerSecond: rate(one.dropped, dropped) };
    })
    .filter((one) => one.packets > 0)
    .toSorted(
      (a, b) =>
        b.droppedPerSecond - a.droppedPerSecond ||
        b.packetsPerSecond - a.packetsPerSecond ||
        b.dropped - a.dropped ||
        b.packets - a.packets ||
        a.rule.localeCompare(b.rule),
    )
    .slice(0, TOP_MAX);
}

function ruleTotals(moment: Moment | null): Map<string, RuleTotals> {
  const totals = new Map<string, RuleTotals>();
  for (const { labels, count } of moment?.accounts.rules ?? []) {
    const { policy, rule, action, mode, outcome } = labels;
    const name = `${policy}/${rule}`;
    const total = totals.get(name) ?? { rule: name, action, mode, packets: 0, dropped: 0 };
    total.packets += count.packets;
    const drops =
      outcome === "exceeded" || outcome === "blocked" || (action === "drop" && outcome === "decided");
    if (drops && mode === "enforce") total.dropped += count.packets;
    totals.set(name, total);
  }
  return totals;
}

/** What the counters say, and what the samples say: of a rule in shadow only these speak. */
function topBackends(
  now: Moment | null,
  before: Moment | null,
  rate: Rate,
  sampled: readonly SampledBackend[],
): TopBackend[] {
  const attacks = now?.accounts.attacks ?? new Map<string, number>();
  const samplesOf = new Map(sampled.map((one) => [one.backend, one]));
  return [...new Set([...attacks.keys(), ...samplesOf.keys()])]
    .map((backend) => {
      const packets = attacks.get(backend) ?? 0;
      const { samples = null, error = null } = samplesOf.get(backend) ?? {};
      const packetsPerSecond = rate(packets, before?.accounts.attacks.get(backend) ?? packets);
      return { backend, packetsPerSecond, packets, samples, error };
    })
    .filter(({ packets, samples }) => packets > 0 || samples !== null)
    .toSorted(
      (a, b) =>
        b.packetsPerSecond - a.packetsPerSecond ||
        b.packets - a.packets ||
        (b.samples ?? 0) - (a.samples ?? 0),
    )
    .slice(0, TOP_MAX);
}
