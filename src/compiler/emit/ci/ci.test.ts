import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { kubernetesFile } from "../kubernetes.ts";
import { siteOf } from "../site-fixture.ts";
import { emitCi } from "./index.ts";
import type { Workflow } from "./workflow.ts";

const emitted = [
  kubernetesFile("manifests/workloads/x.yaml", "", [
    podOf("one", "registry.example.com/team/agent:1.2.3"),
    podOf("two", `registry.example.com/team/gateway@sha256:${"ab".repeat(32)}`),
    podOf("three", "registry.example.com/team/agent:1.2.3"),
  ]),
];
const site = siteOf({
  ci: { provider: "github-actions", scanSchedule: "30 5 * * 1" },
  source: { repository: "https://git.example.com/x", branch: "trunk", directory: "deploy/dist" },
});
const artifacts = emitCi(emitted, site);
// GitHub reads YAML 1.2; a 1.1 reader must not take `on` for true.
const [policies, scan] = artifacts.map(
  ({ bytes }) => parse(new TextDecoder().decode(bytes), { version: "1.1" }) as Workflow,
);
const steps = [policies!, scan!].flatMap(({ jobs }) => Object.values(jobs).flatMap((job) => job.steps));

function podOf(name: string, image: string) {
  return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: { containers: [{ name: "a", image }] } };
}

describe("the workflows", () => {
  it("are none where the site asks for none", () => {
    expect(emitCi(emitted, siteOf())).toEqual([]);
    expect(artifacts.map(({ path }) => path)).toEqual([
      "ci/github/workflows/policies.yaml",
      "ci/github/workflows/security-scan.yaml",
    ]);
  });

  it("check, test and compare what is committed, in the site's own directory", () => {
    const commands = policies!.jobs["policies"]!.steps.flatMap((step) => ("run" in step ? [step.run] : []));
    expect(commands).toEqual([
      "npm ci",
      "npx --no -- piston check",
      "npx --no -- piston test",
      "{ echo '```'; npx --no -- piston diff --since HEAD^1; echo '```'; } | tee -a \"$GITHUB_STEP_SUMMARY\"",
      "npx --no -- piston synth --check --output deploy/dist",
    ]);
    expect(policies!.on).toEqual({ pull_request: {}, push: { branches: ["trunk"] } });
  });

  it("say which traffic a pull request changes, from a clone that has its merge and the branch that it goes to", () => {
    const [checkOut] = policies!.jobs["policies"]!.steps;
    expect(checkOut).toMatchObject({ with: { "fetch-depth": 2 } });
    const diff = policies!.jobs["policies"]!.steps.find((step) => "run" in step && step.run.includes("diff"));
    expect(diff?.if).toBe("github.event_name == 'pull_request'");
  });

  it("scan every image that runs, once", () => {
    expect(scan!.jobs["images"]!.strategy?.matrix.include).toEqual([
      { name: "team-agent-1.2.3", image: "registry.example.com/team/agent:1.2.3" },
      {
        name: "team-gateway-abababababab",
        image: `registry.example.com/team/gateway@sha256:${"ab".repeat(32)}`,
      },
    ]);
    expect(scan!.on.schedule).toEqual([{ cron: "30 5 * * 1" }]);
  });

  it("use nothing of others by a name that can be moved", () => {
    const used = steps.flatMap((step) => ("uses" in step ? [step.uses] : []));
    expect(used.length).toBeGreaterThan(0);
    for (const action of used)
      expect(action).toMatch(/^(?:[\w-]+\/[\w/-]+@[0-9a-f]{40}|(?:actions|github)\/[\w/-]+@v\d+)$/);
  });

  it("may write findings and nothing else, and leave no token behind", () => {
    for (const workflow of [policies!, scan!]) {
      expect(workflow.permissions).toEqual({ contents: "read" });
      for (const { permissions = {}, "timeout-minutes": minutes } of Object.values(workflow.jobs)) {
        expect(permissions.contents ?? "read").toBe("read");
        expect(minutes).toBeLessThanOrEqual(30);
      }
    }
    for (const step of steps)
      if ("uses" in step && step.uses.startsWith("actions/checkout@"))
        expect(step.with).toMatchObject({ "persist-credentials": false });
  });
});
