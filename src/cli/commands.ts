// All commands of `piston`.

import { AGENT_COMMANDS } from "./agent-commands.ts";
import type { Commands } from "./command-line.ts";
import { COMPILER_COMMANDS } from "./compiler-commands.ts";

export const COMMANDS: Commands = {
  ...COMPILER_COMMANDS,
  diff: {
    summary: "Say which traffic a change of the policies changes",
    load: async () => (await import("./diff.ts")).default,
  },
  test: {
    summary: "Run policy tests on both engines; which rules does none reach?",
    load: async () => (await import("./test.ts")).default,
  },
  explain: {
    summary: "Say what a packet gets, and why",
    load: async () => (await import("./explain.ts")).default,
  },
  replay: {
    summary: "Judge every packet of a capture",
    load: async () => (await import("./replay.ts")).default,
  },
  ...AGENT_COMMANDS,
  keygen: { summary: "Make an Ed25519 key pair", load: async () => (await import("./keygen.ts")).default },
  sign: { summary: "Sign a bundle", load: async () => (await import("./sign.ts")).default },
  demo: {
    summary: "Show the whole way on this machine: compile, filter, swap",
    load: async () => (await import("./demo.ts")).default,
  },
  capacity: {
    summary: "Say how many nodes, CPU and memory some traffic needs",
    load: async () => (await import("./capacity.ts")).default,
  },
  bench: {
    summary: "Measure what a packet, a swap and a compilation cost",
    load: async () => (await import("./bench.ts")).default,
  },
};
