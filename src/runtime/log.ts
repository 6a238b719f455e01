// The agent's log: JSON lines for machines, one line of text an event for people. Every line has `event`.

import { pino } from "pino";

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  isLevelEnabled(level: string): boolean;
}

export const SILENT: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  isLevelEnabled: () => false,
};

/** A logger whose level changes while it is in use. */
export interface AgentLogger extends Logger {
  level: string;
}

export interface LogOptions {
  readonly json: boolean;
  readonly level?: "debug" | "info" | "warn" | "error";
}

export function createLogger(options: LogOptions): AgentLogger {
  const configuration = {
    level: options.level ?? "info",
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  // Synchronous: what was said before a crash is what one wants to read after it.
  return options.json
    ? pino(configuration, pino.destination({ fd: 1, sync: true }))
    : pino(configuration, people);
}

const people = {
  write(line: string): void {
    const {
      level,
      time,
      msg,
      event: _event,
      message: _message,
      help,
      ...fields
    } = JSON.parse(line) as Record<string, unknown>;
    const rest = Object.entries(fields)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join("");
    const head = `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(msg)}`;
    process.stderr.write(`${head}${rest}\n${typeof help === "string" && help ? `  help: ${help}\n` : ""}`);
  },
};
