// What every check gets: a fleet, its matches in one space, and a budget for each proof.

import type { FleetIr } from "../../ir/nodes.ts";
import { Budget } from "../cells/search.ts";
import { createSpace, type Space } from "../cells/space.ts";
import type { Diagnostic } from "../types.ts";
import { ALWAYS_PASSED, FAMILY, LARGE } from "./matches.ts";

export interface CheckContext {
  readonly fleet: FleetIr;
  readonly space: Space;
  /** For one proof; it draws on the fleet's as well. */
  readonly proofBudget: () => readonly Budget[];
}

/** In tests: about 0.5 s for one proof, and 3 s for all proofs on a fleet. */
const PROOF_TESTS = 10_000_000;
const FLEET_TESTS = 60_000_000;

export type Check = (context: CheckContext) => Diagnostic[];

const spaces = new WeakMap<FleetIr, Space>();

/** A fleet's space is made once; each context has a budget of its own. */
export function createContext(fleet: FleetIr): CheckContext {
  let space = spaces.get(fleet);
  if (!space) {
    const rules = [...fleet.management, ...fleet.rules].map((rule) => rule.match);
    const always = ALWAYS_PASSED.map(({ match }) => match);
    space = createSpace([...rules, ...always, FAMILY[4], FAMILY[6], LARGE], fleet.payloadTests);
    spaces.set(fleet, space);
  }
  const fleetBudget = new Budget(FLEET_TESTS);
  return { fleet, space, proofBudget: () => [new Budget(PROOF_TESTS), fleetBudget] };
}
