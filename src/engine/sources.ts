// Frames to their sources, counted: which sources were dropped most. IPv4 by address, IPv6 by /64, as blocks are.

import { formatAddress } from "../ir/prefix.ts";
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_SERVICE_VLAN, ETHERTYPE_VLAN } from "../packet/parse.ts";

export interface SourceCount {
  packets: number;
  /** Of frames. */
  bytes: number;
}

/** Beyond so many sources the rarest half is forgotten: a flood of random sources must not fill the memory. */
const SOURCES_MAX = 1_000_000;

/** An IPv4 address, or the high half of an IPv6 address. */
type SourceKey = number | bigint;

export class SourceCounter {
  readonly #counts = new Map<SourceKey, SourceCount>();
  readonly #max: number;
  /** Counts are lower bounds: some were forgotten and began again. */
  approximate = false;

  constructor(max: number = SOURCES_MAX) {
    this.#max = max;
  }

  add(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const key = sourceKey(bytes, view, start, end);
    if (key === null) return;
    const known = this.#counts.get(key);
    if (known) {
      known.packets++;
      known.bytes += end - start;
      return;
    }
    if (this.#counts.size >= this.#max) this.#forget();
    this.#counts.set(key, { packets: 1, bytes: end - start });
  }

  /** The most packets first; equal ones in order of their address. One pass: there may be a million. */
  top(count: number): { readonly source: string; readonly packets: number; readonly bytes: number }[] {
    const most: [SourceKey, SourceCount][] = [];
    for (const entry of this.#counts) {
      const last = most[count - 1];
      if (last && !ranksBefore(entry, last)) continue;
      const at = most.findIndex((other) => ranksBefore(entry, other));
      most.splice(at < 0 ? most.length : at, 0, entry);
      if (most.length > count) most.pop();
    }
    return most.map(([key, { packets, bytes }]) => ({ source: format(key), packets, bytes }));
  }

  #forget(): void {
    this.approximate = true;
    for (let least = 1; this.#counts.size > this.#max / 2; least *= 2)
      for (const [key, { packets }] of this.#counts) if (packets <= least) this.#counts.delete(key);
  }
}

function ranksBefore([a, one]: [SourceKey, SourceCount], [b, other]: [SourceKey, SourceCount]): boolean {
  return one.packets > other.packets || (one.packets === other.packets && a < b);
}

/** null where the frame is too short for one, or is not IP. */
function sourceKey(bytes: Uint8Array, view: DataView, start: number, end: number): SourceKey | null {
  let at = start + 12;
  if (end < at + 2) return null;
  let ethertype = view.getUint16(at);
  for (let tags = 0; tags < 2 && isVlan(ethertype) && end >= at + 6; tags++) {
    at += 4;
    ethertype = view.getUint16(at);
  }
  const ip = at + 2;
  if (ethertype === ETHERTYPE_IPV4 && end >= ip + 20 && bytes[ip]! >> 4 === 4) return view.getUint32(ip + 12);
  if (ethertype === ETHERTYPE_IPV6 && end >= ip + 40 && bytes[ip]! >> 4 === 6)
    return view.getBigUint64(ip + 8);
  return null;
}

function isVlan(ethertype: number): boolean {
  return ethertype === ETHERTYPE_VLAN || ethertype === ETHERTYPE_SERVICE_VLAN;
}

function format(key: SourceKey): string {
  return typeof key === "number" ? formatAddress(4, BigInt(key)) : `${formatAddress(6, key << 64n)}/64`;
}
