// piston rollback: the previous generation back in charge, with or without a running agent.

import { rollback } from "../runtime/operate.ts";
import { defineCommand } from "./command.ts";
import { PINNED_FLEET } from "./pinned-fleet.ts";

export default defineCommand({
  summary: "Put the previous generation back in charge: one atomic step, nothing is loaded",
  positionals: [],
  options: {
    ...PINNED_FLEET,
    json: { type: "boolean", help: "print one JSON document" },
  },
  notes: "The bundle that was left is not taken up again until another one is published.",
  async run({ fleet, "pin-path": pinPath, json }) {
    const result = await rollback(pinPath, fleet ?? null);
    process.stdout.write(
      json
        ? `${JSON.stringify(result)}\n`
        : `${result.from ?? "nothing"} → ${result.generation}  ${result.bundleDigest}\n`,
    );
    return 0;
  },
});
