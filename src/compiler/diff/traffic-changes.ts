// Two versions of a fleet to the packets that they judge differently, by the box algebra of the checks: exact, without a
// capture, with a packet that shows each difference.

import type { FleetIr, MatchIr, RuleIr, Verdict } from "../../ir/nodes.ts";
import { pointOf } from "../cells/point.ts";
import { findPacket, type Outside, Region } from "../cells/region.ts";
import { Budget } from "../cells/search.ts";
import { SHAPES } from "../cells/shapes.ts";
import { createSpace, type Space } from "../cells/space.ts";
import { formatPoint } from "../checks/format-point.ts";
import { ALWAYS_PASSED } from "../checks/matches.ts";
import { decides } from "../checks/report.ts";
import { rulesOf } from "../tables/index.ts";
import { isSameMatch } from "./rule-changes.ts";

/** Who decides a packet. `rule` null: the default verdict. */
export interface Decision {
  readonly verdict: Verdict;
  readonly rule: RuleIr | null;
}

/** Packets that one rule decided, and another one decides otherwise. */
export interface VerdictChange {
  readonly from: Decision;
  readonly to: Decision;
  /** One of them, as `piston explain --packet` takes it. */
  readonly packet: string;
}

/** Packets that pass before and after, and meet the limit only after ("gained") or only before ("lost"). */
export interface LimitChange {
  readonly kind: "gained" | "lost";
  readonly limit: RuleIr;
  readonly packet: string;
}

export interface TrafficChanges {
  readonly verdicts: readonly VerdictChange[];
  readonly limits: readonly LimitChange[];
  /** Pairs of rules of which could not be found out whether they have a packet in common. */
  readonly unsettled: number;
}

/** In tests (Budget): some 0.5 s for a pair of rules and 10 s for all. A pair that is ruled out at once counts, too. */
const PAIR_TESTS = 30_000_000;
const ALL_TESTS = 600_000_000;
const MEETING_TESTS = 50;

/** `kept`: ids of rules that are the same and in the same order. Payload tests of both are the same (unitePayloadTests). */
export function trafficChanges(before: FleetIr, after: FleetIr, kept: ReadonlySet<string>): TrafficChanges {
  return new Comparison(before, after, kept).run();
}

/** A rule of one version that ends evaluation, or its default. */
interface Decider extends Decision {
  readonly match: readonly MatchIr[];
  /** Among the version's rules. */
  readonly place: number;
  readonly isKept: boolean;
}

class Version {
  readonly deciders: readonly Decider[];
  readonly limits: readonly { readonly rule: RuleIr; readonly place: number }[];
  /** What any decider takes, from the top down. */
  readonly #taken: Region<null>;
  /** Of each decider, how many covers of each shape are of those above it. */
  readonly #above: number[][] = [];

  constructor(fleet: FleetIr, space: Space, kept: ReadonlySet<string>, isDefaultKept: boolean) {
    this.#taken = new Region(space);
    const rules = rulesOf(fleet).map((rule, place) => ({ rule, place }));
    this.limits = rules.filter(({ rule }) => !rule.shadow && rule.action.kind === "limit");
    this.deciders = [
      ...rules
        .filter(({ rule }) => decides(rule))
        .map(({ rule, place }) => ({
          rule,
          place,
          verdict: rule.action.kind === "drop" ? ("drop" as const) : ("pass" as const),
          match: [rule.match],
          isKept: kept.has(rule.id),
        })),
      { rule: null, place: rules.length, verdict: fleet.defaultVerdict, match: [], isKept: isDefaultKept },
    ];
    for (const { match } of ALWAYS_PASSED) this.#taken.add(match, null);
    for (const { match } of this.deciders) {
      this.#above.push(SHAPES.map((_, shape) => this.#taken.covers(shape).length));
      for (const one of match) this.#taken.add(one, null);
    }
  }

