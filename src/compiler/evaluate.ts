// What a fleet's policies mean for a frame at a time: docs/SEMANTICS.md §2 to "Counters", in its order. The oracle that the
// XDP program is compared with, and the engine of `piston explain`, `piston replay --engine model` and policy tests.
//
// Time is CLOCK_MONOTONIC-like: nanoseconds from an arbitrary start. The kernel keeps ticks of 1/16 ns in 64 bits, so a
// time above 36 years (a capture's time since 1970, say) must be made relative first.

import { strict as assert } from "node:assert";
import { LIMIT_MULTIPLIER_SHIFT, type Reason, TICKS_PER_NS } from "../bundle/abi.ts";
import { costTicks, gcra, type LimitParameters, limitParameters } from "../ir/limit.ts";
import type { FleetIr, LimitAction, RuleIr } from "../ir/nodes.ts";
import { type Family, formatAddress, parseSource } from "../ir/prefix.ts";
import { alwaysPassed } from "../packet/always-passed.ts";
import { type ParsedPacket, type ParseResult, parsePacket } from "../packet/parse.ts";
import { formatPacket } from "../packet/text.ts";
import { Candidates } from "./evaluate/candidates.ts";
import {
  type Counters,
  count,
  createReasonCounts,
  createRuleCounts,
  type RuleCounts,
} from "./evaluate/counters.ts";
import {
  type CompiledMatch,
  compileMatch,
  describeValue,
  firstFailure,
  matches,
  type Subject,
  subjectOf,
} from "./evaluate/match.ts";
import { type Block, Blocks, describeLimitKey, limitKey, type StateKey } from "./evaluate/state.ts";
import type { AlwaysPassedStep, Decision, LimitTrace, TraceStep, Verdict } from "./evaluate/trace.ts";

export type { Count, CounterKind, Counters } from "./evaluate/counters.ts";
export { type Decision, formatTrace, type TraceStep, type Verdict } from "./evaluate/trace.ts";

export interface Evaluator {
  /** Judges a frame at a time, and keeps state and counts. `trace` is empty. */
  decide(frame: Uint8Array, nowNs: bigint): Decision;
  /** As decide() so many times, once at least: what the last one gets. */
  repeat(frame: Uint8Array, nowNs: bigint, times: number): Decision;
  /** As decide(), state and counts included, with the trace. */
  explain(frame: Uint8Array, nowNs: bigint): Decision;
  /** Blocks a source (an IPv6 one with its /64) as an operator. Throws RangeError where `source` is not an address. */
  block(source: string, untilNs: bigint): void;
  /** True where there was a block. */
  unblock(source: string): boolean;
  counters(): Counters;
}

const NO_TRACE: readonly TraceStep[] = Object.freeze([]);

/** A rule made ready: its match, its counters, and a limit's numbers and state. */
interface ReadyRule {
  readonly ir: RuleIr;
  readonly management: boolean;
  readonly match: CompiledMatch;
  readonly counts: RuleCounts;
  readonly limit: ReadyLimit | null;
}
interface ReadyLimit extends LimitParameters {
  readonly action: LimitAction;
  readonly packetCost: bigint;
  /** Theoretical arrival times in ticks. */
  readonly tats: Map<StateKey, bigint>;
}

