// Two versions of a fleet to what changes between them: settings, rules, and above all packets.

import { PAYLOAD_TESTS_MAX } from "../../bundle/abi.ts";
import type { FleetIr, ParseClass } from "../../ir/nodes.ts";
import { PARSE_CLASSES } from "../../ir/parse-verdicts.ts";
import { unitePayloadTests } from "./payload-tests.ts";
import { type RuleChange, ruleChanges } from "./rule-changes.ts";
import { type TrafficChanges, trafficChanges } from "./traffic-changes.ts";

export type { RuleChange } from "./rule-changes.ts";
export type { Decision, LimitChange, TrafficChanges, VerdictChange } from "./traffic-changes.ts";

export interface SettingChange {
  /** `default`, `parse bad-ihl`, `interfaces`, `attach`. */
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

export interface FleetDifference {
  readonly settings: readonly SettingChange[];
  readonly rules: readonly RuleChange[];
  readonly traffic: TrafficChanges;
}

/** Throws RangeError where the two have too many payload tests to be compared. */
export function compareFleets(before: FleetIr, after: FleetIr): FleetDifference {
  const united = unitePayloadTests(before, after);
  if (!united)
    throw new RangeError(
      `the two versions of fleet ${after.name} have more than ${PAYLOAD_TESTS_MAX} payload tests together`,
    );
  const { changes, kept } = ruleChanges(...united);
  return {
    settings: settingChanges(before, after),
    rules: changes,
    traffic: trafficChanges(...united, kept),
  };
}

function settingChanges(before: FleetIr, after: FleetIr): SettingChange[] {
  const settings = [
    ["default", ({ defaultVerdict }: FleetIr) => defaultVerdict],
    ...PARSE_CLASSES.map(
      (one: ParseClass) => [`parse ${one}`, (fleet: FleetIr) => fleet.parseVerdicts[one]] as const,
    ),
    ["interfaces", ({ interfaces }: FleetIr) => interfaces.join(", ")],
    ["attach", ({ attach }: FleetIr) => attach],
  ] as const;
  return settings
    .map(([name, valueOf]) => ({ name, before: valueOf(before), after: valueOf(after) }))
    .filter((setting) => setting.before !== setting.after);
}
