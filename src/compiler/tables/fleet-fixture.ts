// Fleets for the tests of tables and bundles: IR made by hand, without policy files.

import type {
  ActionIr,
  CheckedFleet,
  FleetIr,
  LimitAction,
  MatchIr,
  ParseClass,
  RuleIr,
  Verdict,
} from "../../ir/nodes.ts";
import { PARSE_CLASSES } from "../../ir/parse-verdicts.ts";

const LOCATION = { file: "policies/test.policy.ts", line: 3, column: 5 };

export function ruleOf(id: string, match: Partial<MatchIr>, over: Partial<RuleIr> = {}): RuleIr {
  const [policy = "", name = ""] = id.split("/");
  return {
    kind: "rule",
    id,
    name,
    policy,
    backend: null,
    action: { kind: "drop" },
    shadow: false,
    alertAbovePps: null,
    match: { source: null, destination: null, fields: {}, terms: [], ...match },
    location: LOCATION,
    ...over,
  };
}

export function limitOf(over: Partial<LimitAction> = {}): ActionIr {
  return {
    kind: "limit",
    unit: "packets",
    ratePerSecond: 1000,
    burst: 50,
    key: "source",
    prefix4: 32,
    prefix6: 64,
    blockForSeconds: null,
    ...over,
  };
}

/** A fleet that is taken for checked; its rules decide what its tables are. */
export function fleetOf(rules: readonly RuleIr[], over: Partial<FleetIr> = {}): CheckedFleet {
  const verdicts = PARSE_CLASSES.map((name): [ParseClass, Verdict] => [
    name,
    name === "other-ethertype" ? "pass" : "drop",
  ]);
  const fleet: FleetIr = {
    kind: "fleet",
    name: "edge",
    nodeSelector: {},
    interfaces: ["eth0"],
    attach: "native",
    defaultVerdict: "pass",
    parseVerdicts: Object.fromEntries(verdicts) as Record<ParseClass, Verdict>,
    memoryBudgetBytes: 64 * 2 ** 20,
    management: [],
    rules,
    policies: [],
    backends: [],
    sets: [],
    payloadTests: [],
    location: LOCATION,
    ...over,
  };
  return fleet as CheckedFleet;
}
