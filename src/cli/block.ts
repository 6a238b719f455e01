// piston block: a source dropped from now on, for a time; without an address, what is blocked.

import { BLOCK_SECONDS_MAX } from "../runtime/kernel/blocks.ts";
import { block, blocks } from "../runtime/operate.ts";
import { defineCommand, UsageError } from "./command.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { PINNED_FLEET } from "./pinned-fleet.ts";

export default defineCommand({
  summary: "Drop what comes from a source, for a time; without ADDRESS, list what is blocked",
  positionals: ["[ADDRESS]"],
  options: {
    for: { type: "string", value: "TIME", help: "how long: 90s, 10m, 1h30m, 2d" },
    ...PINNED_FLEET,
    json: { type: "boolean", help: "print one JSON document" },
  },
  notes:
    "Through the agent where one runs, else in the kernel at once. An IPv6 address stands for its /64, ::ffff:198.51.100.7 for 198.51.100.7.\n" +
    "Management flows, ARP, neighbour discovery and DHCP of a blocked source still pass. A block outlives swaps, not a restart of the node.",
  async run({ for: time, fleet, "pin-path": pinPath, json }, [address]) {
    if (address === undefined) {
      if (time !== undefined) throw new UsageError("--for needs an ADDRESS");
      const listed = await blocks(pinPath, fleet ?? null);
      const lines = listed.map(
        ({ source, rule, remainingSeconds }) =>
          `${source.padEnd(40)}${formatDuration(remainingSeconds).padEnd(14)}${rule ?? "by an operator"}\n`,
      );
      process.stdout.write(
        json ? `${JSON.stringify({ blocks: listed })}\n` : lines.join("") || "nothing is blocked\n",
      );
      return 0;
    }
    if (time === undefined) throw new UsageError("--for is missing: a block has an end");
    const seconds = parseDuration(time);
    if (seconds === null || seconds > BLOCK_SECONDS_MAX)
      throw new UsageError(`--for is ${JSON.stringify(time)}: write 90s, 10m, 1h30m, at most 7d`);
    const blocked = await block(pinPath, fleet ?? null, address, seconds);
    process.stdout.write(
      json
        ? `${JSON.stringify(blocked)}\n`
        : `${blocked.source} is blocked for ${formatDuration(blocked.remainingSeconds)}\n`,
    );
    return 0;
  },
});
