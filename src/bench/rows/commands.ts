// What a person waits for: synthesis and check of the sample site, process start included.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { middle } from "../timing.ts";
import { type BenchContext, figure, type Row } from "../types.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PISTON = join(ROOT, "bin/piston");

/** Wall times in ms; where there are several, after one run that fills the compile cache and the page cache. */
function wallTimes(repeats: number, args: readonly string[]): number[] {
  const times: number[] = [];
  for (let round = repeats > 1 ? -1 : 0; round < repeats; round++) {
    const begun = performance.now();
    const result = spawnSync(PISTON, args, { cwd: ROOT, encoding: "utf8" });
    if (result.status !== 0) throw new Error(`piston ${args[0]} failed: ${result.stderr}`);
    if (round >= 0) times.push(performance.now() - begun);
  }
  return times;
}

export const commands: Row = {
  name: "commands",
  title: "piston synth and piston check of the sample site, process start included",
  run: ({ scale, folder }: BenchContext) => {
    const synth = wallTimes(scale.repeats, ["synth", "--output", join(folder, "dist")]);
    const check = wallTimes(scale.repeats, ["check"]);
    return Promise.resolve({
      figures: [
        figure("piston synth", middle(synth), "ms", { atMost: 1500 }),
        figure("piston check", middle(check), "ms", { atMost: 600 }),
      ],
    });
  },
};
