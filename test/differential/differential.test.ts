// Evaluator and XDP program on random fleets and packets: verdict, rule, reason and every counter. A short run with a
// seed that stays, one with a seed of today, and every case that was ever found. `npm run fuzz` runs for longer.

import { beforeAll, expect, test } from "vitest";
import { type ProgramObject, readProgramObject } from "../../src/runtime/kernel/generation.ts";
import { FILTER_OBJECT } from "../support/build-filter.ts";
import { describeKernel } from "../support/kernel.ts";
import { caseNames, readCase } from "./cases.ts";
import { disagreementOf, fuzz } from "./fuzz.ts";

const SEED = 20_260_101;
const FRESH_SEED = Math.floor(Math.random() * 2 ** 31);
const FIXED_RUNS = 40;
const FRESH_MS = 2_000;

describeKernel("evaluator and kernel", () => {
  let object: ProgramObject;
  beforeAll(() => {
    object = readProgramObject(FILTER_OBJECT);
  });

  test.each([
    { kind: "a fixed", seed: SEED, end: { runs: FIXED_RUNS } },
    { kind: "today's", seed: FRESH_SEED, end: { timeoutMs: FRESH_MS } },
  ])("agree on random fleets and packets, with $kind seed: $seed", ({ seed, end }) => {
    const { finding, runs, packets, rulesMade, rulesKept, reasons, witnesses } = fuzz({
      seed,
      object,
      packets: 1024,
      ...end,
    });
    console.log(`seed ${seed}: ${runs} fleets, ${packets} packet/fleet pairs, ${witnesses} witnesses`);
    expect(finding && `run ${finding.run}\n${finding.disagreement}`).toBeNull();
    if (!("runs" in end)) return;
    // Fleets that lowering empties, or packets that all fail to parse, would agree on anything.
    expect(rulesKept).toBeGreaterThan(0.7 * rulesMade);
    expect(reasons.get("rule")).toBeGreaterThan(0.05 * packets);
    expect(reasons.get("limit")).toBeGreaterThan(0.03 * packets);
    expect(reasons.get("block")).toBeGreaterThan(0);
    expect(witnesses).toBeGreaterThan(0);
  });

  const names = caseNames();
  test.runIf(names.length > 0).each(names)("still agree on %s", (name) => {
    expect(disagreementOf(readCase(name), object)).toBeNull();
  });

  test("a run of a seed is the same again", () => {
    const twice = [1, 2].map(() => {
      const { packets, reasons, rulesKept } = fuzz({ seed: 7, object, runs: 3, packets: 256 });
      return { packets, rulesKept, reasons: Object.fromEntries(reasons) };
    });
    expect(twice[0]).toEqual(twice[1]);
  });
});
