// Rows to results: one after the other, each with the folder and the inputs of the run.

import { mkdtempSync, rmSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { Inputs } from "./inputs.ts";
import type { Row, RowResult, Scale } from "./types.ts";

/** A row that throws is a row without figures that says why. */
export async function* runRows(
  rows: readonly Row[],
  scale: Scale,
  progress: (text: string) => void,
): AsyncGenerator<RowResult, void, undefined> {
  const folder = mkdtempSync(join(tmpdir(), "piston-bench-"));
  const inputs = new Inputs(folder);
  try {
    for (const row of rows) {
      progress(row.title);
      const begun = performance.now();
      const { figures, missing = [] } = await row
        .run({ scale, folder, inputs, progress })
        .catch((error: unknown) => ({ figures: [], missing: [messageOf(error)] }));
      const seconds = (performance.now() - begun) / 1000;
      yield { name: row.name, title: row.title, figures, missing, seconds };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Other processes of the machine get what this one leaves. Without the right to it, it is as it was. */
export function preferThisProcess(): void {
  try {
    setPriority(-20);
  } catch {
    // Not root: the figures are noisier.
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
