// What outlives a packet: limit states and temporary blocks, keyed as `struct limit_slot` and `struct block_key` in
// bpf/shared.h are. Nothing is ever evicted here; the kernel's tables are bounded (docs/SEMANTICS.md §4), and a comparison
// of the two must stay below that.

import type { LimitAction } from "../../ir/nodes.ts";
import { type Family, formatAddress } from "../../ir/prefix.ts";
import type { ParsedPacket } from "../../packet/parse.ts";

/** Equal for two packets exactly where the kernel's keys are. IPv4 keys and ports are numbers. */
export type StateKey = number | bigint;

/**
 * The kernel keeps IPv4 as ::ffff:a.b.c.d, so an IPv6 address that is cut to a prefix of that range shares its key.
 * Other IPv6 keys lose their cleared bits: V8 hashes a BigInt by its low 64 bits, and /64 keys would all collide.
 */
function addressKey(family: Family, address: bigint, prefix4: number, prefix6: number): StateKey {
  if (family === 4) return prefix4 === 0 ? 0 : (Number(address) & (-1 << (32 - prefix4))) >>> 0;
  const shift = BigInt(128 - prefix6);
  const kept = address >> shift;
  const cut = kept << shift;
  return cut >> 32n === 0xffffn ? Number(cut & 0xffff_ffffn) : kept;
}

export function limitKey(limit: LimitAction, packet: ParsedPacket): StateKey {
  switch (limit.key) {
    case "rule":
      return 0;
    case "source":
    case "destination":
      return addressKey(packet.family, packet[limit.key], limit.prefix4, limit.prefix6);
    case "source-port":
      return packet.fields.sourcePort ?? 0;
    case "destination-port":
      return packet.fields.destinationPort ?? 0;
  }
}

/** The key for people: `198.51.100.0/24`, `port 53`. */
export function describeLimitKey(limit: LimitAction, packet: ParsedPacket): string {
  switch (limit.key) {
    case "rule":
      return "rule";
    case "source":
    case "destination": {
      const length = packet.family === 4 ? limit.prefix4 : limit.prefix6;
      const shift = BigInt((packet.family === 4 ? 32 : 128) - length);
      const first = (packet[limit.key] >> shift) << shift;
      return `${limit.key} ${formatAddress(packet.family, first)}/${length}`;
    }
    case "source-port":
      return `source port ${packet.fields.sourcePort ?? 0}`;
    case "destination-port":
      return `destination port ${packet.fields.destinationPort ?? 0}`;
  }
}

const BLOCK_PREFIX_4 = 32;
const BLOCK_PREFIX_6 = 64;

export interface Block {
  /** Exclusive. */
  readonly untilNs: bigint;
  /** null: by an operator. */
  readonly rule: string | null;
}

/** Temporary blocks by source. */
export class Blocks {
  readonly #blocks = new Map<StateKey, Block>();

  set(family: Family, source: bigint, block: Block): void {
    this.#blocks.set(addressKey(family, source, BLOCK_PREFIX_4, BLOCK_PREFIX_6), block);
  }

  /** True where there was one. */
  delete(family: Family, source: bigint): boolean {
    return this.#blocks.delete(addressKey(family, source, BLOCK_PREFIX_4, BLOCK_PREFIX_6));
  }

  /** The block that holds at `nowNs`. */
  find(family: Family, source: bigint, nowNs: bigint): Block | null {
    if (this.#blocks.size === 0) return null;
    const block = this.#blocks.get(addressKey(family, source, BLOCK_PREFIX_4, BLOCK_PREFIX_6));
    return block && nowNs < block.untilNs ? block : null;
  }
}
