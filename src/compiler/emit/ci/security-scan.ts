// The workflow that looks for known holes: in every image that the manifests run, in the repository's dependencies, and in the
// manifests themselves. Findings go to the repository's code scanning.

import type { CiIr, SourceIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { CHECKOUT, type Job, type Step, TRIVY, UPLOAD_SARIF, type Workflow } from "./workflow.ts";

const SEVERITY = "CRITICAL,HIGH";
const RESULTS = "trivy-results.sarif";

export function securityScanWorkflow(
  { runner, scanSchedule }: CiIr,
  { branch, directory }: SourceIr,
  images: readonly string[],
): Workflow {
  const job = (name: string, steps: readonly Step[]): Job => ({
    name,
    "runs-on": runner,
    "timeout-minutes": 20,
    permissions: { contents: "read", "security-events": "write" },
    steps,
  });
  return {
    name: "Security scan",
    on: { push: { branches: [branch] }, schedule: [{ cron: scanSchedule }], workflow_dispatch: {} },
    permissions: { contents: "read" },
    jobs: {
      images: {
        ...job(
          "Image ${{ matrix.name }}",
          scan("image-${{ matrix.name }}", { "image-ref": "${{ matrix.image }}" }),
        ),
        // One image with a hole must not keep the others from being looked at.
        strategy: {
          "fail-fast": false,
          matrix: { include: images.map((image) => ({ name: nameOf(image), image })) },
        },
      },
      dependencies: job("Dependencies", [
        checkout(),
        ...scan("dependencies", { "scan-type": "fs", "scan-ref": ".", scanners: "vuln,secret" }),
      ]),
      manifests: job("Manifests", [
        checkout(),
        ...scan("manifests", { "scan-type": "config", "scan-ref": directory }),
      ]),
    },
  };
}

function checkout(): Step {
  return { name: "Check out", uses: CHECKOUT, with: { "persist-credentials": false } };
}

function scan(category: string, what: Readonly<Record<string, string>>): Step[] {
  return [
    {
      name: "Scan",
      uses: TRIVY,
      with: { ...what, format: "sarif", output: RESULTS, severity: SEVERITY },
    },
    {
      name: "Hand in the findings",
      uses: UPLOAD_SARIF,
      with: { sarif_file: RESULTS, category },
      if: "always()",
    },
  ];
}

/** `docker.io/library/postgres:15` to `library-postgres-15`. */
function nameOf(image: string): string {
  return image
    .replace(/@sha256:([0-9a-f]{12}).*$/, "-$1")
    .replace(/^[^/]*\//, "")
    .replaceAll(/[^\w.-]/g, "-");
}

/** Of every container in what was emitted; sorted, each once. */
export function imagesIn(artifacts: readonly Artifact[]): string[] {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, field] of Object.entries(value)) {
      if (key === "image" && typeof field === "string" && "name" in value) found.add(field);
      else walk(field);
    }
  };
  for (const { objects = [] } of artifacts) for (const { object } of objects) walk(object);
  return [...found].sort();
}
