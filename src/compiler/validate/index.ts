// Everything that was emitted to diagnostics: the passes over the output, in order. What the types of an emitter cannot
// say is said here, about the objects and texts themselves, so a fault is found whoever made it.

import type { IPodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import type { SiteIr } from "../../ir/site.ts";
import { extraRule } from "../emit/extra/index.ts";
import type { Artifact, Diagnostic } from "../types.ts";
import { Cluster } from "./cluster.ts";
import { checkDashboards } from "./dashboards.ts";
import { as, type Emitted, type EmittedObject, emittedObjects } from "./emitted.ts";
import { externalOf } from "./external.ts";
import { checkNames } from "./names.ts";
import { checkPodSecurity } from "./pod-security.ts";
import { checkPods } from "./pods.ts";
import { Metrics } from "./promql/metrics.ts";
import { checkReferences } from "./references.ts";
import { Report } from "./report.ts";
import { checkRules } from "./rules.ts";
import { checkSchemas } from "./schema.ts";
import { checkSelectors } from "./selectors.ts";
import { checkSizes, checkTotals } from "./sizes.ts";
import { checkYamlTexts } from "./yaml-text.ts";

/** The files of one environment. */
export interface Output {
  readonly site: SiteIr;
  readonly artifacts: readonly Artifact[];
}

/** `all`: every file, the bundles too. */
export function validate(
  outputs: readonly Output[],
  all: readonly Artifact[],
  sources: ReadonlyMap<string, string>,
): readonly Diagnostic[] {
  const metrics = new Map<string, Metrics>();
  const found = outputs.flatMap(({ site, artifacts }) => {
    const report = new Report(sources, site.location);
    validateSite(site, artifacts, report, metrics);
    return report.diagnostics;
  });
  const [first] = outputs;
  if (!first) return found;
  const report = new Report(sources, first.site.location);
  checkTotals(all, report);
  return [...found, ...report.diagnostics];
}

/** `known`: the metrics by the labels that the scrape configuration adds. */
function validateSite(
  site: SiteIr,
  artifacts: readonly Artifact[],
  report: Report,
  known: Map<string, Metrics>,
): void {
  checkYamlTexts(artifacts, report);
  const { sound, readable } = checkSchemas(emittedObjects(artifacts), report);
  checkNames(sound, report);
  checkSizes(sound, report);
  checkPods(sound, report);
  checkPodSecurity(sound, report);
  const cluster = new Cluster(sound, readable, externalOf(site));
  checkReferences(cluster, report);
  checkSelectors(cluster, report);
  const target = targetLabels(sound);
  const metrics = known.get(target.join()) ?? new Metrics(target);
  known.set(target.join(), metrics);
  // Without the operator its own rules are in a file for Prometheus alone.
  const own = site.prometheus.operator ? [] : [emittedRule(site)];
  checkRules([...sound, ...own], metrics, report);
  checkDashboards(artifacts, metrics, report);
}

/** What the operator's monitors add to every series. */
function targetLabels(emitted: readonly Emitted[]): string[] {
  return emitted.flatMap(({ object }) => {
    const monitor = as<IPodMonitor>("PodMonitor", object)?.spec;
    if (!monitor) return [];
    const relabelled = (monitor.podMetricsEndpoints ?? []).flatMap(({ relabelings = [] }) =>
      relabelings.flatMap(({ targetLabel }) => targetLabel ?? []),
    );
    const copied = (monitor.podTargetLabels ?? []).map((label) => label.replaceAll(/[^A-Za-z0-9_]/g, "_"));
    return ["namespace", "pod", "container", "endpoint", ...copied, ...relabelled];
  });
}

function emittedRule(site: SiteIr): Emitted {
  return {
    path: "alerts/extra.rules.yaml",
    object: extraRule(site) as unknown as EmittedObject,
    location: null,
  };
}
