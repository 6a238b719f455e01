// A list of commands to a command line: finds the command, runs it, says what went wrong. A command's module is loaded when it is
// asked for, so that `piston check` does not pay for the agent, nor the agent for the compiler.
//
// Exit codes: 0 done; 1 a finding (a diagnostic, a stale dist/, a refused bundle) or a fault; 2 called wrongly.

import { VERSION } from "../version.ts";
import { type Command, CommandError, runCommand, UsageError } from "./command.ts";

export type Commands = Readonly<
  Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>
>;

function overview(commands: Commands): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, entry]) => `  ${name.padEnd(width)}  ${entry.summary}`);
  return `piston ${VERSION}: DDoS policies as code, enforced in XDP\n\nUsage: piston COMMAND [OPTIONS]\n\n${lines.join("\n")}\n\n\`piston COMMAND --help\` tells more.\n`;
}

async function dispatch(commands: Commands, args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(overview(commands));
    return name === undefined ? 2 : 0;
  }
  if (name === "--version") {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) throw new UsageError(`there is no command ${JSON.stringify(name)}; piston --help lists them`);
  try {
    return await runCommand(name, await entry.load(), rest);
  } catch (error) {
    if (error instanceof UsageError) {
      const joint = error.message.includes("\n") ? "\n  help: " : "; "; // the last line may be a caret's
      throw new UsageError(`${error.message}${joint}piston ${name} --help tells more`);
    }
    throw error;
  }
}

/** Runs the command that the arguments name, and sets the exit code. Never rejects. */
export async function runCommandLine(commands: Commands, args: readonly string[]): Promise<void> {
  // A reader that has gone away (`piston check | head`) is no fault of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    process.stderr.write(`piston: cannot write to standard output: ${error.message}\n`);
    process.exit(1);
  });
  process.exitCode = await exitCodeOf(commands, args);
  // A timer or a connection that a policy file left open keeps nobody waiting; a reader who is slow gets all of it.
  setTimeout(() => process.stdout.write("", () => process.exit()), 1000).unref();
}

/** Runs the command that the arguments name, and says what went wrong. Never rejects. */
export async function exitCodeOf(commands: Commands, args: readonly string[]): Promise<number> {
  try {
    return await dispatch(commands, args);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`piston: ${error.message}\n`);
      return 2;
    }
    const { help, message } = describe(error);
    process.stderr.write(`piston: ${message}\n${help ? `  help: ${help}\n` : ""}`);
    return 1;
  }
}

/** Our own errors, and those of files, speak for themselves; anything else is a bug, and its stack is what mends it. */
function describe(error: unknown): { message: string; help: string } {
  if (error instanceof CommandError) return error;
  if (error instanceof Error && "syscall" in error && "path" in error)
    return { message: error.message, help: "" };
  if (error instanceof Error && "help" in error && typeof error.help === "string")
    return { message: error.message, help: error.help };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error), help: "" };
}
