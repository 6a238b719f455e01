// piston status: what this node runs, from its agent, or from the kernel where no agent runs. Once, or again and again.

import { type NodeStatus, status } from "../runtime/operate.ts";
import { defineCommand, UsageError } from "./command.ts";
import { PINNED_FLEET } from "./pinned-fleet.ts";
import { renderLine } from "./screen.ts";
import { statusScreen } from "./status-screen.ts";
import { type Size, watch } from "./watch.ts";

export default defineCommand({
  summary: "Show what this node runs, its rates and its health, and what was refused",
  positionals: ["[SECONDS]"],
  options: {
    watch: {
      type: "boolean",
      short: "w",
      help: "draw again every SECONDS, 2 where none is given; q ends it",
    },
    count: { type: "string", value: "N", help: "with --watch: end after N screens" },
    ...PINNED_FLEET,
    json: { type: "boolean", help: "print one JSON document; with --watch one a line" },
  },
  notes:
    "Exit code 1 where packets are not filtered as they should be: no generation, or an interface without it.\n" +
    "Into a pipe --watch prints one block after the other.",
  async run({ watch: again, count, fleet, "pin-path": pinPath, json }, [seconds]) {
    if (!again && (seconds !== undefined || count !== undefined))
      throw new UsageError(`${seconds === undefined ? "--count" : "SECONDS"} is for --watch`);
    const read = () => status(pinPath, fleet ?? null);
    if (!again) {
      const report = await read();
      process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${lines(report, null).join("\n")}\n`);
      return exitCode(report);
    }
    return watchStatus(
      read,
      numberOf(seconds, "SECONDS", 2),
      count === undefined ? null : numberOf(count, "--count", 1),
      json,
    );
  },
});

async function watchStatus(
  read: () => Promise<NodeStatus>,
  seconds: number,
  count: number | null,
  json: boolean,
): Promise<number> {
  let code = 0;
  const draw = async (size: Size | null): Promise<readonly string[]> => {
    try {
      const report = await read();
      code = exitCode(report);
      return json ? [JSON.stringify(report)] : lines(report, size);
    } catch (error) {
      // An agent that is started again is no reason to stop looking; who is not looking on a terminal wants to know.
      if (size === null || json) throw error;
      code = 1;
      return faultLines(error, size);
    }
  };
  await watch({ intervalMs: seconds * 1000, count, draw, json });
  return code;
}

function lines(report: NodeStatus, size: Size | null): string[] {
  const colour = process.stdout.isTTY && !process.env.NO_COLOR;
  const columns = size?.columns ?? (process.stdout.isTTY ? process.stdout.columns || 80 : null);
  return statusScreen(report, { columns, rows: size?.rows ?? null, colour, nowMs: Date.now() });
}

function faultLines(error: unknown, { columns }: Size): string[] {
  const message = error instanceof Error ? error.message : String(error);
  const help = error instanceof Error && "help" in error ? String(error.help) : "";
  const colour = !process.env.NO_COLOR;
  return [message, ...(help ? [`help: ${help}`] : [])].map((text, i) =>
    renderLine([{ text, ...(i === 0 ? { tone: "bad" as const } : {}) }], columns, colour),
  );
}

function exitCode(report: NodeStatus): number {
  return report.generation !== null && report.interfaces.every((one) => one.attached) ? 0 : 1;
}

function numberOf(text: string | undefined, what: string, absent: number): number {
  if (text === undefined) return absent;
  const value = Number(text);
  if (!(value > 0) || value > 86_400)
    throw new UsageError(`${what} is a number above 0, not ${JSON.stringify(text)}`);
  return value;
}
