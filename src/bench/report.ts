// Results to text for people.

import type { Figure, RowResult, Target } from "./types.ts";

/** A row: its title, then figure, target, and whether it is reached. */
export function renderRow({ name, title, figures, missing, seconds }: RowResult): string {
  const cells = figures.map((one) => [
    one.what,
    `${number(one.value, one.unit)} ${one.unit}`.trimEnd(),
    one.target ? targetText(one.target, one.unit) : "",
    one.reached === null ? "" : one.reached ? "reached" : "NOT reached",
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...cells.map((cell) => cell[column]!.length)));
  const lines = cells.map(([what, value, target, reached]) =>
    `  ${what!.padEnd(widths[0]!)}  ${value!.padStart(widths[1]!)}  ${target!.padEnd(widths[2]!)}  ${reached}`.trimEnd(),
  );
  return [
    `${name}: ${title} (${seconds.toFixed(1)} s)`,
    ...lines,
    ...missing.map((why) => `  left out: ${why}`),
    "",
  ].join("\n");
}

/** `3 of 5 targets reached`. */
export function renderSummary(rows: readonly RowResult[]): string {
  const judged = rows.flatMap(({ figures }) => figures).filter((one: Figure) => one.reached !== null);
  const reached = judged.filter((one) => one.reached).length;
  return `${reached} of ${judged.length} targets reached`;
}

function targetText({ atMost, atLeast }: Target, unit: string): string {
  return atMost === undefined ? `≥ ${number(atLeast!, unit)} ${unit}` : `≤ ${number(atMost, unit)} ${unit}`;
}

/** Three digits that say something; a ratio below 0.4 as 1/n. */
function number(value: number, unit: string): string {
  if (unit === "×" && value > 0 && value < 0.4) return `1/${number(1 / value, unit)}`;
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return String(Number(value.toFixed(Math.abs(value) >= 10 ? 1 : 2)));
}
