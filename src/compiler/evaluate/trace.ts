// What the evaluator saw on its way to a verdict, step by step: plain data for `--json`, and lines for people.

import type { Reason, VERDICTS } from "../../bundle/abi.ts";
import type { ParseClass, RuleIr, SourceLocation } from "../../ir/nodes.ts";

export type Verdict = (typeof VERDICTS)[number];

export interface Decision {
  readonly verdict: Verdict;
  /** Id of the rule or management flow that decided; null where none did. */
  readonly rule: string | null;
  readonly reason: Reason;
  /** Empty unless it was asked for. */
  readonly trace: readonly TraceStep[];
}

export type TraceStep = ParseStep | AlwaysPassedStep | BlockStep | RuleStep | DefaultStep;

export interface ParseStep {
  readonly kind: "parse";
  /** The packet in one line. */
  readonly packet: string;
  /** The way in which it failed. */
  readonly failure: ParseClass | null;
}
export interface AlwaysPassedStep {
  readonly kind: "always-passed";
  readonly reason: "arp" | "neighbour-discovery" | "dhcp";
}
export interface BlockStep {
  readonly kind: "block";
  readonly source: string;
  /** The rule that set it; null: an operator. */
  readonly rule: string | null;
  /** How long it goes on. */
  readonly remainingNs: string;
}
export interface DefaultStep {
  readonly kind: "default";
  readonly verdict: Verdict;
}

export interface RuleStep {
  readonly kind: "rule";
  readonly rule: string;
  readonly management: boolean;
  readonly action: RuleIr["action"]["kind"];
  readonly shadow: boolean;
  readonly location: SourceLocation;
  /** The terms that held, as they stand in the policy: those before the failed one, or all. */
  readonly matched: readonly string[];
  /** The first term that did not; null where the rule matches. */
  readonly failed: { readonly term: string; readonly packetHas: string | null } | null;
  /** Of a limit that matched. */
  readonly limit: LimitTrace | null;
}
export interface LimitTrace {
  /** `source 198.51.100.7/32` */
  readonly key: string;
  readonly unit: "packets" | "bytes";
  /** What this packet asks for. */
  readonly units: number;
  readonly exceeded: boolean;
  /** Whole units that fit before and after the packet. */
  readonly freeBefore: number;
  readonly freeAfter: number;
  readonly burst: number;
  /** Theoretical arrival times in ticks of 1/16 ns. */
  readonly tatBefore: string;
  readonly tatAfter: string;
  /** Until when the source is blocked from now on, in ns; null: it is not. */
  readonly blockedUntilNs: string | null;
}

/** One line a step. */
export function formatTrace(trace: readonly TraceStep[]): string[] {
  return trace.map(formatStep);
}

function formatStep(step: TraceStep): string {
  switch (step.kind) {
    case "parse":
      return `packet: ${step.packet}`;
    case "always-passed":
      return `always passed: ${step.reason}`;
    case "block":
      return `block: ${step.source} is blocked by ${step.rule ?? "an operator"} for ${formatNs(BigInt(step.remainingNs))} more`;
    case "rule":
      return `${step.rule} (${step.location.file}:${step.location.line}): ${formatOutcome(step)}`;
    case "default":
      return `no rule decided: the fleet's default, ${step.verdict}`;
  }
}

function formatOutcome(step: RuleStep): string {
  if (step.failed) {
    const has = step.failed.packetHas;
    return `no match, ${step.failed.term}: the packet has ${has ?? "none"}`;
  }
  const would = step.shadow ? "in shadow, goes on, would " : "";
  if (!step.limit) return `matches, ${would}${step.action}`;
  const { key, unit, units, exceeded, freeBefore, freeAfter, burst, blockedUntilNs } = step.limit;
  const state = `${key} asks for ${units} of ${freeBefore} free ${unit} (burst ${burst})`;
  if (exceeded) {
    const block = blockedUntilNs === null ? "" : `, blocks the source until ${blockedUntilNs} ns`;
    return `matches, ${would}drop, above the limit: ${state}${block}`;
  }
  return `matches, ${step.shadow ? "in shadow, " : ""}within the limit, goes on: ${state}, ${freeAfter} left`;
}

function formatNs(ns: bigint): string {
  return ns >= 1_000_000_000n ? `${Number(ns) / 1e9} s` : `${Number(ns) / 1e6} ms`;
}
