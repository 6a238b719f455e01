// Whether there is a share of a backend's packets to speak of.

import type { BackendIr, FleetIr } from "./nodes.ts";

/** Some rule decides that packets to the backend pass. What the default verdict passes names no backend. */
export function passesTo(fleet: Pick<FleetIr, "rules">, { name }: Pick<BackendIr, "name">): boolean {
  return fleet.rules.some(
    ({ backend, action, shadow }) => backend === name && action.kind === "pass" && !shadow,
  );
}
