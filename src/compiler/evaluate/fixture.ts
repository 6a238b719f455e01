// Fleets for the evaluator's tests, as IR by hand: what is tested is what an IR means, not how a policy becomes one.

import { fromPrefixes } from "../../ir/address-set.ts";
import type { FleetIr, LimitAction, MatchIr, RuleIr } from "../../ir/nodes.ts";
import { DEFAULT_PARSE_VERDICTS } from "../../ir/parse-verdicts.ts";
import { isFault, parsePrefix } from "../../ir/prefix.ts";
import { ranges } from "../../ir/ranges.ts";
import { buildPacket } from "../../packet/build.ts";
import { parsePacketText } from "../../packet/text.ts";
import { createEvaluator } from "../evaluate.ts";

export const frame = (text: string): Uint8Array => buildPacket(parsePacketText(text));
export const SECOND = 1_000_000_000n;
export const MS = 1_000_000n;

export function addresses(...prefixes: string[]) {
  return fromPrefixes(
    prefixes.map((text) => {
      const prefix = parsePrefix(text);
      if (isFault(prefix)) throw new Error(text);
      return prefix;
    }),
  );
}

export const ANY: MatchIr = { source: null, destination: null, fields: {}, terms: [] };
export const fields = (values: MatchIr["fields"]): MatchIr => ({ ...ANY, fields: values });
export const UDP = fields({ protocol: ranges([[17, 17]]) });

let line = 0;
export function rule(
  name: string,
  action: RuleIr["action"] | "pass" | "drop",
  match: MatchIr,
  shadow = false,
): RuleIr {
  return {
    kind: "rule",
    id: `site/${name}`,
    name,
    policy: "site",
    backend: null,
    action: typeof action === "string" ? { kind: action } : action,
    shadow,
    alertAbovePps: null,
    match,
    location: { file: "policies/site.policy.ts", line: ++line, column: 3 },
  };
}
export function limit(options: Partial<LimitAction> = {}): LimitAction {
  return {
    kind: "limit",
    unit: "packets",
    ratePerSecond: 1000,
    burst: 2,
    key: "source",
    prefix4: 32,
    prefix6: 64,
    blockForSeconds: null,
    ...options,
  };
}

export function fleet(rules: RuleIr[], options: Partial<FleetIr> = {}): FleetIr {
  return {
    kind: "fleet",
    name: "edge",
    nodeSelector: {},
    interfaces: ["eth0"],
    attach: "native",
    defaultVerdict: "pass",
    parseVerdicts: DEFAULT_PARSE_VERDICTS,
    memoryBudgetBytes: 1 << 24,
    management: [],
    rules,
    policies: [],
    backends: [],
    sets: [],
    payloadTests: [],
    location: { file: "policies/site.policy.ts", line: 1, column: 1 },
    ...options,
  };
}

/** `pass site/name reason`, with `-` for no rule. */
export function evaluator(rules: RuleIr[], options: Partial<FleetIr> = {}) {
  const inner = createEvaluator(fleet(rules, options));
  const decide = (packet: Uint8Array | string, atNs = 0n): string => {
    const bytes = typeof packet === "string" ? frame(packet) : packet;
    const { verdict, rule, reason } = inner.decide(bytes, atNs);
    return `${verdict} ${rule ?? "-"} ${reason}`;
  };
  return { ...inner, decide };
}

export const PACKET = "udp 198.51.100.7:53 > 203.0.113.5:4000";
