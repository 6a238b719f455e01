// The commands that compile, and do nothing else: what authors and their editors run all day.

import type { Commands } from "./command-line.ts";

export const COMPILER_COMMANDS: Commands = {
  check: {
    summary: "Check policies and print every fault",
    load: async () => (await import("./check.ts")).default,
  },
  synth: { summary: "Compile policies into dist/", load: async () => (await import("./synth.ts")).default },
};
