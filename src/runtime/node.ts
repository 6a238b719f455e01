// `piston node`: the agent as a process, until a signal ends it.

import { type AgentOptions, startAgent } from "./agent.ts";

/** Resolves to the exit code when SIGTERM or SIGINT has come. Filtering goes on, unless detachOnExit. */
export async function runNode(options: AgentOptions): Promise<number> {
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  const agent = await startAgent(options);
  await stopped;
  await agent.stop();
  return 0;
}
