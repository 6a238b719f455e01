// Policies to everything in `dist/`: the passes, in order. Touches no disk, clock, network or environment.

import type { CheckedFleet } from "../ir/nodes.ts";
import type { SiteIr } from "../ir/site.ts";
import { bundleTooLarge } from "./checks/bundle-too-large.ts";
import { runChecks } from "./checks/index.ts";
import { UNMEASURED, unmeasuredSiteLevels } from "./checks/unmeasured-service-level.ts";
import { hasErrors, sortDiagnostics } from "./diagnostics/index.ts";
import { emitAlertmanager } from "./emit/alertmanager/index.ts";
import { emitAlerts } from "./emit/alerts/index.ts";
import { bundlePath, emitBundle } from "./emit/bundle/index.ts";
import { emitCi } from "./emit/ci/index.ts";
import { emitDashboards } from "./emit/dashboards/index.ts";
import { emitExtra } from "./emit/extra/index.ts";
import { emitGitOps } from "./emit/gitops/index.ts";
import { emitManifests, type ManifestContext } from "./emit/manifests/index.ts";
import { emitPlatform } from "./emit/platform/index.ts";
import { emitPrometheus } from "./emit/prometheus/index.ts";
import { emitWorkloads } from "./emit/workloads/index.ts";
import { lower } from "./lower/index.ts";
import type { Artifact, CompileInput, CompileResult, Diagnostic } from "./types.ts";
import { validate } from "./validate/index.ts";
import { deriveWitnesses } from "./witness/index.ts";

export function compile(input: CompileInput): CompileResult {
  const lowered = lower(input);
  const checks = lowered.fleets.map((fleet) => runChecks(fleet));
  const found = [...lowered.diagnostics, ...checks.flatMap(({ diagnostics }) => diagnostics)].filter(
    // Lowering leaves out what is at fault: a fleet may only seem to have no rules, or none that passes.
    ({ code }) => !(code === "no-policy" || code === UNMEASURED) || !hasErrors(lowered.diagnostics),
  );
  if (hasErrors(found)) return refused(found);
  const fleets = checks.flatMap(({ checked }) => checked ?? []);

  const { revision } = input;
  const { sites } = lowered;
  const bundles = new Map<string, Uint8Array>();
  for (const fleet of fleets) {
    const { witnesses, diagnostics } = deriveWitnesses(fleet);
    const bundle = emitBundle(fleet, { revision, witnesses });
    found.push(...diagnostics, ...bundleTooLarge(fleet, bundle));
    bundles.set(fleet.name, bundle);
  }
  if (hasErrors(found)) return refused(found);

  found.push(...sites.flatMap((site) => unmeasuredSiteLevels(fleets, site)));
  const outputs = sites.map((site) => ({
    site,
    artifacts: under(site.root, emitSite(fleets, site, { bundles, revision })),
  }));
  const emitted = outputs.flatMap((output) => output.artifacts);
  const artifacts = inOrder([
    ...fleets.map((fleet) => ({ path: bundlePath(fleet), bytes: bundles.get(fleet.name)! })),
    ...emitted,
    ...sites.slice(0, 1).flatMap((site) => emitCi(emitted, site)),
  ]);
  found.push(...validate(outputs, artifacts, input.sources));
  if (hasErrors(found)) return refused(found);
  return { diagnostics: sortDiagnostics(unique(found)), fleets, sites, artifacts };
}

/** Everything for one environment. Bundles are the same in all of them. */
function emitSite(fleets: readonly CheckedFleet[], site: SiteIr, context: ManifestContext): Artifact[] {
  const emitted = [
    ...emitManifests(fleets, site, context),
    ...emitWorkloads(fleets, site),
    ...emitPlatform(site),
    ...emitAlerts(fleets, site),
    ...emitPrometheus(site),
    ...emitAlertmanager(site),
    ...emitDashboards(fleets, site),
    ...emitExtra(site),
  ];
  return [...emitted, ...emitGitOps(emitted, site)];
}

function under(root: string, artifacts: readonly Artifact[]): readonly Artifact[] {
  return root === "" ? artifacts : artifacts.map((one) => ({ ...one, path: root + one.path }));
}

/** Nothing is written where a policy is at fault. */
function refused(diagnostics: readonly Diagnostic[]): CompileResult {
  return { diagnostics: sortDiagnostics(unique(diagnostics)), fleets: [], sites: [], artifacts: [] };
}

/** Two fleets that share a policy find the same fault in it twice. */
function unique(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const one of diagnostics) {
    const { file, line, column } = one.location;
    const key = [one.code, file, line, column, one.message].join("\n");
    if (!seen.has(key)) seen.set(key, one);
  }
  return [...seen.values()];
}

function inOrder(artifacts: readonly Artifact[]): Artifact[] {
  return artifacts.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
