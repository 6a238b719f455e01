// Checked fleets and their bundles to the Kubernetes objects that bring them to the nodes.

import assert from "node:assert/strict";
import type { CheckedFleet } from "../../../ir/nodes.ts";
import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { CLUSTER_PATH, GITOPS_PATH, kubernetesFile, MONITORING_PATH } from "../kubernetes.ts";
import { argoCd } from "./argo-cd.ts";
import { bundleObjects } from "./bundle-config-maps.ts";
import { fluxFromGit, fluxFromOci } from "./flux.ts";
import { namespaces } from "./namespaces.ts";
import { podMonitor } from "./pod-monitor.ts";
import { metricsService, serviceAccount, workerDaemonSet } from "./worker.ts";

export interface ManifestContext {
  /** Bundle of each fleet, by its name. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
  /** Of the policy sources, as in the bundles' manifests. */
  readonly revision: string;
}

/** `<app>-<fleet>` and `<fleet>-bundle-signature-<12 hex>` have to be DNS labels of at most 63 characters. */
const FLEET_NAME = /^[a-z]([a-z0-9-]{0,31}[a-z0-9])?$/;

export function emitManifests(
  fleets: readonly CheckedFleet[],
  site: SiteIr,
  context: ManifestContext,
): Artifact[] {
  return [
    kubernetesFile(
      `${CLUSTER_PATH}/namespaces.yaml`,
      "The two namespaces, by what their pods may do.",
      namespaces(),
    ),
    kubernetesFile(`${CLUSTER_PATH}/workers.yaml`, "What the agents of all fleets share.", [
      serviceAccount(),
      metricsService(),
    ]),
    ...fleets.flatMap((fleet) => fleetFiles(fleet, context, site)),
    kubernetesFile(
      `${MONITORING_PATH}/pod-monitor.yaml`,
      "Scrapes the agents; needs the Prometheus operator.",
      [podMonitor()],
    ),
    kubernetesFile(`${GITOPS_PATH}/argo-cd.yaml`, "Argo CD: apply once.", argoCd(site)),
    kubernetesFile(
      `${GITOPS_PATH}/flux-git.yaml`,
      "Flux, reading Git: apply once, instead of flux-oci.yaml.",
      fluxFromGit(site),
    ),
    kubernetesFile(
      `${GITOPS_PATH}/flux-oci.yaml`,
      "Flux, reading an OCI artifact: apply once, instead of flux-git.yaml.",
      fluxFromOci(site),
    ),
  ];
}

function fleetFiles(fleet: CheckedFleet, context: ManifestContext, site: SiteIr): Artifact[] {
  assert(FLEET_NAME.test(fleet.name), `fleet name ${fleet.name} cannot be part of a Kubernetes name`);
  const bundle = context.bundles.get(fleet.name);
  assert(bundle, `fleet ${fleet.name} has no bundle`);
  const objects = bundleObjects(fleet.name, bundle, context.revision);
  return [
    kubernetesFile(
      `${CLUSTER_PATH}/${fleet.name}-bundle.yaml`,
      `The bundle of fleet ${fleet.name}, in shards. Apply on the server's side: shards are too large for the client's.`,
      objects.configMaps,
    ),
    kubernetesFile(`${CLUSTER_PATH}/${fleet.name}-workers.yaml`, `The agents of fleet ${fleet.name}.`, [
      workerDaemonSet(fleet, objects, context.revision, site),
    ]),
  ];
}
