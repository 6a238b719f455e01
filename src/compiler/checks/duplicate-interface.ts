// An interface that a fleet names twice: the agent would find its own program on it.

import type { Diagnostic } from "../types.ts";
import type { CheckContext } from "./context.ts";
import { fleetDiagnostic } from "./report.ts";

export function duplicateInterface({ fleet }: CheckContext): Diagnostic[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of fleet.interfaces) (seen.has(name) ? twice : seen).add(name);
  return [...twice].map((name) =>
    fleetDiagnostic(
      fleet,
      "duplicate-interface",
      "error",
      `fleet \`${fleet.name}\` names interface \`${name}\` more than once`,
      `name \`${name}\` once in \`interfaces\``,
    ),
  );
}
