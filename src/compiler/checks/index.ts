// IR to checked IR: every check on a fleet, all faults in one run. Each check is a file that is named after its fault.

import type { CheckedFleet, FleetIr } from "../../ir/nodes.ts";
import { hasErrors, sortDiagnostics } from "../diagnostics/index.ts";
import type { Diagnostic } from "../types.ts";
import { capacity } from "./capacity.ts";
import { type Check, createContext } from "./context.ts";
import { duplicateInterface } from "./duplicate-interface.ts";
import { managementLockout } from "./management-lockout.ts";
import { noPolicy } from "./no-policy.ts";
import { unmeasuredServiceLevel } from "./unmeasured-service-level.ts";
import { unreachableRule } from "./unreachable-rule.ts";

const CHECKS: readonly Check[] = [
  duplicateInterface,
  noPolicy,
  capacity,
  unreachableRule,
  managementLockout,
  unmeasuredServiceLevel,
];

export interface CheckResult {
  /** In the order of the sources. */
  readonly diagnostics: readonly Diagnostic[];
  /** null where one of them is an error. */
  readonly checked: CheckedFleet | null;
}

export function runChecks(fleet: FleetIr): CheckResult {
  const context = createContext(fleet);
  const diagnostics = sortDiagnostics(CHECKS.flatMap((check) => check(context)));
  return { diagnostics, checked: hasErrors(diagnostics) ? null : (fleet as CheckedFleet) };
}
