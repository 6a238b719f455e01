// A management flow is passed before the rules. This check proves that it does not hang on that step alone: no enforcing
// drop or limit may match a packet of the flow, unless an enforcing pass rule above takes the packet first.

import type { RuleIr } from "../../ir/nodes.ts";
import { pointOf } from "../cells/point.ts";
import { findPacket, Region } from "../cells/region.ts";
import type { Diagnostic } from "../types.ts";
import type { CheckContext } from "./context.ts";
import { formatPoint } from "./format-point.ts";
import { nameRule, ruleDiagnostic, tooHard } from "./report.ts";

export function managementLockout(context: CheckContext): Diagnostic[] {
  const { fleet, space } = context;
  const diagnostics: Diagnostic[] = [];
  const passed = new Region<RuleIr>(space);
  for (const rule of fleet.rules) {
    if (rule.shadow) continue;
    if (rule.action.kind === "pass") {
      passed.add(rule.match, rule);
      continue;
    }
    for (const flow of fleet.management) {
      const result = findPacket(space, [flow.match, rule.match], [passed], context.proofBudget());
      if (result.kind === "too-hard")
        diagnostics.push(tooHard(rule, `whether \`${rule.name}\` would drop packets of \`${flow.name}\``));
      if (result.kind !== "found") continue;
      const packet = formatPoint(pointOf(space, result.cell));
      diagnostics.push(
        ruleDiagnostic(
          rule,
          "management-lockout",
          "error",
          `\`${rule.name}\` would ${rule.action.kind} a packet of the management flow ${nameRule(flow, rule.location)}: ${packet}`,
          `exclude the sources of \`${flow.name}\` from \`${rule.name}\`, or put a pass rule above it that is wider than the flow`,
          [{ location: flow.location, message: `the management flow \`${flow.name}\` is here` }],
        ),
      );
    }
  }
  return diagnostics;
}
