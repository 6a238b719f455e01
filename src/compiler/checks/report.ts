// The words and places of diagnostics that checks share.

import type { FleetIr, RuleIr, SourceLocation } from "../../ir/nodes.ts";
import { diagnostic } from "../diagnostics/index.ts";
import type { Diagnostic, Severity } from "../types.ts";

/** A rule that ends evaluation for every packet that it matches. */
export function decides(rule: RuleIr): boolean {
  return !rule.shadow && rule.action.kind !== "limit";
}

/** `drop-all` (line 9), or with its file where that is another than `from`. */
export function nameRule(rule: RuleIr, from: SourceLocation): string {
  return `\`${rule.name}\` (${place(rule.location, from)})`;
}

export function place(location: SourceLocation, from: SourceLocation): string {
  return location.file === from.file ? `line ${location.line}` : `${location.file}:${location.line}`;
}

/** `a`, `a and b`, `a, b and c`; beyond `most`, how many more. */
export function list(items: readonly string[], most = 4): string {
  if (items.length > most) return `${items.slice(0, most).join(", ")} and ${items.length - most} more`;
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

export function ruleDiagnostic(
  rule: RuleIr,
  code: string,
  severity: Severity,
  message: string,
  help: string,
  related: Diagnostic["related"] = [],
): Diagnostic {
  // The place is that of the call `drop(…)`; the caret marks the function's name.
  const spanLength = rule.action.kind.length;
  return diagnostic({ code, severity, message, help, location: rule.location, spanLength, related });
}

export function fleetDiagnostic(
  fleet: FleetIr,
  code: string,
  severity: Severity,
  message: string,
  help: string,
  related: Diagnostic["related"] = [],
): Diagnostic {
  const spanLength = "fleet".length;
  return diagnostic({ code, severity, message, help, location: fleet.location, spanLength, related });
}

export function tooHard(rule: RuleIr, what: string): Diagnostic {
  return ruleDiagnostic(
    rule,
    "check-too-hard",
    "warning",
    `could not find out ${what}: the rules overlap in too many ways`,
    "let the rule name fewer fields, or move rules that overlap it into sets",
  );
}
