// The options of commands that work on a fleet of this node, with or without a running agent.

import { DEFAULT_PIN_PATH } from "../runtime/kernel/pins.ts";
import type { OptionSpecs } from "./command.ts";

export const PINNED_FLEET = {
  fleet: { type: "string", value: "NAME", help: "which fleet, where the node has several" },
  "pin-path": {
    type: "string",
    value: "DIR",
    // As an agent beside it has it: in a container of the DaemonSet's both find what the node's pin path is mounted at.
    default: process.env.PISTON_BUNDLE_PIN_PATH || DEFAULT_PIN_PATH,
    help: "where kernel objects are pinned; PISTON_BUNDLE_PIN_PATH",
  },
} as const satisfies OptionSpecs;
