// `npm run check`: type-check, lint, format, generated files and dist/, each in one line, every fault in one run. Exit 1
// where any of them finds something.

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, "node_modules", ".bin", name);

const steps = [
  ["types", bin("tsc"), ["--noEmit"]],
  ["lint", bin("oxlint"), ["--type-aware", "--deny-warnings"]],
  ["format", bin("biome"), ["ci", "--colors=off", "."]],
  ["dist/ is what the policies say", join(root, "bin/piston"), ["synth", "--check"]],
];

let failed = 0;
for (const [what, command, args] of steps) {
  const begun = Date.now();
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 });
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  if (result.status === 0) {
    process.stderr.write(`check: ${what}: ok (${seconds} s)\n`);
    continue;
  }
  failed++;
  process.stderr.write(
    `check: ${what}: FAILED (${seconds} s)\n${result.error?.message ?? ""}${result.stdout}${result.stderr}\n`,
  );
}
process.exit(failed === 0 ? 0 : 1);
