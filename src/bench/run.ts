// Rows to results: one after the other, each with the folder and the inputs of the run.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Inputs } from "./inputs.ts";
import type { BenchContext, Row, RowResult, Scale } from "./types.ts";

/** A row that throws is a row without figures that says why. Once `stop` is aborted the row that runs is the last one. */
export async function* runRows(
  rows: readonly Row[],
  scale: Scale,
  progress: (text: string) => void,
  stop?: AbortSignal,
): AsyncGenerator<RowResult, void, undefined> {
  const folder = mkdtempSync(join(tmpdir(), "piston-bench-"));
  const inputs = new Inputs(folder);
  try {
    for (const row of rows) {
      progress(row.title);
      const begun = performance.now();
      const { figures, missing = [] } = await outcomeOf(row, { scale, folder, inputs, progress });
      const seconds = (performance.now() - begun) / 1000;
      yield { name: row.name, title: row.title, figures, missing, seconds };
      await setImmediate(); // a row may block for long: here a signal that came meanwhile is heard
      if (stop?.aborted) return;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function outcomeOf(row: Row, context: BenchContext): ReturnType<Row["run"]> {
  try {
    return await row.run(context);
  } catch (error) {
    return { figures: [], missing: [messageOf(error)] };
  }
}

/**
 * Other processes of the machine get what this one leaves. Linux gives a priority to a thread: those that are there take it here,
 * later ones from these. Without the right to it, it is as it was.
 */
export function preferThisProcess(): void {
  try {
    for (const thread of readdirSync("/proc/self/task")) setPriority(Number(thread), -20);
  } catch {
    // Not root: the figures are noisier.
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
