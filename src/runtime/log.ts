// The agent's log: JSON lines for machines, one line of text an event for people. Every line has `event`.

import { pino } from "pino";
import { LogOutput } from "./log-output.ts";

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
  return options.json ? pino(configuration, machines()) : pino(configuration, people());
}

/** Not pino's own destination: that one ends the process where a disk is full. */
function machines(): LogOutput {
  return new LogOutput(1, (lost) => {
    const line = { level: "warn", time: new Date().toISOString(), event: "log-lost", lines: lost };
    return `${JSON.stringify({ ...line, msg: `${lost} lines of this log could not be written` })}\n`;
  });
}

function people(): { write(line: string): void } {
  const output = new LogOutput(2, (lost) => `${lost} lines of this log could not be written\n`);
  const write = (line: string): void => {
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
    output.write(`${head}${rest}\n${typeof help === "string" && help ? `  help: ${help}\n` : ""}`);
  };
  return { write };
}
