// The site's workloads to their manifests. A workload that the site does not run makes no file, and no flow.

import type { ICiliumNetworkPolicy } from "@kubernetes-models/cilium/cilium.io/v2/CiliumNetworkPolicy";
import type { CheckedFleet } from "../../../ir/nodes.ts";
import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { CILIUM_PATH, type KubernetesObject, kubernetesFile, WORKLOADS_PATH } from "../kubernetes.ts";
import { ciliumNetworkPolicies, networkPolicies } from "../network-flows.ts";
import { appsOf, flowsOf } from "./flows.ts";
import { postgresBackup } from "./postgres-backup.ts";
import { postgresql } from "./postgresql.ts";
import { redis } from "./redis.ts";
import { auth, frontend, gateway, ingress, metricsService } from "./services.ts";

export function emitWorkloads(fleets: readonly CheckedFleet[], site: SiteIr): Artifact[] {
  const namespace = site.namespaces.platform.name;
  const apps = appsOf(site);
  const flows = flowsOf(site);
  const cilium: ICiliumNetworkPolicy[] = site.cilium ? ciliumNetworkPolicies(namespace, apps, flows) : [];
  const files: [name: string, about: string, objects: readonly KubernetesObject[]][] = [
    ["gateway", "The API.", gateway(site, fleets)],
    ["auth", "Signs and checks tokens.", auth(site)],
    ["frontend", "The dashboard.", frontend(site)],
    ["metrics", "Collects the agents' metrics.", metricsService(site)],
    ["postgresql", "The database, and the servers that follow it.", postgresql(site)],
    [
      "postgres-backup",
      "Dumps of the database; docs/RECOVERY.md says how to restore one.",
      postgresBackup(site),
    ],
    ["redis", "Sessions and caches.", redis(site)],
    ["ingress", "Host names to Services.", ingress(site)],
    [
      "network-policies",
      "What may talk to what; the rest is denied.",
      networkPolicies(namespace, apps, flows),
    ],
  ];
  return [
    ...files.map(([name, about, objects]) => ({ path: `${WORKLOADS_PATH}/${name}.yaml`, about, objects })),
    {
      path: `${CILIUM_PATH}/workloads.yaml`,
      about: "What the workloads may talk to, for Cilium.",
      objects: cilium,
    },
  ]
    .filter(({ objects }) => objects.length > 0)
    .map(({ path, about, objects }) => kubernetesFile(path, about, objects));
}
