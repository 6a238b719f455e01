// Rules as an author writes them to what is made of them, or to the faults that are found, by way of a policy file.

import { expect } from "vitest";
import type { RuleIr } from "../../ir/nodes.ts";
import { expectFaults, type Fault, lowerTree, policyFile } from "../load/tree-fixture.ts";

/** `before` comes before the policy, which has `rules` and the further properties of `policy`. */
export async function rulesOf(rules: string, policy = "", before = ""): Promise<readonly RuleIr[]> {
  const { fleets, diagnostics } = await lowerTree({ "a.policy.ts": policyFile({ rules, policy, before }) });
  expect(diagnostics).toEqual([]);
  return fleets[0]?.rules ?? [];
}

export const expectRuleFaults = (rules: string, faults: readonly Fault[], policy = "", before = "") =>
  expectFaults({ "a.policy.ts": policyFile({ rules, policy, before }) }, faults);

export const DNS = `const dns = backend("dns", { listen: ["203.0.113.53", "2001:db8:53::/64"], protocol: "udp", ports: [53, range(8053, 8054)], origins: [] });`;
