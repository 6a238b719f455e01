// piston unblock: the end of a block, be it an operator's or a rule's.

import { unblock } from "../runtime/operate.ts";
import { defineCommand } from "./command.ts";
import { PINNED_FLEET } from "./pinned-fleet.ts";

export default defineCommand({
  summary: "End the block of a source, be it an operator's or a rule's",
  positionals: ["ADDRESS"],
  options: {
    ...PINNED_FLEET,
    json: { type: "boolean", help: "print one JSON document" },
  },
  notes: "Exit code 1 where the source was not blocked. An IPv6 address stands for its /64.",
  async run({ fleet, "pin-path": pinPath, json }, [address]) {
    const { source, unblocked } = await unblock(pinPath, fleet ?? null, address!);
    process.stdout.write(
      json
        ? `${JSON.stringify({ source, unblocked })}\n`
        : `${source} ${unblocked ? "is no longer blocked" : "was not blocked"}\n`,
    );
    return unblocked ? 0 : 1;
  },
});
