// One fault of a policy to one frozen diagnostic: code, message, help and place are kept apart, and tested apart.

import type { SourceLocation } from "../../policy/types.ts";
import type { Diagnostic, Severity } from "../types.ts";

export interface DiagnosticParts {
  /** Kebab-case, stable; docs/diagnostics.md has a line on each. */
  readonly code: string;
  /** `error` where it is missing. */
  readonly severity?: Severity;
  readonly message: string;
  /** What to do; not empty. */
  readonly help: string;
  readonly location: SourceLocation;
  /** Characters under the caret mark; 1 where it is missing. */
  readonly spanLength?: number;
  readonly related?: Diagnostic["related"];
}

export function diagnostic(parts: DiagnosticParts): Diagnostic {
  const { code, severity = "error", message, help, location, spanLength = 1, related = [] } = parts;
  return Object.freeze({
    code,
    severity,
    message,
    help,
    location: Object.freeze({ file: location.file, line: location.line, column: location.column }),
    spanLength: Math.max(1, spanLength),
    related: Object.freeze([...related]),
  });
}

/** By file, line, column and code: the order in which a reader works through them. */
export function sortDiagnostics(list: readonly Diagnostic[]): readonly Diagnostic[] {
  return list.toSorted(
    (a, b) =>
      compare(a.location.file, b.location.file) ||
      a.location.line - b.location.line ||
      a.location.column - b.location.column ||
      compare(a.code, b.code),
  );
}

/** By code units: the same order on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function hasErrors(list: readonly Diagnostic[]): boolean {
  return list.some((one) => one.severity === "error");
}
