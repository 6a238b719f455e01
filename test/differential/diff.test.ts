// `piston diff` says which packets two versions of a fleet judge differently, without any packet. Here are packets: whatever
// random fleets and their variations judge differently must be in what it says, and what it says must be so.

import fc from "fast-check";
import { expect, test } from "vitest";
import { compareFleets, type FleetDifference } from "../../src/compiler/diff/index.ts";
import { createEvaluator, type TraceStep } from "../../src/compiler/evaluate.ts";
import type { FleetIr, RuleIr } from "../../src/ir/nodes.ts";
import { buildPacket } from "../../src/packet/build.ts";
import { PacketTextError, parsePacketText } from "../../src/packet/text.ts";
import { lowerFleet } from "./compare.ts";
import { edgesOf } from "./edges.ts";
import { fleets } from "./fleets.ts";
import { shapes } from "./packets.ts";
import { Random } from "./random.ts";

const SEED = 20_261_122;
const PAIRS = 45;
const PACKETS = 100;
/** Fleets of hundreds of rules take seconds each. */
const RULES_MOST = 70;

interface Judged {
  readonly verdict: string;
  readonly rule: string | null;
  readonly reason: string;
  readonly limits: ReadonlySet<string>;
}

/** Who decides a packet that no limit drops, and the limits on its way. */
function judge(fleet: FleetIr): (frame: Uint8Array) => Judged {
  const open = (rule: RuleIr): RuleIr =>
    rule.action.kind === "limit"
      ? {
          ...rule,
          action: {
            ...rule.action,
            unit: "packets",
            ratePerSecond: 1,
            burst: 1_000_000,
            blockForSeconds: null,
          },
        }
      : rule;
  const evaluator = createEvaluator({ ...fleet, rules: fleet.rules.map(open) });
  return (frame) => {
    const { verdict, rule, reason, trace } = evaluator.explain(frame, 0n);
    const isMet = (step: TraceStep) => step.kind === "rule" && step.limit !== null && !step.shadow;
    return {
      verdict,
      rule,
      reason,
      limits: new Set(trace.filter(isMet).flatMap((step) => (step.kind === "rule" ? [step.rule] : []))),
    };
  };
}

const VARIATIONS = 8;

/** A version of the fleet that somebody may have written next. */
function vary(fleet: FleetIr, variation: number, random: Random): FleetIr {
  const rules = [...fleet.rules];
  const at = random.below(rules.length);
  const other = random.below(rules.length);
  const one = rules[at]!;
  switch (variation) {
    case 0:
      rules.splice(at, 1);
      break;
    case 1:
      rules.splice(other, 0, ...rules.splice(at, 1));
      break;
    case 2:
      rules[at] = { ...one, action: { kind: one.action.kind === "drop" ? "pass" : "drop" } };
      break;
    case 3:
      rules[at] = { ...one, shadow: !one.shadow };
      break;
    case 4:
      rules[at] = { ...one, match: rules[other]!.match };
      break;
    case 5:
      rules.splice(other, 0, { ...one, id: `${one.id}-again`, action: { kind: "pass" } });
      break;
    case 6:
      rules[at] = { ...one, match: { ...one.match, fields: {} } };
      break;
    default:
      return { ...fleet, defaultVerdict: fleet.defaultVerdict === "pass" ? "drop" : "pass" };
  }
  return { ...fleet, rules };
}

function* pairs(): Generator<readonly [FleetIr, FleetIr, Random]> {
  for (let run = 0, made = 0; made < PAIRS; run++) {
    const random = new Random(SEED + run);
    const [first, second] = fc
      .sample(fleets, { seed: SEED + run, numRuns: 2 })
      .map((fleet) => lowerFleet(fleet))
      .filter((fleet) => fleet !== null && fleet.rules.length > 1 && fleet.rules.length <= RULES_MOST);
    if (!first || !second) continue;
    const variation = made++ % (VARIATIONS + 1);
    // Another fleet numbers its payload tests differently, too.
    if (variation === VARIATIONS) yield [first, second, random];
    else yield [first, vary(vary(first, variation, random), random.below(VARIATIONS), random), random];
  }
}

const nameOf = (rule: RuleIr | null) => rule?.id ?? null;

/** Null where the difference says all of it. */
function unsaid(before: Judged, after: Judged, { settings, traffic }: FleetDifference): string | null {
  const text = JSON.stringify([before.verdict, before.rule, before.reason, after.verdict, after.rule]);
  if (before.verdict !== after.verdict) {
    const isSaid =
      settings.some(({ name }) => name === `parse ${before.reason}`) ||
      traffic.verdicts.some(
        ({ from, to }) => nameOf(from.rule) === before.rule && nameOf(to.rule) === after.rule,
      );
    return isSaid ? null : text;
  }
  if (after.verdict === "drop") return null;
  for (const [kind, own, other] of [
    ["gained", after, before],
    ["lost", before, after],
  ] as const)
    for (const id of own.limits)
      if (
        !other.limits.has(id) &&
        !traffic.limits.some(({ limit, ...one }) => one.kind === kind && limit.id === id)
      )
        return `${kind} ${id}: ${text}`;
  return null;
}

test(`no packet of ${PAIRS} pairs of fleets changes without being said, and what is said is so`, () => {
  let changed = 0;
  let shown = 0;
  for (const [before, after, random] of pairs()) {
    const difference = compareFleets(before, after);
    expect(difference.traffic.unsettled).toBe(0);
    const [was, is] = [judge(before), judge(after)];

    for (const { from, to, packet } of difference.traffic.verdicts) {
      const frame = frameOf(packet);
      if (!frame) continue;
      shown++;
      expect(was(frame), packet).toMatchObject({ verdict: from.verdict, rule: nameOf(from.rule) });
      expect(is(frame), packet).toMatchObject({ verdict: to.verdict, rule: nameOf(to.rule) });
    }
    for (const { kind, limit, packet } of difference.traffic.limits) {
      const frame = frameOf(packet);
      if (!frame) continue;
      shown++;
      const [own, other] = kind === "gained" ? [is(frame), was(frame)] : [was(frame), is(frame)];
      expect([own.verdict, other.verdict], packet).toEqual(["pass", "pass"]);
      expect([own.limits.has(limit.id), other.limits.has(limit.id)], packet).toEqual([true, false]);
    }

    for (const fleet of [before, after])
      for (const frame of fc.sample(shapes(edgesOf(fleet, random)), { seed: SEED, numRuns: PACKETS })) {
        const [old, now] = [was(frame), is(frame)];
        if (old.verdict !== now.verdict) changed++;
        expect(unsaid(old, now, difference)).toBeNull();
      }
  }
  expect(changed).toBeGreaterThan(PAIRS);
  expect(shown).toBeGreaterThan(PAIRS);
});

/** Null for a packet with headers of odd lengths, which text can describe and not make. */
function frameOf(packet: string): Uint8Array | null {
  try {
    return buildPacket(parsePacketText(packet));
  } catch (error) {
    if (error instanceof PacketTextError) return null;
    throw error;
  }
}
