// Takes a fleet off the node: links first, then everything that is pinned. For clean-up: an agent that still runs is not
// asked, and finds its pins gone.

import { detachOthers } from "./links.ts";
import { pinLayout, removePins } from "./pins.ts";

/** Returns the interfaces that were attached. Does nothing where nothing is pinned. */
export function detach(pinPath: string, fleet: string): string[] {
  const layout = pinLayout(pinPath, fleet);
  const interfaces = detachOthers(layout, []);
  removePins(layout.root);
  return interfaces;
}
