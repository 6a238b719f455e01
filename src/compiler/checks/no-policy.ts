// A fleet in which nothing is judged: it has no rules, so that every packet gets the default verdict.

import type { Diagnostic } from "../types.ts";
import type { CheckContext } from "./context.ts";
import { fleetDiagnostic } from "./report.ts";

export function noPolicy({ fleet }: CheckContext): Diagnostic[] {
  if (fleet.rules.length > 0) return [];
  const what = fleet.policies.length === 0 ? "no policies" : "no rules in its policies";
  return [
    fleetDiagnostic(
      fleet,
      "no-policy",
      "error",
      `fleet \`${fleet.name}\` has ${what}: every packet gets the default verdict, ${fleet.defaultVerdict}`,
      "add a policy with rules to `policies`, or remove the fleet",
    ),
  ];
}
