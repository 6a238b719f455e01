// Diagnostics to text for people (place, message, the source line with a caret mark, help) and to JSON lines for tools.

import type { CompileInput, Diagnostic } from "../types.ts";
import { sortDiagnostics } from "./build.ts";

export interface RenderOptions {
  /** ANSI colours; off where it is missing. */
  readonly color?: boolean;
}

type Texts = Pick<CompileInput, "sources"> & Partial<Pick<CompileInput, "feeds">>;

const ESCAPE = "\u001b[";
const STYLES = { bold: "1", red: "31", yellow: "33", cyan: "36", dim: "2" } as const;
type Paint = (style: keyof typeof STYLES, text: string) => string;

/** Sorted by file and line, a blank line between two; ends with a newline, empty where there are none. */
export function renderDiagnostics(
  list: readonly Diagnostic[],
  texts: Texts,
  { color = false }: RenderOptions = {},
): string {
  const paint: Paint = (style, text) => (color ? `${ESCAPE}${STYLES[style]}m${text}${ESCAPE}0m` : text);
  return sortDiagnostics(list)
    .map((one) => renderOne(one, texts, paint))
    .join("\n");
}

/** One JSON object a line, sorted likewise. */
export function renderDiagnosticsJson(list: readonly Diagnostic[]): string {
  return sortDiagnostics(list)
    .map((one) => `${JSON.stringify(one)}\n`)
    .join("");
}

/** `2 errors, 1 warning`; empty where there are none. */
export function summarise(list: readonly Diagnostic[]): string {
  return (["error", "warning"] as const)
    .map((severity) => ({ severity, count: list.filter((one) => one.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}${count === 1 ? "" : "s"}`)
    .join(", ");
}

function renderOne(one: Diagnostic, texts: Texts, paint: Paint): string {
  const { file, line, column } = one.location;
  const place = paint("bold", `${file}:${line}:${column}`);
  const severity = paint(one.severity === "error" ? "red" : "yellow", one.severity);
  const lines = [`${place}  ${severity}  ${one.code}`, `  ${one.message}`];
  const text = sourceLine(texts, file, line);
  if (text !== null) {
    const number = String(line);
    // Tabs are kept in the padding, so that the mark stands under the place whatever a tab's width is.
    const padding = text.slice(0, column - 1).replace(/[^\t]/g, " ");
    const mark = "^".repeat(Math.max(1, Math.min(one.spanLength, text.length - column + 1)));
    lines.push(
      paint("dim", `  ${number} | ${text}`),
      paint("dim", `  ${" ".repeat(number.length)} | `) + padding + paint("red", mark),
    );
  }
  for (const { location, message } of one.related)
    lines.push(`  ${paint("dim", `${location.file}:${location.line}:${location.column}`)}: ${message}`);
  lines.push(`  ${paint("cyan", "help:")} ${one.help}`, "");
  return lines.join("\n");
}

/** A line without its end; null where the file is not at hand or has no such line. */
function sourceLine({ sources, feeds }: Texts, file: string, line: number): string | null {
  const feed = feeds?.get(file);
  const text =
    sources.get(file) ?? (feed?.kind === "bytes" ? Buffer.from(feed.bytes).toString("utf8") : null);
  return text?.split("\n")[line - 1]?.replace(/\r$/, "") ?? null;
}
