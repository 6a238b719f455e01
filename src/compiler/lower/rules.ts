// Rules and management flows to rules of the IR.

import { ruleNode } from "../../ir/factory.ts";
import type { ActionIr, LimitAction, MatchIr, RuleIr } from "../../ir/nodes.ts";
import type { BackendScope } from "./backends.ts";
import { lowerLimit, lowerRate } from "./limits.ts";
import type { Call, Lowering } from "./lowering.ts";
import { lowerMatch } from "./matches.ts";
import type { PayloadTests } from "./payload.ts";
import type { SetScope } from "./sets.ts";
import { count, knownOptions, type Node, nameOf, oneOf, show } from "./untyped.ts";

const RULE_HELPS = new Map([["shadow", "put the rule into the function of that name: `shadow(drop(…))`"]]);

/** What the rules of one policy (or the management flows of one fleet) stand in. */
export interface RuleScope {
  /** First part of the rules' ids. */
  readonly policy: string;
  readonly sets: SetScope;
  readonly backend: BackendScope | null;
  /** Of the fleet. */
  readonly payloads: PayloadTests;
}

/** Null where it has a fault, which is then reported; every part is looked at. */
export function lowerRule(node: Node, scope: RuleScope, lowering: Lowering): RuleIr | null {
  const call = lowering.callAt(node.location);
  const isFlow = node["kind"] === "management-flow";
  const name = nameOf(node["name"], isFlow ? "a management flow" : "a rule", call);
  const what = isFlow ? `management flow ${quoted(node["name"])}` : `rule ${quoted(node["name"])}`;
  if (!isFlow) knownOptions(node, "a rule", call, RULE_HELPS);
  // Of `drop({ … })` the name's fault says enough.
  const isShort = name === null && node["match"] === undefined;
  const match = isShort
    ? null
    : lowerMatch(node["match"], what, call, scope.sets, scope.backend, scope.payloads);
  const action = isFlow ? PASS : lowerAction(node, what, call);
  const alertAbove = lowerAlert(node["alertAbove"], node["action"], what, call);
  if (name === null || match === null || action === null || alertAbove === undefined) return null;
  if (action.kind === "limit") reportSmallBurst(action, match, what, call);
  return ruleNode({
    id: `${scope.policy}/${name}`,
    name,
    policy: scope.policy,
    backend: scope.backend?.ir.name ?? null,
    action,
    shadow: node["shadow"] === true,
    alertAbovePps: alertAbove,
    match,
    location: node.location,
  });
}

const PASS: ActionIr = Object.freeze({ kind: "pass" });
const DROP: ActionIr = Object.freeze({ kind: "drop" });

function quoted(name: unknown): string {
  return typeof name === "string" ? `\`${name}\`` : show(name);
}

function lowerAction(node: Node, what: string, call: Call): ActionIr | null {
  switch (oneOf(node["action"], ["pass", "drop", "limit"], "action", call)) {
    case "pass":
      return PASS;
    case "drop":
      return DROP;
    case "limit":
      return lowerLimit(node["limit"], what, call);
    case null:
      return null;
  }
}

/** Of Ethernet's usual MTU: what a limit in bytes meets, whatever its author thought of. */
const PACKET_BYTES = 1500;

function reportSmallBurst({ unit, burst }: LimitAction, match: MatchIr, what: string, call: Call): void {
  const { l3Length, payloadLength } = match.fields;
  const longest = Math.min(
    PACKET_BYTES,
    l3Length?.at(-1)?.[1] ?? PACKET_BYTES,
    (payloadLength?.at(-1)?.[1] ?? PACKET_BYTES) + 20, // an IP header at least
  );
  if (unit !== "bytes" || burst >= longest) return;
  call.report(call.value(burst, { property: "burst" }), {
    code: "burst-below-packet",
    severity: "warning",
    message: `${what} drops every packet of more than ${count(burst)} bytes: its burst holds no more`,
    help: `write \`burst: bytes(${longest})\` or more; or, where that is meant, match \`lengthBytes: range(0, ${burst})\``,
  });
}

/** undefined where it has a fault; null where the rule has no alert of its own. */
function lowerAlert(raw: unknown, action: unknown, what: string, call: Call): number | null | undefined {
  if (raw === null || raw === undefined) return null;
  if (action === "pass") {
    call.report(call.property("alertAbove"), {
      code: "alert-without-drop",
      message: `${what} alerts above a rate of drops, and it drops nothing`,
      help: "take `alertAbove` out, or put it on the rule that drops",
    });
    return undefined;
  }
  const rate = lowerRate(raw, "alertAbove", call);
  if (rate === null) return undefined;
  if (rate.unit === "packets") return rate.perSecond;
  call.report(call.property("alertAbove"), {
    code: "unit-mismatch",
    message: `${what} alerts above a rate in bytes, and alerts count packets`,
    help: "write `alertAbove: packetsPerSecond(…)`",
  });
  return undefined;
}
