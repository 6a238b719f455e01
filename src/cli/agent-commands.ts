// The commands of a node.

import type { Commands } from "./command-line.ts";

/** What a node needs: these make up the agent's image. */
export const AGENT_COMMANDS: Commands = {
  node: { summary: "Run the node agent", load: async () => (await import("./node.ts")).default },
  status: {
    summary: "Show what the agent of this node runs",
    load: async () => (await import("./status.ts")).default,
  },
  rollback: {
    summary: "Put the previous generation back in charge",
    load: async () => (await import("./rollback.ts")).default,
  },
  block: {
    summary: "Drop what comes from a source, for a time; list what is blocked",
    load: async () => (await import("./block.ts")).default,
  },
  unblock: {
    summary: "End the block of a source",
    load: async () => (await import("./unblock.ts")).default,
  },
  verify: {
    summary: "Verify a bundle and its signature",
    load: async () => (await import("./verify.ts")).default,
  },
};
