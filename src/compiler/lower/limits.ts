// What a limit says to its action: rate and burst in one unit, the key, and whom it blocks.

import type { LimitAction } from "../../ir/nodes.ts";
import type { Call } from "./lowering.ts";
import { count, fieldsOf, knownOptions, numberOf, show } from "./untyped.ts";

type Unit = LimitAction["unit"];

/**
 * Below 1,000 bytes a second one large packet takes more than a minute; below one packet an hour the state is older
 * than most generations. The upper bounds keep a tick's rounding (1/16 ns) below one part in a thousand.
 */
const RATE_BOUNDS: Readonly<Record<Unit, { readonly least: number; readonly most: number }>> = {
  packets: { least: 1 / 3600, most: 1_000_000_000 },
  bytes: { least: 1000, most: 2 ** 40 },
};
const RATE_MAKERS: Readonly<Record<Unit, string>> = { packets: "packetsPerSecond", bytes: "bytesPerSecond" };
const REFILL_MOST_SECONDS = 7 * 24 * 3600;
const BLOCK_MOST_SECONDS = 7 * 24 * 3600;
const KEYS = ["rule", "source", "destination", "source-port", "destination-port"] as const;

/** Null where it has a fault, which is then reported. */
export function lowerLimit(raw: unknown, what: string, call: Call): LimitAction | null {
  const limit = fieldsOf(raw) ?? {};
  const rate = lowerRate(limit["rate"], "rate", call);
  const burst = lowerBurst(limit["burst"], call);
  const key = lowerKey(limit["key"], call);
  const block = lowerBlock(limit["blockForSeconds"], key, what, call);
  if (rate === null || burst === null || key === null || block === undefined) return null;
  if (rate.unit !== burst.unit) {
    call.report(call.property("burst"), {
      code: "unit-mismatch",
      message: `${what} has a rate in ${rate.unit} and a burst in ${burst.unit}`,
      help: `write both in one unit: \`burst: ${rate.unit}(…)\``,
    });
    return null;
  }
  if (burst.count / rate.perSecond > REFILL_MOST_SECONDS) {
    call.report(call.value(burst.count, { property: "burst" }), {
      code: "bad-value",
      message: `the burst of ${what} takes longer than 7 days to refill at its rate`,
      help: `write at most ${count(Math.floor(REFILL_MOST_SECONDS * rate.perSecond))} ${rate.unit}, or a higher rate`,
    });
    return null;
  }
  return {
    kind: "limit",
    unit: rate.unit,
    ratePerSecond: rate.perSecond,
    burst: burst.count,
    key: key.name,
    prefix4: key.prefix4,
    prefix6: key.prefix6,
    blockForSeconds: block,
  };
}

function unitOf(value: unknown): Unit | null {
  return value === "packets" || value === "bytes" ? value : null;
}

export function lowerRate(
  raw: unknown,
  property: string,
  call: Call,
): { readonly unit: Unit; readonly perSecond: number } | null {
  const rate = fieldsOf(raw);
  const unit = unitOf(rate?.["unit"]);
  if (rate?.["kind"] !== "rate" || unit === null) {
    call.report(call.property(property), {
      code:
        raw !== undefined && fieldsOf(raw)?.["kind"] === undefined && typeof raw === "object"
          ? "bad-vocabulary"
          : "bad-value",
      message: `\`${property}\` is ${show(raw)}, not a rate`,
      help: `write \`${property}: packetsPerSecond(…)\`${property === "rate" ? " or `bytesPerSecond(…)`" : ""}`,
    });
    return null;
  }
  const { least, most } = RATE_BOUNDS[unit];
  const perSecond = rate["perSecond"];
  if (typeof perSecond === "number" && perSecond >= least && perSecond <= most) return { unit, perSecond };
  call.report(call.value(perSecond, { property }), {
    code: "bad-value",
    message: `\`${property}\` is ${show(perSecond)} ${unit} a second`,
    help: `give ${RATE_MAKERS[unit]} a number from ${count(least)} to ${count(most)}`,
  });
  return null;
}

function lowerBurst(raw: unknown, call: Call): { readonly unit: Unit; readonly count: number } | null {
  const burst = fieldsOf(raw);
  const unit = unitOf(burst?.["unit"]);
  if (burst?.["kind"] !== "amount" || unit === null) {
    call.report(call.property("burst"), {
      code: "bad-value",
      message: `\`burst\` is ${show(raw)}, not an amount`,
      help: "write `burst: packets(…)` or `bytes(…)`, in the rate's unit",
    });
    return null;
  }
  const most = 2 ** 53 - 1;
  const size = numberOf(burst["count"], "burst", { least: 1, most, whole: true, unit }, call);
  return size === null ? null : { unit, count: size };
}

function lowerKey(
  raw: unknown,
  call: Call,
): { readonly name: LimitAction["key"]; readonly prefix4: number; readonly prefix6: number } | null {
  const key = fieldsOf(raw);
  const name = KEYS.find((one) => one === key?.["name"]);
  if (key?.["kind"] !== "limit-key" || name === undefined) {
    call.report(call.property("key"), {
      code: "bad-value",
      message: `\`key\` is ${show(raw)}, not a key`,
      help: "write `key: by.source()`, `by.destination()`, `by.rule()`, `by.sourcePort()` or `by.destinationPort()`",
    });
    return null;
  }
  knownOptions(key, "a key", call);
  const bounds = { least: 0, whole: true, unit: "bits" };
  const prefix4 = numberOf(key["prefix4"], "prefix4", { ...bounds, most: 32 }, call);
  const prefix6 = numberOf(key["prefix6"], "prefix6", { ...bounds, most: 128 }, call);
  return prefix4 === null || prefix6 === null ? null : { name, prefix4, prefix6 };
}

/** undefined where it has a fault. */
function lowerBlock(
  raw: unknown,
  key: { readonly name: string } | null,
  what: string,
  call: Call,
): number | null | undefined {
  if (raw === null || raw === undefined) return null;
  if (key !== null && key.name !== "source") {
    call.report(call.property("blockFor"), {
      code: "block-without-source",
      message: `${what} blocks, and its key is the ${key.name}: nobody knows which source to block`,
      help: "write `key: by.source()`, or take `blockFor` out",
    });
    return undefined;
  }
  const bounds = { least: 1, most: BLOCK_MOST_SECONDS, whole: true, unit: "seconds" };
  return numberOf(raw, "blockFor", bounds, call) ?? undefined;
}