  /** What deciders above this one take. */
  above(decider: number): Outside<null> {
    return { covers: (shape) => this.#taken.covers(shape).slice(0, this.#above[decider]![shape]) };
  }

  hasChangeAbove(place: number): boolean {
    return this.deciders.some((decider) => decider.place < place && !decider.isKept);
  }
}

class Comparison {
  readonly #space: Space;
  readonly #before: Version;
  readonly #after: Version;
  readonly #kept: ReadonlySet<string>;
  readonly #budget = new Budget(ALL_TESTS);
  #unsettled = 0;

  constructor(before: FleetIr, after: FleetIr, kept: ReadonlySet<string>) {
    const matches = [...rulesOf(before), ...rulesOf(after)].map(({ match }) => match);
    this.#space = createSpace([...matches, ...ALWAYS_PASSED.map(({ match }) => match)], after.payloadTests);
    const isDefaultKept = before.defaultVerdict === after.defaultVerdict;
    this.#before = new Version(before, this.#space, kept, isDefaultKept);
    this.#after = new Version(after, this.#space, kept, isDefaultKept);
    this.#kept = kept;
  }

  run(): TrafficChanges {
    const verdicts = this.#verdictChanges();
    const limits = [
      ...this.#limitChanges("gained", this.#after, this.#before),
      ...this.#limitChanges("lost", this.#before, this.#after),
    ];
    return { verdicts, limits, unsettled: this.#unsettled };
  }

  /**
   * Two rules that both versions have, alike and in the same order, part no packet: who decided it first, decides it still, or
   * some rule that is not kept does.
   */
  #verdictChanges(): VerdictChange[] {
    const changes: VerdictChange[] = [];
    for (const [at, from] of this.#before.deciders.entries())
      for (const [to, decider] of this.#after.deciders.entries()) {
        if (from.verdict === decider.verdict || (from.isKept && decider.isKept)) continue;
        const packet = this.#find(
          [...from.match, ...decider.match],
          [this.#before.above(at), this.#after.above(to)],
        );
        if (packet !== null) changes.push({ from: decisionOf(from), to: decisionOf(decider), packet });
      }
    return changes;
  }

  /** `own`: the version whose limits are looked at; `other`: the one in which packets do not meet them. */
  #limitChanges(kind: LimitChange["kind"], own: Version, other: Version): LimitChange[] {
    return own.limits.flatMap(({ rule, place }) => {
      const same = other.limits.find((limit) => limit.rule.id === rule.id);
      const isTouched =
        !same || !this.#kept.has(rule.id) || own.hasChangeAbove(place) || other.hasChangeAbove(same.place);
      const packet = isTouched ? this.#findUnlimited(rule, place, own, other, same) : null;
      return packet === null ? [] : [{ kind, limit: rule, packet }];
    });
  }

  /** A packet that passes in both, and meets the limit in `own` only. */
  #findUnlimited(
    rule: RuleIr,
    place: number,
    own: Version,
    other: Version,
    same: Version["limits"][number] | undefined,
  ): string | null {
    const isSame = same !== undefined && isSameMatch(same.rule.match, rule.match);
    for (const [at, end] of own.deciders.entries()) {
      if (end.verdict !== "pass" || end.place < place) continue;
      for (const [to, otherEnd] of other.deciders.entries()) {
        if (otherEnd.verdict !== "pass") continue;
        const outside: Outside<null>[] = [own.above(at), other.above(to)];
        if (same && same.place < otherEnd.place) {
          if (isSame) continue;
          const limited = new Region<null>(this.#space);
          limited.add(same.rule.match, null);
          outside.push(limited);
        }
        const packet = this.#find([rule.match, ...end.match, ...otherEnd.match], outside);
        if (packet !== null) return packet;
      }
    }
    return null;
  }

  #find(within: readonly MatchIr[], outside: readonly Outside<null>[]): string | null {
    if (!this.#budget.spend(MEETING_TESTS)) {
      this.#unsettled++;
      return null;
    }
    const result = findPacket(this.#space, within, outside, [new Budget(PAIR_TESTS), this.#budget]);
    if (result.kind === "too-hard") this.#unsettled++;
    return result.kind === "found" ? formatPoint(pointOf(this.#space, result.cell)) : null;
  }
}

function decisionOf({ verdict, rule }: Decider): Decision {
  return { verdict, rule };
}
