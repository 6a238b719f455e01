// The million-prefix text feed to a bundle, each time in a process of its own.

import { join } from "node:path";
import { compileApart } from "../compile.ts";
import { middle } from "../timing.ts";
import { type BenchContext, figure, type Row } from "../types.ts";

const MIB = 2 ** 20;

export const compile: Row = {
  name: "compile-1m",
  title: "the million-prefix text feed to a bundle",
  run: ({ scale, folder, inputs }: BenchContext) => {
    const input = inputs.v4(scale.manyPrefixes);
    const output = join(folder, "compiled.bundle");
    const reports = Array.from({ length: Math.ceil(scale.repeats / 2) }, () =>
      compileApart("denyFleet", input.folder, { args: [], output }),
    );
    return Promise.resolve({
      figures: [
        figure("compile", middle(reports.map((one) => one.compileMs)), "ms", { atMost: 1000 }),
        figure("peak RSS", middle(reports.map((one) => one.peakRssBytes)) / MIB, "MiB", { atMost: 300 }),
        figure("bundle", input.report.bundleBytes / MIB, "MiB"),
        figure("compressed (zstd)", input.report.compressedBytes / MIB, "MiB", { atMost: 4 }),
      ],
    });
  },
};
