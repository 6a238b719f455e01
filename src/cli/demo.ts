// piston demo, which is what `npm start` runs: the whole way on this machine.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bpfUnavailable } from "../runtime/bpf/index.ts";
import { stopSignal } from "../runtime/stop-signal.ts";
import { defineCommand } from "./command.ts";
import { isStale, writeDist } from "./dist.ts";
import { compilePolicies, findPolicies, hasErrors, printDiagnostics } from "./policies.ts";

export default defineCommand({
  summary: "Compile policies, filter real traffic with them in XDP, and swap them under traffic",
  positionals: [],
  options: {
    policies: {
      type: "string",
      value: "DIR",
      help: "your own policies; policies/ here or above where it is missing",
    },
    stay: {
      type: "boolean",
      help: "keep the agent running afterwards, with its metrics on loopback, until Ctrl-C",
    },
    json: { type: "boolean", help: "print the figures as one JSON document" },
  },
  notes:
    "Needs Linux and root for network namespaces and XDP; elsewhere it compiles, and says what was left out.\n" +
    "Exit code 1 where any figure is not what the evaluator says.",
  async run({ policies: named, stay, json }) {
    const say = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`);
    const policies = findPolicies(named);
    const begun = performance.now();
    say(`compiling ${policies}`);
    const compiled = await compilePolicies(policies);
    printDiagnostics(compiled, false);
    if (hasErrors(compiled)) return 1;
    const { result } = compiled;

    // The sample's dist/ is what Git holds; what a user's own directory compiles to is for its own `piston synth` to write.
    const folder =
      named === undefined ? join(dirname(policies), "dist") : mkdtempSync(join(tmpdir(), "piston-dist-"));
    try {
      const difference = writeDist(folder, result.artifacts);
      const seconds = ((performance.now() - begun) / 1000).toFixed(2);
      for (const fleet of result.fleets)
        say(
          `  fleet ${fleet.name}: ${fleet.policies.length} policies, ${fleet.rules.length} rules, ${fleet.sets.length} sets`,
        );
      say(
        `  ${result.artifacts.length} files in ${folder}, ${isStale(difference) ? "written" : "up to date"} (${seconds} s)`,
      );

      const reason = whyNoKernel();
      if (reason !== null) {
        say(`left out: attaching to XDP, traffic and the swap, because ${reason}`);
        return 0;
      }
      const missing = bpfUnavailable();
      if (missing) throw missing;
      const { runDemo } = await import("../demo/run.ts");
      const report = await runDemo({
        policies,
        compiled: result,
        compile: async (path) => (await compilePolicies(path)).result,
        say,
        stay: stay ? stopSignal() : null,
      });
      if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
      say(
        report.ok
          ? "\nevery figure is what the evaluator says"
          : "\nfigures differ from what the evaluator says: see WRONG above",
      );
      return report.ok ? 0 : 1;
    } finally {
      if (named !== undefined) rmSync(folder, { recursive: true, force: true });
    }
  },
});

function whyNoKernel(): string | null {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid?.() !== 0) return "this is not root";
  return null;
}
