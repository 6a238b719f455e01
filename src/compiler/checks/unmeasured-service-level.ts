// A service level of a backend of which no rule decides that packets pass: there is no share of packets to alert on.

import type { BackendIr, FleetIr } from "../../ir/nodes.ts";
import { passesTo } from "../../ir/service-level.ts";
import type { SiteIr } from "../../ir/site.ts";
import { diagnostic } from "../diagnostics/index.ts";
import type { Diagnostic } from "../types.ts";
import type { CheckContext } from "./context.ts";

export const UNMEASURED = "unmeasured-service-level";
const HELP =
  "let a rule of the backend's policy pass what the level speaks of, and enforce it; or remove the level";

export function unmeasuredServiceLevel({ fleet }: CheckContext): Diagnostic[] {
  return fleet.backends
    .filter((backend) => backend.passRatio !== null && !passesTo(fleet, backend))
    .map((backend) =>
      diagnostic({
        code: UNMEASURED,
        severity: "warning",
        message: `\`serviceLevel\` of backend \`${backend.name}\` gives no alert in fleet \`${fleet.name}\`: ${why(fleet, backend)}`,
        help: HELP,
        location: backend.location,
        spanLength: "backend".length,
      }),
    );
}

/** Levels that a site gives, of backends that are in some fleet and pass nothing in any. Not those that have their own. */
export function unmeasuredSiteLevels(fleets: readonly FleetIr[], site: SiteIr): Diagnostic[] {
  return Object.entries(site.alerting.backends).flatMap(([name, { location }]) => {
    const places = fleets.flatMap((fleet) =>
      fleet.backends.filter((backend) => backend.name === name).map((backend) => ({ fleet, backend })),
    );
    const [first] = places;
    if (!first || first.backend.passRatio !== null) return [];
    if (places.some(({ fleet, backend }) => passesTo(fleet, backend))) return [];
    return [
      diagnostic({
        code: UNMEASURED,
        severity: "warning",
        message: `the service level of backend \`${name}\` gives no alert: ${why(first.fleet, first.backend)}`,
        help: HELP,
        location,
        spanLength: name.length,
      }),
    ];
  });
}

function why({ rules }: FleetIr, { name }: BackendIr): string {
  const passes = rules.filter(({ backend, action }) => backend === name && action.kind === "pass");
  return passes.length === 0
    ? "no rule of its policies passes packets"
    : "the rules of its policies that pass packets are in shadow";
}