/** `matchOf`: how a rule's match is tested; the index counts management flows first. */
export function createEvaluator(
  fleet: FleetIr,
  matchOf: (rule: RuleIr, index: number) => CompiledMatch = (rule) => compileMatch(rule.match),
): Evaluator {
  const reasons = createReasonCounts();
  const blocks = new Blocks();
  const management = fleet.management.map((rule, i) => readyRule(rule, true, matchOf(rule, i)));
  const rules = fleet.rules.map((rule, i) => readyRule(rule, false, matchOf(rule, management.length + i)));
  const managementInQuestion = new Candidates(management);
  const rulesInQuestion = new Candidates(rules);
  const countsByRule = new Map([...management, ...rules].map((rule) => [rule.ir.id, rule.counts]));
  assert(countsByRule.size === management.length + rules.length, "rule ids are unique in a fleet");

  const parse = (frame: Uint8Array) => parsePacket(frame, fleet.payloadTests);

  /** `candidates`: the rules that the packet may match, where that is known. */
  function judge(
    frame: Uint8Array,
    packet: ParseResult,
    nowNs: bigint,
    trace: TraceStep[] | null,
    candidates: readonly ReadyRule[] | null = null,
  ): Decision {
    const decide = (verdict: Verdict, reason: Reason, rule: string | null): Decision => ({
      verdict,
      rule,
      reason,
      trace: trace ?? NO_TRACE,
    });
    const decideByReason = (verdict: Verdict, reason: Reason, rule: string | null = null): Decision => {
      count(reasons[reason], frame.length);
      return decide(verdict, reason, rule);
    };

    // 1. Parse.
    trace?.push(parseStep(frame, packet));
    if (packet.kind === "failure") return decideByReason(fleet.parseVerdicts[packet.class], packet.class);

    // 2. Always passed.
    const passAlways = (reason: AlwaysPassedStep["reason"]): Decision => {
      trace?.push({ kind: "always-passed", reason });
      return decideByReason("pass", reason);
    };
    if (packet.kind === "arp") return passAlways("arp");
    const always = alwaysPassed(packet);
    if (always) return passAlways(always);
    const subject = subjectOf(packet, frame);
    for (const flow of trace ? management : managementInQuestion.of(subject)) {
      const matched = matches(flow.match, subject);
      trace?.push(ruleStep(flow, subject, null));
      if (!matched) continue;
      count(flow.counts.decided, frame.length);
      return decideByReason("pass", "management", flow.ir.id);
    }

    // 3. Temporary blocks.
    const block = blocks.find(packet.family, packet.source, nowNs);
    if (block) {
      trace?.push(blockStep(packet, block, nowNs));
      if (block.rule === null) return decideByReason("drop", "block");
      const counts = countsByRule.get(block.rule);
      assert(counts, `a block is by an operator or by a rule of this fleet: ${block.rule}`);
      count(counts.blocked, frame.length);
      return decide("drop", "block", block.rule);
    }

    // 4. Rules.
    for (const rule of trace ? rules : (candidates ?? rulesInQuestion.of(subject))) {
      const { ir, limit, counts } = rule;
      const matched = matches(rule.match, subject);
      if (!matched || !limit) trace?.push(ruleStep(rule, subject, null));
      if (!matched) continue;
      if (limit) {
        const step = takeFromLimit(limit, packet, nowNs);
        const blockUntilNs = step.exceeded && !ir.shadow && limit.blockNs > 0n ? nowNs + limit.blockNs : null;
        trace?.push(ruleStep(rule, subject, limitTrace(limit, packet, step, blockUntilNs)));
        count(step.exceeded ? counts.exceeded : counts.conformed, frame.length);
        if (!step.exceeded || ir.shadow) continue;
        if (blockUntilNs !== null)
          blocks.set(packet.family, packet.source, { untilNs: blockUntilNs, rule: ir.id });
        return decide("drop", "limit", ir.id);
      }
      count(counts.decided, frame.length);
      if (!ir.shadow) return decide(ir.action.kind === "pass" ? "pass" : "drop", "rule", ir.id);
    }

    // 5. Otherwise.
    trace?.push({ kind: "default", verdict: fleet.defaultVerdict });
    return decideByReason(fleet.defaultVerdict, "default");
  }

  /** What a packet matches is the same each time; what limits and blocks say is not. */
  function matchingRules(frame: Uint8Array, packet: ParsedPacket): ReadyRule[] {
    const subject = subjectOf(packet, frame);
    return rulesInQuestion.of(subject).filter(({ match }) => matches(match, subject));
  }

  return {
    decide: (frame, nowNs) => judge(frame, parse(frame), nowNs, null),
    repeat(frame, nowNs, times) {
      const packet = parse(frame);
      const matching = times > 1 && packet.kind === "packet" ? matchingRules(frame, packet) : null;
      for (let left = times; left > 1; left--) judge(frame, packet, nowNs, null, matching);
      return judge(frame, packet, nowNs, null, matching);
    },
    explain: (frame, nowNs) => judge(frame, parse(frame), nowNs, []),
    block(source, untilNs) {
      const { family, value } = address(source);
      blocks.set(family, value, { untilNs, rule: null });
    },
    unblock(source) {
      const { family, value } = address(source);
      return blocks.delete(family, value);
    },
    counters: () => structuredClone({ reasons, rules: countsByRule }),
  };
}

