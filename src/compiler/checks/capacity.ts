// What the tables of the XDP program hold, and what the fleet's memory budget allows.

import { BACKENDS_MAX, MANAGEMENT_MAX, RULES_MAX } from "../../bundle/abi.ts";
import type { SetIr } from "../../ir/nodes.ts";
import type { Diagnostic } from "../types.ts";
import { type CheckContext, fleetDiagnostic, list } from "./report.ts";

/** A class is a 16-bit number; one value is left free. */
const CLASSES_MAX = 65_535;

export function capacity({ fleet, space }: CheckContext): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const atMost = (count: number, most: number, what: string, help: string) => {
    if (count <= most) return;
    const message = `fleet \`${fleet.name}\` has ${number(count)} ${what}; the tables hold ${number(most)}`;
    diagnostics.push(fleetDiagnostic(fleet, "capacity", "error", message, help));
  };
  atMost(
    fleet.management.length + fleet.rules.length,
    RULES_MAX,
    "rules and management flows",
    "put addresses of rules that do the same into one set, or give the policies to two fleets",
  );
  atMost(
    fleet.management.length,
    MANAGEMENT_MAX,
    "management flows",
    "put the sources of flows to the same port into one set",
  );
  atMost(
    fleet.backends.length,
    BACKENDS_MAX,
    "backends",
    "let backends that share ports share one `listen`, or give them to two fleets",
  );
  for (const side of ["source", "destination"] as const)
    atMost(
      space.addresses(side, 4).size + space.addresses(side, 6).size,
      CLASSES_MAX,
      `classes of ${side} addresses (each a different combination of sets)`,
      `let fewer sets overlap; the largest are ${largestSets(fleet.sets)}`,
    );
  return diagnostics;
}

export function largestSets(sets: readonly SetIr[]): string {
  const bySize = sets
    .map((set) => ({ set, ranges: (set.addresses.v4.length + set.addresses.v6.length) / 2 }))
    .sort((a, b) => b.ranges - a.ranges);
  return list(
    bySize.slice(0, 3).map(({ set, ranges }) => `\`${set.name}\` (${number(ranges)} ranges)`),
    3,
  );
}

function number(count: number): string {
  return count.toLocaleString("en-US");
}
