// The workflow that keeps the repository right: policies without a fault, their tests, and a `dist/` that is what they say.

import type { CiIr, SourceIr } from "../../../ir/site.ts";
import { CHECKOUT, SETUP_NODE, type Workflow } from "./workflow.ts";

/** A pull request is checked out as its merge: the first parent is the branch that it goes to. */
const COMMITS = 2;
/** The exit code is that of tee: a version before that does not compile must not keep out what mends it. */
const SHOW_DIFFERENCE = `{ echo '\`\`\`'; npx --no -- piston diff --since HEAD^1; echo '\`\`\`'; } | tee -a "$GITHUB_STEP_SUMMARY"`;

export function policyWorkflow({ runner }: CiIr, { branch, directory }: SourceIr): Workflow {
  return {
    name: "Policies",
    on: { pull_request: {}, push: { branches: [branch] } },
    permissions: { contents: "read" },
    concurrency: { group: "policies-${{ github.ref }}", "cancel-in-progress": true },
    jobs: {
      policies: {
        name: "Check, test, compare with dist/",
        "runs-on": runner,
        "timeout-minutes": 15,
        steps: [
          {
            name: "Check out",
            uses: CHECKOUT,
            with: { "persist-credentials": false, "fetch-depth": COMMITS },
          },
          { name: "Node.js", uses: SETUP_NODE, with: { "node-version": "24", cache: "npm" } },
          { name: "Install what the lock says", run: "npm ci" },
          { name: "Every fault of the policies and the site", run: "npx --no -- piston check" },
          { name: "The policies' own tests", run: "npx --no -- piston test" },
          {
            name: "Which traffic the change changes",
            if: "github.event_name == 'pull_request'",
            run: SHOW_DIFFERENCE,
          },
          {
            name: "What is committed is what the policies say",
            run: `npx --no -- piston synth --check --output ${directory}`,
          },
        ],
      },
    },
  };
}