function readyRule(ir: RuleIr, management: boolean, match: CompiledMatch): ReadyRule {
  assert(!management || ir.action.kind === "pass", `management flow ${ir.id} passes`);
  return {
    ir,
    management,
    match,
    counts: createRuleCounts(),
    limit: ir.action.kind === "limit" ? readyLimit(ir.action) : null,
  };
}

function readyLimit(action: LimitAction): ReadyLimit {
  const parameters = limitParameters(action);
  return { ...parameters, action, packetCost: costTicks(parameters.multiplier, 1), tats: new Map() };
}

function address(text: string): { family: Family; value: bigint } {
  const parsed = parseSource(text);
  if (!parsed) throw new RangeError(`"${text}" is not an IPv4 or IPv6 address`);
  return parsed;
}

interface LimitStep {
  readonly exceeded: boolean;
  readonly nowTicks: bigint;
  readonly tatBefore: bigint;
  readonly tatAfter: bigint;
}

/** Takes the packet's units where they fit. */
function takeFromLimit(limit: ReadyLimit, packet: ParsedPacket, nowNs: bigint): LimitStep {
  const key = limitKey(limit.action, packet);
  const tatBefore = limit.tats.get(key) ?? 0n;
  const nowTicks = nowNs * TICKS_PER_NS;
  const cost =
    limit.action.unit === "packets" ? limit.packetCost : costTicks(limit.multiplier, unitsOf(limit, packet));
  const { exceeded, tat } = gcra(tatBefore, nowTicks, cost, limit.burstTicks);
  if (!exceeded) limit.tats.set(key, tat);
  return { exceeded, nowTicks, tatBefore, tatAfter: tat };
}

function unitsOf(limit: ReadyLimit, packet: ParsedPacket): number {
  if (limit.action.unit === "packets") return 1;
  const bytes = packet.fields.l3Length;
  assert(bytes !== null, "every parsed packet has an L3 length");
  return bytes;
}

// ---- Trace steps -------------------------------------------------------------------------------------------------------

function parseStep(frame: Uint8Array, packet: ParseResult): TraceStep {
  const failure = packet.kind === "failure" ? packet.class : null;
  return { kind: "parse", packet: formatPacket(frame), failure };
}

function blockStep(packet: ParsedPacket, block: Block, nowNs: bigint): TraceStep {
  const source = formatAddress(packet.family, packet.source);
  return { kind: "block", source, rule: block.rule, remainingNs: String(block.untilNs - nowNs) };
}

function ruleStep(
  { ir, management, match }: ReadyRule,
  subject: Subject,
  limit: LimitTrace | null,
): TraceStep {
  const tests = match.inOrder;
  const failed = firstFailure(match, subject);
  return {
    kind: "rule",
    rule: ir.id,
    management,
    action: ir.action.kind,
    shadow: ir.shadow,
    location: ir.location,
    matched: tests.slice(0, failed ? tests.indexOf(failed) : tests.length).map((test) => test.text),
    failed: failed && { term: failed.text, packetHas: describeValue(failed.field, subject) },
    limit,
  };
}

function limitTrace(
  limit: ReadyLimit,
  packet: ParsedPacket,
  step: LimitStep,
  blockUntilNs: bigint | null,
): LimitTrace {
  const { unit, burst } = limit.action;
  // Units that fit are those whose ticks do not reach beyond the burst: floor(free ticks * 2^16 / multiplier).
  const free = (tat: bigint) => {
    const ahead = tat > step.nowTicks ? tat - step.nowTicks : 0n;
    const freeTicks = limit.burstTicks > ahead ? limit.burstTicks - ahead : 0n;
    return Number((((freeTicks + 1n) << LIMIT_MULTIPLIER_SHIFT) - 1n) / limit.multiplier);
  };
  return {
    key: describeLimitKey(limit.action, packet),
    unit,
    units: unitsOf(limit, packet),
    exceeded: step.exceeded,
    freeBefore: free(step.tatBefore),
    freeAfter: free(step.tatAfter),
    burst,
    tatBefore: String(step.tatBefore),
    tatAfter: String(step.tatAfter),
    blockedUntilNs: blockUntilNs === null ? null : String(blockUntilNs),
  };
}
