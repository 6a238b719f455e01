// Temporary blocks as an operator sets, ends and lists them: an address to an entry of the pinned map `blocks`, whose keys
// are the program's (struct block_key, struct block). An IPv6 source is blocked with its /64, as by a rule.

import { BLOCK, BLOCK_KEY, COUNTER_NONE } from "../../bundle/abi.ts";
import { formatAddress, parseSource } from "../../ir/prefix.ts";
import { type BpfMap, ktimeNs } from "../bpf/index.ts";
import { RuntimeFault } from "../errors.ts";

/** A week: what is to last longer belongs into a policy. */
export const BLOCK_SECONDS_MAX = 7 * 24 * 3600;

export interface ActiveBlock {
  /** `198.51.100.7`, or `2001:db8::/64`. */
  readonly source: string;
  /** The rule that set it; null: an operator. */
  readonly rule: string | null;
  readonly remainingSeconds: number;
}

export interface Unblocked {
  readonly source: string;
  /** There was a block, whether its time was over or not. */
  readonly unblocked: boolean;
}

interface Source {
  readonly key: Uint8Array;
  readonly text: string;
}

const HIGH_64 = 0xffff_ffff_ffff_ffff_0000_0000_0000_0000n;
const MAPPED = 0xffff_0000_0000n;

/** `announce` is told its end before the block is there (FleetState.announceBlock). Throws RuntimeFault. */
export function block(
  map: BpfMap | null,
  address: unknown,
  seconds: unknown,
  announce: (untilNs: bigint) => void,
): ActiveBlock {
  const { text } = sourceOf(address);
  if (typeof seconds !== "number" || !(seconds > 0) || seconds > BLOCK_SECONDS_MAX)
    throw new RuntimeFault({
      code: "bad-duration",
      operation: "block",
      object: text,
      message: `a block lasts more than 0 and at most ${BLOCK_SECONDS_MAX} seconds, not ${JSON.stringify(seconds)}`,
      help: "for longer, write a drop rule into a policy",
    });
  const untilNs = ktimeNs() + BigInt(Math.round(seconds * 1e9));
  const blocks = loaded(map);
  announce(untilNs);
  blockUntil(blocks, address, untilNs);
  return { source: text, rule: null, remainingSeconds: seconds };
}

/** `untilNs`: on the program's clock. Throws RuntimeFault. */
export function blockUntil(map: BpfMap, address: unknown, untilNs: bigint): void {
  const value = Buffer.alloc(BLOCK.bytes);
  value.writeBigUInt64LE(untilNs, BLOCK.untilNs);
  value.writeUInt32LE(COUNTER_NONE, BLOCK.counter);
  map.update(sourceOf(address).key, value);
}

/** Throws RuntimeFault. */
export function unblock(map: BpfMap | null, address: unknown): Unblocked {
  const { key, text } = sourceOf(address);
  return { source: text, unblocked: loaded(map).delete(key) };
}

/** Those whose time is not over, the longest first. */
export function listBlocks(
  map: BpfMap | null,
  ruleName: (stableId: string) => string | null,
): readonly ActiveBlock[] {
  if (!map) return [];
  const now = ktimeNs();
  const blocks: ActiveBlock[] = [];
  for (const [key, value] of map.entries()) {
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    const untilNs = view.getBigUint64(BLOCK.untilNs, true);
    if (untilNs <= now) continue;
    const id = view.getBigUint64(BLOCK.ruleId, true);
    const stableId = id.toString(16).padStart(16, "0");
    blocks.push({
      source: sourceText(key),
      rule: id === 0n ? null : (ruleName(stableId) ?? `a rule of an earlier generation (${stableId})`),
      remainingSeconds: Number(untilNs - now) / 1e9,
    });
  }
  return blocks.sort((a, b) => b.remainingSeconds - a.remainingSeconds);
}

function sourceOf(address: unknown): Source {
  const parsed = typeof address === "string" ? parseSource(address) : null;
  if (!parsed)
    throw new RuntimeFault({
      code: "bad-address",
      operation: "block",
      object: JSON.stringify(address),
      message: `${JSON.stringify(address)} is not an IPv4 or IPv6 address`,
      help: "write one address, such as 198.51.100.7 or 2001:db8::1; an IPv6 one stands for its /64, prefixes belong into a policy",
    });
  const value = parsed.family === 4 ? MAPPED | parsed.value : parsed.value & HIGH_64;
  const key = new Uint8Array(BLOCK_KEY.bytes);
  const view = new DataView(key.buffer);
  view.setBigUint64(0, value >> 64n);
  view.setBigUint64(8, BigInt.asUintN(64, value));
  return { key, text: sourceText(key) };
}

/** An IPv6 key has no low half, an IPv4 key has always one: ::ffff. */
function sourceText(key: Uint8Array): string {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const low = view.getBigUint64(8);
  if (low !== 0n) return formatAddress(4, low & 0xffff_ffffn);
  return `${formatAddress(6, view.getBigUint64(0) << 64n)}/64`;
}

function loaded(map: BpfMap | null): BpfMap {
  if (map) return map;
  throw new RuntimeFault({
    code: "nothing-loaded",
    operation: "block",
    object: "blocks",
    message: "no generation was loaded yet, so there is nothing that could block",
    help: "put a bundle at the agent's bundle path",
  });
}
