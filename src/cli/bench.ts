// piston bench: what the program, the compiler and the agent cost on this machine, against their targets.

import { machine } from "../bench/machine.ts";
import { renderRow, renderSummary } from "../bench/report.ts";
import { ROWS } from "../bench/rows/index.ts";
import { preferThisProcess, runRows } from "../bench/run.ts";
import { FULL, type RowResult } from "../bench/types.ts";
import { bpfUnavailable } from "../runtime/bpf/index.ts";
import { stopSignal } from "../runtime/stop-signal.ts";
import { CommandError, defineCommand, UsageError } from "./command.ts";

export default defineCommand({
  summary: "Measure what a packet, a swap and a compilation cost, with ratios from the same run",
  positionals: [],
  options: {
    only: {
      type: "string",
      value: "NAME",
      multiple: true,
      help: "this row alone, or those whose names begin so",
    },
    json: { type: "boolean", help: "one JSON document on standard output" },
  },
  notes:
    `Rows: ${ROWS.map(({ name }) => name).join(", ")}.\n` +
    "Needs root, clang, and the addon. The method and results stand in docs/PERFORMANCE.md.\n" +
    "Exit code 0 whether or not a target is reached; 1 where a row could not be measured.\n" +
    "Ctrl-C ends it after the row that runs, which cleans up.",
  async run({ json, only }) {
    const rows = ROWS.filter(
      ({ name }) => only.length === 0 || only.some((wanted) => name.startsWith(wanted)),
    );
    if (rows.length === 0) throw new UsageError(`no row is called ${only.join(" or ")}`);
    const unavailable = bpfUnavailable();
    if (unavailable) throw new CommandError(unavailable.message);
    if (process.getuid?.() !== 0) throw new CommandError("piston bench loads programs: run it as root");
    preferThisProcess();

    const of = machine();
    const say = (text: string) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
    };
    const stop = stopSignal();
    stop.addEventListener("abort", () => process.stderr.write("\npiston bench: this row was the last\n"));
    const results: RowResult[] = [];
    if (!json)
      process.stdout.write(
        `${of.cores} × ${of.cpu}, Linux ${of.kernel}, Node ${of.node}, load ${of.load}\n` +
          "ns: a packet, over a program that only drops; medians\n\n",
      );
    for await (const result of runRows(rows, FULL, say, stop)) {
      say("");
      results.push(result);
      if (!json) process.stdout.write(`${renderRow(result)}\n`);
    }
    if (json) process.stdout.write(`${JSON.stringify({ machine: of, rows: results }, null, 2)}\n`);
    else process.stdout.write(`${renderSummary(results)}\n`);
    return results.length === rows.length && results.every(({ figures }) => figures.length > 0) ? 0 : 1;
  },
});
