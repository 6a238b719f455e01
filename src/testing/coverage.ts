// Which rules tests reach, told to `piston test`: a rule is reached where a packet matches it. Each worker of the test
// runner adds lines to the file that PISTON_COVERAGE names; nothing is written without it.

import { appendFileSync } from "node:fs";
import type { Decision } from "../compiler/evaluate.ts";

const said = new Set<string>();

export function recordReached({ rule, trace }: Decision): void {
  const path = process.env.PISTON_COVERAGE;
  if (!path) return;
  const reached = trace.flatMap((step) => (step.kind === "rule" && step.failed === null ? [step.rule] : []));
  if (rule !== null) reached.push(rule);
  for (const id of reached) {
    if (said.has(id)) continue;
    said.add(id);
    appendFileSync(path, `${id}\n`);
  }
}
