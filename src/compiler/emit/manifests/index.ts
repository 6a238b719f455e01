// Checked fleets and their bundles to the Kubernetes objects that bring them to the nodes.

import assert from "node:assert/strict";
import type { CheckedFleet } from "../../../ir/nodes.ts";
import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { CILIUM_PATH, CLUSTER_PATH, kubernetesFile, MONITORING_PATH } from "../kubernetes.ts";
import { agentConfigMap } from "./agent-config.ts";
import { bundleObjects } from "./bundle-config-maps.ts";
import { ciliumDefaultDeny, defaultDeny } from "./default-deny.ts";
import { namespaces } from "./namespaces.ts";
import { podMonitor } from "./pod-monitor.ts";
import { priorityClasses } from "./priority-classes.ts";
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
      namespaces(site),
    ),
    kubernetesFile(
      `${CLUSTER_PATH}/network-policies.yaml`,
      "Denied unless another policy allows it.",
      defaultDeny(site),
    ),
    kubernetesFile(
      `${CLUSTER_PATH}/priority-classes.yaml`,
      "Which pods a full node keeps.",
      priorityClasses(),
    ),
    kubernetesFile(`${CLUSTER_PATH}/workers.yaml`, "What the agents of all fleets share.", [
      serviceAccount(site),
      metricsService(site),
    ]),
    ...fleets.flatMap((fleet) => fleetFiles(fleet, context, site)),
    ...(site.cilium
      ? [
          kubernetesFile(
            `${CILIUM_PATH}/network-policies.yaml`,
            "The same for Cilium, which reads names too.",
            ciliumDefaultDeny(site),
          ),
        ]
      : []),
    ...(site.prometheus.operator
      ? [
          kubernetesFile(
            `${MONITORING_PATH}/pod-monitor.yaml`,
            "Scrapes the agents; needs the Prometheus operator.",
            [podMonitor(site)],
          ),
        ]
      : []),
  ];
}

function fleetFiles(fleet: CheckedFleet, { bundles, revision }: ManifestContext, site: SiteIr): Artifact[] {
  assert(FLEET_NAME.test(fleet.name), `fleet name ${fleet.name} cannot be part of a Kubernetes name`);
  const bytes = bundles.get(fleet.name);
  assert(bytes, `fleet ${fleet.name} has no bundle`);
  const deployment = site.fleets[fleet.name];
  assert(deployment, `fleet ${fleet.name} has no deployment`);
  const bundle = bundleObjects(fleet.name, bytes, revision, site);
  const config = agentConfigMap(fleet, deployment, site);
  return [
    kubernetesFile(
      `${CLUSTER_PATH}/${fleet.name}-bundle.yaml`,
      `The bundle of fleet ${fleet.name}, in shards. Apply on the server's side: shards are too large for the client's.`,
      bundle.configMaps,
    ),
    kubernetesFile(`${CLUSTER_PATH}/${fleet.name}-workers.yaml`, `The agents of fleet ${fleet.name}.`, [
      config,
      workerDaemonSet(fleet, deployment, site, { bundle, config, revision }),
    ]),
  ];
}
