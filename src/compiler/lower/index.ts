// Policies as the vocabulary recorded them to the IR: names resolved, sets computed, negation carried out, every fault
// reported. A rule, policy or fleet with a fault is left out, so that the checks after this one speak of sound ones.

import type { FleetIr } from "../../ir/nodes.ts";
import type { SiteIr } from "../../ir/site.ts";
import type { CompileInput, Diagnostic } from "../types.ts";
import { DuplicateNames } from "./duplicate-names.ts";
import { lowerFleet } from "./fleet.ts";
import { Lowering } from "./lowering.ts";
import { SetResults } from "./sets.ts";
import { lowerSite, type Surroundings, undeclaredSite } from "./site/index.ts";
import { fieldsOf, nodeOf, show } from "./untyped.ts";

export interface Lowered {
  readonly fleets: readonly FleetIr[];
  /** The site and its further environments; empty where one has a fault. */
  readonly sites: readonly SiteIr[];
  /** Those of the loader first; in no order that means anything. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Pure: the same input gives the same IR. Never throws for what a policy says. */
export function lower(input: CompileInput): Lowered {
  const lowering = new Lowering(input);
  const results = new SetResults(lowering);
  const fleets = new DuplicateNames<FleetIr>("the fleets", lowering);
  for (const raw of input.fleets) {
    const node = nodeOf(raw, "fleet");
    if (node === null)
      lowering.report(lowering.callAt({ file: "<fleets>", line: 1, column: 1 }).whole(), {
        code: "bad-vocabulary",
        message: `${show(raw)} is not a fleet`,
        help: 'make it with `fleet` of "pistonprotection"',
      });
    const fleet = node && lowerFleet(node, lowering, results);
    if (fleet) fleets.add(fleet);
  }
  const surroundings = surroundingsOf(input);
  const sites =
    input.site === undefined || input.site === null
      ? [undeclaredSite(lowering, surroundings)]
      : lowerSite(input.site, lowering, surroundings);
  return { fleets: fleets.list, sites, diagnostics: [...(input.diagnostics ?? []), ...lowering.diagnostics] };
}

/** Names that a site may speak of, also of fleets that have a fault. */
function surroundingsOf({ fleets }: CompileInput): Surroundings {
  const names = (values: readonly unknown[]) =>
    values.flatMap((value) => {
      const name = fieldsOf(value)?.["name"];
      return typeof name === "string" ? [name] : [];
    });
  const policies = fleets.flatMap((fleet): readonly unknown[] => {
    const list: unknown = fieldsOf(fleet)?.["policies"];
    return Array.isArray(list) ? list : [];
  });
  return {
    fleets: names(fleets),
    backends: [...new Set(names(policies.map((policy) => fieldsOf(policy)?.["backend"])))],
  };
}
