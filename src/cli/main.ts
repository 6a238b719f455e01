// `piston`, the whole of it: what runs from a checkout and from the published package.

import { AGENT_COMMANDS, type Commands, runCommandLine } from "./command-line.ts";

const COMMANDS: Commands = {
  check: {
    summary: "Check policies and print every fault",
    load: async () => (await import("./check.ts")).default,
  },
  synth: { summary: "Compile policies into dist/", load: async () => (await import("./synth.ts")).default },
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

await runCommandLine(COMMANDS, process.argv.slice(2));
