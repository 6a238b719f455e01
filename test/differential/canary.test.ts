// A fuzzer that finds nothing has proven nothing. Three deliberate bugs, each built into the program by a flag that no other
// build sets (bpf/canary.bpf.h): the fuzzer finds each, and the object that ships has none.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ProgramObject, readProgramObject } from "../../src/runtime/kernel/generation.ts";
import { buildFilter, FILTER_OBJECT } from "../support/build-filter.ts";
import { describeKernel } from "../support/kernel.ts";
import { disagreementOf, fuzz } from "./fuzz.ts";

/** Fleets, of a few seconds' work. Not a time: what a seed comes upon is the same on each machine. */
const RUNS = 100;

describeKernel("the fuzzer", () => {
  let directory: string;
  const built = new Map<number, ProgramObject>();
  function withBug(bug: number): ProgramObject {
    const object = built.get(bug) ?? buildFilter(join(directory, String(bug)), [`PISTON_CANARY=${bug}`]);
    built.set(bug, object);
    return object;
  }
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "piston-test-canary-"));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test.each([
    // Seeds that come upon the bug soon: others need many more.
    { bug: 1, seed: 11, name: "an IPv4 range that starts one address late" },
    { bug: 2, seed: 2, name: "a summary word of the bit vectors that is not read" },
    { bug: 3, seed: 1, name: "a limit that lets one unit less than its burst through" },
  ])(`finds $name within ${RUNS} fleets, and shows it in few packets`, ({ bug, seed }) => {
    const { finding, packets } = fuzz({
      seed,
      object: withBug(bug),
      runs: RUNS,
      packets: 512,
      shrinkTries: 12,
    });
    expect(finding, `no disagreement in ${packets} packets`).not.toBeNull();
    expect(finding!.sequence.steps.length).toBeLessThanOrEqual(8);
    // The bug, and not the fuzzer, is what was found.
    expect(disagreementOf(finding!.sequence, readProgramObject(FILTER_OBJECT))).toBeNull();
  });

  test("the object that ships has none of them: it is the one that is built without the flag", () => {
    const plain = buildFilter(join(directory, "plain"), []);
    const shipped = readFileSync(FILTER_OBJECT);
    expect(shipped.equals(plain.elf)).toBe(true);
    expect(shipped.includes("piston_canary")).toBe(false);
    expect(Buffer.from(withBug(1).elf).includes("piston_canary")).toBe(true);
  });
});
