// A site to workflow files for the repository that holds its policies: copied, or linked, to `.github/workflows/`.

import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { GENERATED, textArtifact } from "../kubernetes.ts";
import { toYaml } from "../yaml.ts";
import { policyWorkflow } from "./policy.ts";
import { imagesIn, securityScanWorkflow } from "./security-scan.ts";
import type { Workflow } from "./workflow.ts";

const CI_PATH = "ci/github/workflows";

/** One repository has one set of them, whatever its environments. `emitted`: what all of them have emitted. */
export function emitCi(emitted: readonly Artifact[], { ci, source }: SiteIr): Artifact[] {
  if (ci === null) return [];
  const file = (name: string, about: string, workflow: Workflow) =>
    textArtifact(
      `${CI_PATH}/${name}.yaml`,
      toYaml([workflow], `${about}\nCopy it to .github/workflows/, where GitHub looks.\n${GENERATED}`),
    );
  return [
    file("policies", "Checks the policies, and that dist/ is what they say.", policyWorkflow(ci, source)),
    file(
      "security-scan",
      "Looks for known holes in images, dependencies and manifests.",
      securityScanWorkflow(ci, source, imagesIn(emitted)),
    ),
  ];
}
