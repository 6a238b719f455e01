// The document of `npm run bench -- --json` to what one core filters each second.

import type { CoreRate } from "./plan.ts";

/** null: the document has no such row. */
export function coreRateOf(document: unknown, file: string): CoreRate | null {
  const rows = fieldOf(document, "rows");
  if (!Array.isArray(rows)) return null;
  const machine = fieldOf(document, "machine");
  const cpu = fieldOf(machine, "cpu");
  const on = typeof cpu === "string" ? ` (${cpu})` : "";
  const mpps = figureOf(rows, "end-to-end", "piston");
  if (mpps !== null) return { packetsPerSecond: mpps * 1e6, from: `${file}${on}, row end-to-end` };
  const [decision, drop] = [
    figureOf(rows, "decision", "mixed packets"),
    figureOf(rows, "decision", "drop-only"),
  ];
  // Over a program that only drops: about 23 ns itself (DESIGN §9) where the row does not say.
  return decision === null
    ? null
    : { packetsPerSecond: 1e9 / (decision + (drop ?? 23)), from: `${file}${on}, row decision` };
}

function figureOf(rows: readonly unknown[], name: string, what: string): number | null {
  const figures = fieldOf(
    rows.find((row) => fieldOf(row, "name") === name),
    "figures",
  );
  if (!Array.isArray(figures)) return null;
  const value = fieldOf(
    figures.find((one) => fieldOf(one, "what") === what),
    "value",
  );
  return typeof value === "number" && value > 0 ? value : null;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
