// A limit's rate and burst to the integers of GCRA: docs/SEMANTICS.md §4, "Limits". Evaluator, tables and witnesses use
// these, so that none of them rounds by itself. The XDP program does the same in 64-bit arithmetic.

import { strict as assert } from "node:assert";
import { LIMIT_MULTIPLIER_SHIFT, TICKS_PER_NS } from "../bundle/abi.ts";
import type { LimitAction } from "./nodes.ts";

const NS_PER_SECOND = 1_000_000_000n;
/** Rates are taken to a millionth of a unit a second: one packet an hour is 278 of them. */
const RATE_SCALE = 1_000_000;

export interface LimitParameters {
  /** Ticks a unit, times 2^16. */
  readonly multiplier: bigint;
  /** Ticks that a full bucket holds. */
  readonly burstTicks: bigint;
  /** How long a source above the rate is blocked; 0: it is not. */
  readonly blockNs: bigint;
}

/** Throws an AssertionError where the rate is not above 0 or the burst is not a whole number: lowering has refused both. */
export function limitParameters(
  limit: Pick<LimitAction, "ratePerSecond" | "burst" | "blockForSeconds">,
): LimitParameters {
  assert(limit.ratePerSecond > 0, `rate ${limit.ratePerSecond} is not above 0`);
  assert(Number.isSafeInteger(limit.burst) && limit.burst >= 0, `burst ${limit.burst} is not a whole number`);
  const whole = Math.trunc(limit.ratePerSecond);
  const fraction = Math.round((limit.ratePerSecond - whole) * RATE_SCALE);
  const scaledRate = BigInt(whole) * BigInt(RATE_SCALE) + BigInt(fraction);
  assert(scaledRate > 0n, `rate ${limit.ratePerSecond} is below a millionth of a unit a second`);
  const scaledTicks = (NS_PER_SECOND * TICKS_PER_NS * BigInt(RATE_SCALE)) << LIMIT_MULTIPLIER_SHIFT;
  const multiplier = (2n * scaledTicks + scaledRate) / (2n * scaledRate); // rounded half up
  return {
    multiplier,
    burstTicks: costTicks(multiplier, limit.burst),
    blockNs: BigInt(Math.round((limit.blockForSeconds ?? 0) * 1e9)),
  };
}

/** Ticks that `units` packets or bytes take. */
export function costTicks(multiplier: bigint, units: number): bigint {
  return (BigInt(units) * multiplier) >> LIMIT_MULTIPLIER_SHIFT;
}

/** One step of GCRA. `tat`: the theoretical arrival time, in ticks, 0n where it was never seen. */
export function gcra(
  tat: bigint,
  nowTicks: bigint,
  cost: bigint,
  burstTicks: bigint,
): { readonly exceeded: boolean; readonly tat: bigint } {
  const t = tat > nowTicks ? tat : nowTicks;
  return t + cost - nowTicks > burstTicks ? { exceeded: true, tat } : { exceeded: false, tat: t + cost };
}
