// What does not fit in the tables of the XDP program, or in the fleet's memory budget, in words.

import type { FleetIr, SetIr } from "../../ir/nodes.ts";
import { type CapacityFault, capacityFaults } from "../tables/index.ts";
import type { Diagnostic } from "../types.ts";
import type { CheckContext } from "./context.ts";
import { fleetDiagnostic, list } from "./report.ts";

export function capacity({ fleet }: CheckContext): Diagnostic[] {
  return capacityFaults(fleet).map((fault) => {
    const { message, help } = describe(fleet, fault);
    return fleetDiagnostic(fleet, "capacity", "error", message, help);
  });
}

function describe(fleet: FleetIr, fault: CapacityFault): { message: string; help: string } {
  const tables = (count: number, what: string, most: number) =>
    `fleet \`${fleet.name}\` has ${number(count)} ${what}; the tables hold ${number(most)}`;
  switch (fault.kind) {
    case "too-many-rules":
      return {
        message: tables(fault.count, "rules and management flows", fault.most),
        help: "put addresses of rules that do the same into one set, or give the policies to two fleets",
      };
    case "too-many-management-flows":
      return {
        message: tables(fault.count, "management flows", fault.most),
        help: "put the sources of flows to the same port into one set",
      };
    case "too-many-backends":
      return {
        message: tables(fault.count, "backends", fault.most),
        help: "let backends that share ports share one `listen`, or give them to two fleets",
      };
    case "too-many-classes":
      return {
        message: tables(
          fault.count,
          `classes of ${fault.dimension}, each a different overlap of ${fault.dimension === "payload" ? "tests" : "sets"}`,
          fault.most,
        ),
        help:
          fault.dimension === "payload"
            ? "use fewer payload tests, or tests at one offset: of those only one can hold"
            : `let fewer sets overlap${largest(fleet)}`,
      };
    case "too-many-ranges":
      return {
        message:
          fault.chunk === null
            ? `${fault.dimension} sets cut the IPv4 addresses into ${number(fault.count)} ranges; the tables hold ${number(fault.most)}`
            : `${fault.dimension} sets cut ${fault.chunk.toString(16)}::/16 into ${number(fault.count)} ranges; the XDP program searches ${number(fault.most)}`,
        help: `make the sets smaller${largest(fleet)}`,
      };
    case "over-memory-budget":
      return {
        message: `the tables of fleet \`${fleet.name}\` take ${mebibytes(fault.memoryBytes)} of kernel memory; its budget is ${mebibytes(fault.budgetBytes)}`,
        help: `raise \`memoryBudgetBytes\` to ${number(fault.memoryBytes)} or more, or make sets smaller${largest(fleet)}`,
      };
  }
}

function largest({ sets }: FleetIr): string {
  if (sets.length === 0) return "";
  const bySize = sets
    .map((set) => ({ set, count: rangesOf(set) }))
    .sort((a, b) => b.count - a.count)
    .slice(0, 3)
    .map(({ set, count }) => `\`${set.name}\` (${number(count)} ${count === 1 ? "range" : "ranges"})`);
  return `: the largest ${bySize.length === 1 ? "is" : "are"} ${list(bySize)}`;
}

function rangesOf({ addresses }: SetIr): number {
  return (addresses.v4.length + addresses.v6.length) / 2;
}

function number(count: number): string {
  return count.toLocaleString("en-US");
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`;
}
