// Loops that older kernels take as well. Up to 6.1 at least, the verifier refuses a loop whose last instruction runs into
// its first without a jump ("back-edge from insn 7777 to 7778"); newer ones take it. How the compiler lays a loop out hangs
// on how the source says it.

import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { loopsOf } from "../support/elf-loops.ts";
import { describeKernel } from "../support/kernel.ts";
import { buildObject, OBJECT_PATH } from "./harness.ts";

beforeAll(buildObject);

describeKernel("the object's loops", () => {
  test("are closed by jumps", () => {
    const loops = loopsOf(readFileSync(OBJECT_PATH));
    expect(new Set(loops.map((loop) => loop.function))).toContain("apply_rules");
    expect(loops.filter(({ byJump }) => !byJump)).toEqual([]);
  });
});
