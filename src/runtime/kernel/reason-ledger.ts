// The program counts packets that no rule decided by reason alone; what became of them is the generation's business: the
// default verdict and the verdicts of the parse classes change with the policy. The ledger remembers how many packets of
// a reason were passed under earlier verdicts, so that totals by reason and verdict only grow.
//
// Kept in a pinned 1-entry array. Layout, little-endian u64: version (0: never written); mask of the reasons that the
// generation passes; then for each of COUNTERS_REASONS reasons: packets and bytes counted when its verdict last changed,
// packets and bytes passed until then.

import assert from "node:assert/strict";
import { COUNTERS_REASONS } from "../../bundle/abi.ts";

export interface Count {
  readonly packets: number;
  readonly bytes: number;
}

export interface LedgerLine {
  /** The reason's counter when its verdict last changed. */
  readonly base: Count;
  /** Of these, what was passed. */
  readonly passed: Count;
}

export interface ReasonLedger {
  /** Bit r: reason r is passed now. */
  readonly passMask: bigint;
  readonly lines: readonly LedgerLine[];
}

const HEAD_BYTES = 16;
const LINE_BYTES = 32;
export const LEDGER_BYTES = HEAD_BYTES + COUNTERS_REASONS * LINE_BYTES;
const VERSION = 1n;

/** null where none was ever written, or a later version wrote it. */
export function decodeLedger(value: Uint8Array): ReasonLedger | null {
  assert.equal(value.length, LEDGER_BYTES);
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (view.getBigUint64(0, true) !== VERSION) return null;
  const count = (at: number): Count => ({
    packets: Number(view.getBigUint64(at, true)),
    bytes: Number(view.getBigUint64(at + 8, true)),
  });
  const lines = Array.from({ length: COUNTERS_REASONS }, (_, reason) => {
    const at = HEAD_BYTES + reason * LINE_BYTES;
    return { base: count(at), passed: count(at + 16) };
  });
  return { passMask: view.getBigUint64(8, true), lines };
}

export function encodeLedger(ledger: ReasonLedger): Uint8Array {
  const bytes = Buffer.alloc(LEDGER_BYTES);
  bytes.writeBigUInt64LE(VERSION, 0);
  bytes.writeBigUInt64LE(ledger.passMask, 8);
  for (const [reason, { base, passed }] of ledger.lines.entries()) {
    const words = [base.packets, base.bytes, passed.packets, passed.bytes];
    for (const [i, word] of words.entries())
      bytes.writeBigUInt64LE(BigInt(word), HEAD_BYTES + reason * LINE_BYTES + 8 * i);
  }
  return bytes;
}

/** The ledger of a fleet that has only ever had these verdicts. */
export function freshLedger(passMask: bigint): ReasonLedger {
  const nothing = { packets: 0, bytes: 0 };
  const lines = Array.from({ length: COUNTERS_REASONS }, () => ({ base: nothing, passed: nothing }));
  return { passMask, lines };
}

/** The ledger from now on, under other verdicts. `counts` are the reasons' counters now. */
export function settle(ledger: ReasonLedger, counts: readonly Count[], passMask: bigint): ReasonLedger {
  const lines = ledger.lines.map((line, reason) => {
    if (isSet(ledger.passMask, reason) === isSet(passMask, reason)) return line;
    const base = counts[reason] ?? { packets: 0, bytes: 0 };
    return { base, passed: passedOf(ledger, reason, base) };
  });
  return { passMask, lines };
}

/** How many of the reason's packets have been passed, of `count` in all. The others were dropped. */
export function passedOf(ledger: ReasonLedger, reason: number, count: Count): Count {
  const { base, passed } = ledger.lines[reason]!;
  if (!isSet(ledger.passMask, reason)) return passed;
  return {
    packets: passed.packets + count.packets - base.packets,
    bytes: passed.bytes + count.bytes - base.bytes,
  };
}

function isSet(mask: bigint, bit: number): boolean {
  return ((mask >> BigInt(bit)) & 1n) === 1n;
}
