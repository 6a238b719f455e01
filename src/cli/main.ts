// `piston`: finds the command and runs it. A command's module is loaded when it is asked for, so that `piston check` does not pay
// for the agent, nor the agent for the compiler.
//
// Exit codes: 0 done; 1 a finding (a diagnostic, a stale dist/, a refused bundle) or a fault; 2 called wrongly.

import { readFileSync } from "node:fs";
import { type Command, CommandError, runCommand, UsageError } from "./command.ts";

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  check: {
    summary: "Check policies and print every fault",
    load: async () => (await import("./check.ts")).default,
  },
  synth: { summary: "Compile policies into dist/", load: async () => (await import("./synth.ts")).default },
  explain: {
    summary: "Say what a packet gets, and why",
    load: async () => (await import("./explain.ts")).default,
  },
  node: { summary: "Run the node agent", load: async () => (await import("./node.ts")).default },
  status: {
    summary: "Show what the agent of this node runs",
    load: async () => (await import("./status.ts")).default,
  },
  rollback: {
    summary: "Put the previous generation back in charge",
    load: async () => (await import("./rollback.ts")).default,
  },
  keygen: { summary: "Make an Ed25519 key pair", load: async () => (await import("./keygen.ts")).default },
  sign: { summary: "Sign a bundle", load: async () => (await import("./sign.ts")).default },
  verify: {
    summary: "Verify a bundle and its signature",
    load: async () => (await import("./verify.ts")).default,
  },
  demo: {
    summary: "Show the whole way on this machine: compile, filter, swap",
    load: async () => (await import("./demo.ts")).default,
  },
};

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, entry]) => `  ${name.padEnd(width)}  ${entry.summary}`);
  return `piston ${version()}: DDoS policies as code, enforced in XDP\n\nUsage: piston COMMAND [OPTIONS]\n\n${lines.join("\n")}\n\n\`piston COMMAND --help\` tells more.\n`;
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(overview());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version") {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!entry) throw new UsageError(`there is no command ${JSON.stringify(name)}; piston --help lists them`);
  try {
    return await runCommand(name, await entry.load(), rest);
  } catch (error) {
    if (error instanceof UsageError)
      throw new UsageError(`${error.message}; piston ${name} --help tells more`);
    throw error;
  }
}

// A reader that has gone away (`piston check | head`) is no fault of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`piston: ${error.message}\n`);
    process.exitCode = 2;
  } else {
    const { help, message } = describe(error);
    process.stderr.write(`piston: ${message}\n${help ? `  help: ${help}\n` : ""}`);
    process.exitCode = 1;
  }
}

/** Our own errors speak for themselves; anything else is a bug, and its stack is what mends it. */
function describe(error: unknown): { message: string; help: string } {
  if (error instanceof CommandError) return error;
  if (error instanceof Error && "help" in error && typeof error.help === "string")
    return { message: error.message, help: error.help };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error), help: "" };
}
