// What a policy module threw while it was parsed, linked or run, to a diagnostic with its place.

import { placeOfFrame, UNKNOWN_PLACE } from "../../policy/place.ts";
import type { SourceLocation } from "../../policy/types.ts";
import { diagnostic, Locator, type Span } from "../diagnostics/index.ts";
import type { Diagnostic } from "../types.ts";
import type { ImportTree } from "./import-tree.ts";

export interface FailureContext {
  readonly tree: Pick<ImportTree, "sources" | "unresolved">;
  /** The policy file whose import failed: absolute path. */
  readonly entry: string;
  /** Absolute path to the path that diagnostics show. */
  readonly show: (path: string) => string;
}

export function loadFailure(error: unknown, context: FailureContext): Diagnostic {
  const { location, spanLength } = spanOf(error, context) ?? {
    location: { file: context.entry, line: 1, column: 1 },
    spanLength: 1,
  };
  const lost = context.tree.unresolved.get(error);
  return diagnostic({
    code: "policy-load-failed",
    message: lost ? `cannot find \`${lost.specifier}\`` : `the file does not load: ${describe(error)}`,
    help: helpFor(error, lost !== undefined),
    location: { ...location, file: context.show(location.file) },
    spanLength,
  });
}

/** Has the error a place of its own? V8 gives none for a syntax error in a JavaScript module. */
export function hasPlace(error: unknown, context: FailureContext): boolean {
  return spanOf(error, context) !== null;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : `it throws ${String(error)}`;
}

function helpFor(error: unknown, isUnresolved: boolean): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (isUnresolved)
    return "name the file with its ending (`./networks.ts`), and install what is imported by package name";
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX")
    return "types are stripped, not compiled: write an enum as a constant object, and no namespaces or parameter properties";
  if (error instanceof SyntaxError && error.message.includes("does not provide an export"))
    return "export it there, or import a name that is there";
  if (error instanceof SyntaxError) return "mend the syntax; nothing of this file was checked";
  return "mend what throws, or catch it; nothing of this file was checked";
}

function spanOf(error: unknown, context: FailureContext): Span | null {
  const { sources, unresolved } = context.tree;
  const lost = unresolved.get(error);
  if (lost) return importSpan(lost.specifier, lost.importer, sources);
  const stack = error instanceof Error && typeof error.stack === "string" ? error.stack : "";
  return headerSpan(stack) ?? frameSpan(stack, (file) => sources.has(file));
}

/** The specifier's text in the file that imports it. */
function importSpan(specifier: string, importer: string, sources: ReadonlyMap<string, Uint8Array>): Span {
  const text = Buffer.from(sources.get(importer) ?? []).toString("utf8");
  return new Locator(new Map([[importer, text]])).literal({ file: importer, line: 1, column: 1 }, specifier);
}

/** Node puts `file:line`, the source line and a mark before the stack of a syntax error. */
function headerSpan(stack: string): Span | null {
  const header =
    /^\s*(?<where>file:\/\/\S+?):(?<line>\d+)\n(?:.*\n)*?(?<indent>[ \t]*)(?<mark>\^+)\s*\n/.exec(stack);
  const { where = "", line = "1", indent = "", mark = "" } = header?.groups ?? {};
  if (!header) return null;
  const place = placeOfFrame(`    at ${where}:${line}:${indent.length + 1}`);
  return { location: place, spanLength: mark.length };
}

/** The innermost frame that stands in a file of the tree. */
function frameSpan(stack: string, isOurs: (file: string) => boolean): Span | null {
  for (const line of stack.split("\n")) {
    const place: SourceLocation = placeOfFrame(line);
    if (place !== UNKNOWN_PLACE && isOurs(place.file)) return { location: place, spanLength: 1 };
  }
  return null;
}
