// piston test in a project of its own: passing and failing tests, and rules that none reaches.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { kernelSkipReason } from "../support/kernel.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "piston-project-"));
afterAll(() => rmSync(project, { recursive: true }));

const POLICY = `import { drop, fleet, management, pass, policy } from "pistonprotection";
export default fleet("edge", {
  interfaces: ["eth0"],
  defaultVerdict: "pass",
  management: [management("ssh", { source: "192.0.2.1/32", protocol: "tcp", destinationPort: 22 })],
  policies: [policy("p", { owners: ["t"], rules: [
    drop("seen", { source: "198.51.100.0/24" }),
    pass("unseen", { source: "203.0.113.0/24" }),
  ] })],
});
`;
const TEST = `import { decide, tcp, udp } from "pistonprotection/testing";
import { expect, it } from "vitest";
import edge from "./edge.policy.ts";

it("drops", () => {
  expect(decide(edge, udp({ from: "198.51.100.9:1", to: "192.0.2.9:1" })).verdict).toBe("drop");
  expect(decide(edge, tcp({ from: "192.0.2.1:1", to: "192.0.2.9:22" })).rule).toBe("management/ssh");
});
`;

beforeAll(() => {
  mkdirSync(join(project, "policies"));
  symlinkSync(join(ROOT, "node_modules"), join(project, "node_modules"));
  writeFileSync(join(project, "package.json"), '{"type":"module"}\n');
  const alias = [
    { find: "pistonprotection/testing", replacement: join(ROOT, "src/testing/index.ts") },
    { find: "pistonprotection", replacement: join(ROOT, "src/policy/index.ts") },
  ];
  writeFileSync(
    join(project, "vitest.config.mjs"),
    `export default { resolve: { alias: ${JSON.stringify(alias)} }, test: { testTimeout: 120_000 } };\n`,
  );
  writeFileSync(join(project, "policies/edge.policy.ts"), POLICY);
  writeFileSync(join(project, "policies/edge.test.ts"), TEST);
});

function piston(...args: string[]) {
  const { NO_COLOR: _, ...env } = process.env;
  return spawnSync(join(ROOT, "bin/piston"), ["test", ...args], { cwd: project, encoding: "utf8", env });
}

it("runs the tests on both engines, and names the rules that none reaches", () => {
  const { status, stdout, stderr } = piston("--json");
  expect([status, stderr]).toEqual([0, expect.stringContaining("1 passed")]);
  const kernel =
    kernelSkipReason === null
      ? { engine: "kernel", skipped: null, passed: 1, failed: 0 }
      : { engine: "kernel", skipped: expect.any(String), passed: 0, failed: 0 };
  expect(JSON.parse(stdout)).toEqual({
    engines: [{ engine: "model", skipped: null, passed: 1, failed: 0 }, kernel],
    coverage: {
      rules: 3,
      reached: 2,
      unreached: [{ rule: "p/unseen", location: { file: "policies/edge.policy.ts", line: 8, column: 5 } }],
    },
  });
});

it("fails where coverage is required and a rule is not reached, and where a test fails", () => {
  const covered = piston("--engine", "model", "--require-coverage");
  expect(covered.status).toBe(1);
  expect(covered.stdout).toContain("rules that a test reaches: 2 of 3");
  expect(covered.stdout).toMatch(/^p\/unseen +policies\/edge\.policy\.ts:8$/m);

  writeFileSync(join(project, "policies/edge.test.ts"), TEST.replace('"drop"', '"pass"'));
  const failing = piston("--engine", "model", "--json");
  expect([failing.status, JSON.parse(failing.stdout).engines]).toEqual([
    1,
    [{ engine: "model", skipped: null, passed: 0, failed: 1 }],
  ]);
  expect(piston("--engine", "both").status).toBe(2);
});
