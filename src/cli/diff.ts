// piston diff: which traffic a change of the policies changes, of all packets that there can be, without a capture.

import { compareFleets } from "../compiler/diff/index.ts";
import type { FleetIr } from "../ir/nodes.ts";
import { CommandError, defineCommand, UsageError } from "./command.ts";
import { type ComparedFleet, differenceJson, formatDifference, isChanged } from "./diff-report.ts";
import { checkOut } from "./git-tree.ts";
import { compilePolicies, findPolicies, hasErrors, printDiagnostics } from "./policies.ts";
import { isBundle } from "./target.ts";

export default defineCommand({
  summary: "Say which traffic a change of the policies changes",
  positionals: ["[POLICIES]"],
  options: {
    since: {
      type: "string",
      value: "REVISION",
      help: "compare with the policies as they were in git (default HEAD)",
    },
    against: { type: "string", value: "POLICIES", help: "compare with these policies" },
    fleet: { type: "string", value: "NAME", help: "this fleet only" },
    check: { type: "boolean", help: "exit with 1 where anything changes" },
    json: { type: "boolean", help: "print one JSON document" },
  },
  notes:
    "Each row is of packets that one rule decided and another one decides otherwise, with one of them to show it: try it\n" +
    "with `piston explain --packet`. What the rows do not say, no packet gets otherwise. Packets are judged as the first of\n" +
    "their source; a limit's rate and burst are among the rules' changes.",
  async run({ since, against, fleet, check, json }, [named]) {
    if (since !== undefined && against !== undefined)
      throw new UsageError("--since and --against exclude each other");
    const path = policiesAt(named);
    const after = await fleetsOf(path, json);
    if (!after) return 1;
    const before =
      against === undefined
        ? await fleetsSince(path, since ?? "HEAD", json)
        : await fleetsOf(policiesAt(against), json, against);
    if (!before) return 1;
    const known = new Set([...before.fleets, ...after.fleets].map(({ name }) => name));
    if (fleet !== undefined && !known.has(fleet))
      throw new CommandError(
        `there is no fleet ${JSON.stringify(fleet)}`,
        `one of: ${[...known].join(", ")}`,
      );
    const compared = [...known]
      .filter((name) => fleet === undefined || name === fleet)
      .map((name) => compareNamed(name, before.fleets, after.fleets));
    const isDifferent = compared.some(isChanged);
    process.stdout.write(
      json
        ? `${JSON.stringify({ against: before.name, changed: isDifferent, fleets: compared.map(differenceJson) })}\n`
        : compared.map((one) => formatDifference(one, before.name)).join("\n"),
    );
    return check && isDifferent ? 1 : 0;
  },
});

interface Version {
  readonly name: string;
  readonly fleets: readonly FleetIr[];
}

function policiesAt(named: string | undefined): string {
  if (named !== undefined && isBundle(named))
    throw new CommandError(
      `${named}: a bundle has tables, and no sets to compare`,
      "name the policies that it was made from, or their revision with --since",
    );
  return findPolicies(named);
}

/** null where the policies have faults; they are printed. */
async function fleetsOf(path: string, json: boolean, name = path): Promise<Version | null> {
  const compiled = await compilePolicies(path);
  if (!hasErrors(compiled)) return { name, fleets: compiled.result.fleets };
  if (name !== path) process.stderr.write(`piston: the policies of ${name} have faults\n`);
  printDiagnostics(compiled, json);
  return null;
}

async function fleetsSince(path: string, revision: string, json: boolean): Promise<Version | null> {
  const tree = checkOut(path, revision);
  const name = tree.commit === revision ? revision : `${revision} (${tree.commit})`;
  try {
    return await fleetsOf(tree.path, json, name);
  } finally {
    tree.remove();
  }
}

function compareNamed(name: string, before: readonly FleetIr[], after: readonly FleetIr[]): ComparedFleet {
  const [was, is] = [before, after].map((fleets) => fleets.find((fleet) => fleet.name === name));
  if (!was) return { name, status: "added", difference: null };
  if (!is) return { name, status: "removed", difference: null };
  try {
    return { name, status: "compared", difference: compareFleets(was, is) };
  } catch (error) {
    if (error instanceof RangeError)
      throw new CommandError(error.message, "compare with a version between the two");
    throw error;
  }
}
