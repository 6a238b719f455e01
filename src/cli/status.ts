// piston status: what this node runs, from its agent, or from the kernel where no agent runs.

import { DEFAULT_PIN_PATH } from "../runtime/kernel/pins.ts";
import { type NodeStatus, status } from "../runtime/operate.ts";
import { defineCommand } from "./command.ts";

export default defineCommand({
  summary: "Show what this node runs, and what was refused",
  positionals: [],
  options: {
    fleet: { type: "string", value: "NAME", help: "which fleet, where the node has several" },
    "pin-path": {
      type: "string",
      value: "DIR",
      default: DEFAULT_PIN_PATH,
      help: "where kernel objects are pinned",
    },
    json: { type: "boolean", help: "print one JSON document" },
  },
  notes:
    "Exit code 1 where packets are not filtered as they should be: no generation, or an interface without it.",
  async run({ fleet, "pin-path": pinPath, json }) {
    const report = await status(pinPath, fleet ?? null);
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : format(report));
    const filters = report.generation !== null && report.interfaces.every((one) => one.attached);
    return filters ? 0 : 1;
  },
});

function format(report: NodeStatus): string {
  const { refused, previous, held } = report;
  const lines: [string, string][] = [
    ["fleet", report.fleet ?? "none"],
    [
      "status",
      report.agent ? `${report.status}, agent ${report.agent.pid}` : `${report.status}, no agent runs`,
    ],
    [
      "generation",
      report.generation ? `${report.generation}  ${report.bundleDigest}` : "none: packets are not filtered",
    ],
    ["revision", report.revision ?? "unknown"],
    [
      "previous",
      previous ? `${previous.generation}  ${previous.bundleDigest}` : "none: nothing to roll back to",
    ],
    ...report.interfaces.map((one): [string, string] => [
      "interface",
      one.attached ? `${one.name}  ${one.mode}, program ${one.programId}` : `${one.name}  NOT ATTACHED`,
    ]),
  ];
  if (held) lines.push(["held", `${held}, rolled back from: waits for another bundle`]);
  if (refused) lines.push(["refused", `${refused.message} (${refused.at})`], ["", `help: ${refused.help}`]);
  return lines.map(([name, value]) => `${name.padEnd(12)}${value}\n`).join("");
}
