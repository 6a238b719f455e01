// Rules to lines of the section `rules` (struct rule in bpf/shared.h).

import { ACTIONS, LIMIT_KEYS, LIMIT_UNITS, RULE } from "../../bundle/abi.ts";
import { sha256Hex } from "../../bundle/digest.ts";
import { limitParameters } from "../../ir/limit.ts";
import type { FleetIr, RuleIr } from "../../ir/nodes.ts";

/** Management flows, then the fleet's rules: a rule's place here is its bit in the vectors. */
export function rulesOf(fleet: FleetIr): readonly RuleIr[] {
  return [...fleet.management, ...fleet.rules];
}

/** 16 hex digits: what counters and blocks are keyed by, whatever the rule's place. */
export function stableId(fleet: FleetIr, rule: RuleIr): string {
  return idOf(`${fleet.name}/${rule.id}`);
}

export function rulesImage(fleet: FleetIr): Uint8Array {
  const rules = rulesOf(fleet);
  const backends = new Map(fleet.backends.map((backend, i) => [backend.name, i + 1]));
  const image = new Uint8Array(rules.length * RULE.bytes);
  const view = new DataView(image.buffer);
  rules.forEach((rule, i) => {
    const at = i * RULE.bytes;
    const { action } = rule;
    view.setBigUint64(at + RULE.id, BigInt(`0x${stableId(fleet, rule)}`), true);
    view.setUint8(at + RULE.action, ACTIONS.indexOf(action.kind));
    view.setUint8(at + RULE.shadow, rule.shadow ? 1 : 0);
    view.setUint16(at + RULE.backend, rule.backend === null ? 0 : (backends.get(rule.backend) ?? 0), true);
    if (action.kind !== "limit") return;
    const { multiplier, burstTicks, blockNs } = limitParameters(action);
    const { unit, key, prefix4, prefix6 } = action;
    const limitId = idOf([fleet.name, rule.id, unit, key, prefix4, prefix6].join("/"));
    view.setBigUint64(at + RULE.limitId, BigInt(`0x${limitId}`), true);
    view.setBigUint64(at + RULE.limitMultiplier, multiplier, true);
    view.setBigUint64(at + RULE.limitBurstTicks, burstTicks, true);
    view.setBigUint64(at + RULE.blockNs, rule.shadow ? 0n : blockNs, true); // a shadow limit never blocks
    view.setUint8(at + RULE.limitUnit, LIMIT_UNITS.indexOf(unit));
    view.setUint8(at + RULE.limitKey, LIMIT_KEYS.indexOf(key));
    view.setUint8(at + RULE.limitPrefix4, prefix4);
    view.setUint8(at + RULE.limitPrefix6, prefix6);
  });
  return image;
}

function idOf(name: string): string {
  return sha256Hex(name).slice(0, 16);
}
