// The options of commands that work on a fleet of this node, with or without a running agent.

import { DEFAULT_PIN_PATH } from "../runtime/kernel/pins.ts";
import type { OptionSpecs } from "./command.ts";

export const PINNED_FLEET = {
  fleet: { type: "string", value: "NAME", help: "which fleet, where the node has several" },
  "pin-path": {
    type: "string",
    value: "DIR",
    default: DEFAULT_PIN_PATH,
    help: "where kernel objects are pinned",
  },
} as const satisfies OptionSpecs;
