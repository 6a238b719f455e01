// One command of the command line: its options, its help, and what it runs. Arguments are read by node:util parseArgs,
// strictly: an option that does not exist is an error, because a filter must not start on a mistyped flag.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly multiple?: boolean;
  /** What stands for the value in the help: `PATH`. */
  readonly value?: string;
  readonly help: string;
  readonly default?: string;
}
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type OptionValue<O extends OptionSpec> = O["type"] extends "boolean"
  ? boolean
  : O["multiple"] extends true
    ? readonly string[]
    : O["default"] extends string
      ? string
      : string | undefined;
export type OptionValues<S extends OptionSpecs> = { readonly [K in keyof S]: OptionValue<S[K]> };

export interface Command<S extends OptionSpecs = OptionSpecs> {
  readonly summary: string;
  /** Positional arguments as they stand in the usage line: `[POLICIES]`, `BUNDLE`. */
  readonly positionals: readonly string[];
  readonly options: S;
  /** Further lines for --help: exit codes, examples. */
  readonly notes?: string;
  /** @returns the exit code: 0 done, 1 a finding or a fault. */
  run(values: OptionValues<S>, positionals: readonly string[]): Promise<number>;
}

export function defineCommand<const S extends OptionSpecs>(command: Command<S>): Command<S> {
  return command;
}

/** A mistake in how the command was called: exit code 2. */
export class UsageError extends Error {}

/** A fault whose message is all that a person needs: exit code 1, no stack. */
export class CommandError extends Error {
  readonly help: string;
  constructor(message: string, help = "") {
    super(message);
    this.help = help;
  }
}

export function usage(name: string, command: Command): string {
  const entries = Object.entries(command.options);
  const left = entries.map(([option, spec]) => {
    const short = spec.short ? `-${spec.short}, ` : "    ";
    return `${short}--${option}${spec.type === "string" ? ` ${spec.value ?? "VALUE"}` : ""}`;
  });
  const width = Math.max(0, ...left.map((text) => text.length));
  const lines = entries.map(([, spec], i) => {
    const notes = [
      spec.multiple ? "may be repeated" : "",
      spec.default === undefined ? "" : `default ${spec.default}`,
    ];
    const tail = notes.filter(Boolean).join(", ");
    return `  ${left[i]!.padEnd(width)}  ${spec.help}${tail ? ` (${tail})` : ""}`;
  });
  return [
    `${command.summary}\n`,
    `Usage: piston ${[name, ...(entries.length > 0 ? ["[OPTIONS]"] : []), ...command.positionals].join(" ")}\n`,
    ...(lines.length > 0 ? ["Options:", ...lines, ""] : []),
    ...(command.notes ? [command.notes, ""] : []),
  ].join("\n");
}

/** Reads the arguments and runs. Throws UsageError where they do not fit. */
export async function runCommand(name: string, command: Command, args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(usage(name, command));
    return 0;
  }
  const options = Object.fromEntries(
    Object.entries(command.options).map(([option, spec]) => [
      option,
      {
        type: spec.type,
        ...(spec.short ? { short: spec.short } : {}),
        ...(spec.multiple ? { multiple: true } : {}),
      },
    ]),
  );
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const required = command.positionals.filter((text) => !text.startsWith("[")).length;
  const { positionals } = parsed;
  if (positionals.length < required)
    throw new UsageError(`missing ${command.positionals.slice(positionals.length, required).join(" ")}`);
  if (positionals.length > command.positionals.length)
    throw new UsageError(`unexpected argument ${JSON.stringify(positionals[command.positionals.length])}`);
  const values: Record<string, unknown> = {};
  for (const [option, spec] of Object.entries(command.options)) {
    const absent = spec.type === "boolean" ? false : spec.multiple ? [] : spec.default;
    values[option] = parsed.values[option] ?? absent;
  }
  return command.run(values as OptionValues<OptionSpecs>, positionals);
}

/** The file's bytes. Throws CommandError where it cannot be read. */
export function readFileOrSay(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`${path}: ${code === "ENOENT" ? "no such file" : `cannot be read (${code})`}`);
  }
}
