// How to bring one limit above its rate, with packets that other limits judge as well: which sources, when, and how often.

import { costTicks, limitParameters } from "../../ir/limit.ts";
import type { LimitAction } from "../../ir/nodes.ts";
import type { ParsedPacket } from "../../packet/parse.ts";
import { limitKey, type StateKey } from "../evaluate/state.ts";

/** Steps and packets of one witness: what an agent proves in a few milliseconds. */
const STEPS_MAX = 512;
const PACKETS_MAX = 20_000;

export interface Burst {
  /** Its index. */
  readonly packet: number;
  readonly atNs: bigint;
  readonly repeat: number;
}

/**
 * Packets that all limits let through, and last, alone, one that `limit` does not. There are `count` packets, alike but for their
 * source, and `packetAt` is asked for those that it takes. Null where it takes too many steps or packets, or `others` are the
 * tighter ones.
 */
export function exceed(
  limit: LimitAction,
  others: readonly LimitAction[],
  count: number,
  packetAt: (index: number) => ParsedPacket,
  startNs: bigint,
): Burst[] | null {
  const target = new Bucket(limit);
  const buckets = others.map((other) => new Bucket(other));
  const refillNs = buckets.reduce((longest, { refillNs }) => (refillNs > longest ? refillNs : longest), 1n);
  const bursts: Burst[] = [];
  let packetsLeft = PACKETS_MAX;
  let atNs = startNs;
  for (let turn = 0; bursts.length < STEPS_MAX; turn++) {
    const index = turn % count;
    if (turn > 0 && index === 0) atNs += refillNs;
    const packet = packetAt(index);
    const others = buckets.map((bucket) => bucket.fits(packet, atNs));
    const most = others.reduce((least, fits) => Math.min(least, fits), Number.POSITIVE_INFINITY);
    const fits = target.fits(packet, atNs);
    const repeat = Math.min(most, fits);
    if (repeat > packetsLeft || (repeat === 0 && turn >= STEPS_MAX)) return null;
    packetsLeft -= repeat;
    if (repeat > 0) bursts.push({ packet: index, atNs, repeat });
    if (most > fits) return [...bursts, { packet: index, atNs, repeat: 1 }];
    for (const bucket of [target, ...buckets]) bucket.take(packet, atNs, repeat);
  }
  return null;
}

/** State of one limit, docs/SEMANTICS.md §4, for many packets at once. */
class Bucket {
  readonly #limit: LimitAction;
  readonly #multiplier: bigint;
  readonly #burstTicks: bigint;
  readonly #tats = new Map<StateKey, bigint>();

  constructor(limit: LimitAction) {
    this.#limit = limit;
    ({ multiplier: this.#multiplier, burstTicks: this.#burstTicks } = limitParameters(limit));
  }
  /** From empty to full. */
  get refillNs(): bigint {
    return this.#burstTicks / 16n + 1n;
  }
  /** How many of these packets in a row stay within the rate. */
  fits(packet: ParsedPacket, atNs: bigint): number {
    const cost = this.#cost(packet);
    if (cost === 0n) return Number.POSITIVE_INFINITY;
    const ahead = this.#tat(packet, atNs) - atNs * 16n;
    return this.#burstTicks < ahead ? 0 : Number((this.#burstTicks - ahead) / cost);
  }
  take(packet: ParsedPacket, atNs: bigint, count: number): void {
    const tat = this.#tat(packet, atNs) + BigInt(count) * this.#cost(packet);
    this.#tats.set(limitKey(this.#limit, packet), tat);
  }
  #tat(packet: ParsedPacket, atNs: bigint): bigint {
    const tat = this.#tats.get(limitKey(this.#limit, packet)) ?? 0n;
    return tat > atNs * 16n ? tat : atNs * 16n;
  }
  #cost(packet: ParsedPacket): bigint {
    return costTicks(this.#multiplier, this.#limit.unit === "packets" ? 1 : packet.fields.l3Length!);
  }
}
