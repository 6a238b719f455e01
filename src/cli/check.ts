// piston check: every fault of the policies in one run, and nothing written.

import { defineCommand } from "./command.ts";
import { compilePolicies, findPolicies, hasErrors, printDiagnostics } from "./policies.ts";

export default defineCommand({
  summary: "Check policies and print every fault, with its place and how to mend it",
  positionals: ["[POLICIES]"],
  options: { json: { type: "boolean", help: "print diagnostics as JSON lines" } },
  notes:
    "POLICIES is a file or directory; policies/ here or above where it is missing.\nExit code 1 where there is an error; warnings do not count.",
  async run({ json }, [named]) {
    const compiled = await compilePolicies(findPolicies(named));
    printDiagnostics(compiled, json);
    if (hasErrors(compiled)) return 1;
    if (!json) {
      const { fleets } = compiled.result;
      const rules = fleets.reduce((sum, fleet) => sum + fleet.rules.length, 0);
      process.stdout.write(
        `${fleets.length} fleet${fleets.length === 1 ? "" : "s"}, ${rules} rules: no errors\n`,
      );
    }
    return 0;
  },
});
