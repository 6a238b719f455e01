// Flux' side of the sync, from Git or from an OCI artifact: one source, two Kustomizations, and a service account that may
// touch nothing but what is emitted here. One of the two files is applied, once.

import type { IKustomization } from "@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1/Kustomization";
import type { IGitRepository } from "@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/GitRepository";
import type { IOCIRepository } from "@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/OCIRepository";
import type { IClusterRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole";
import type { IClusterRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding";
import type { IRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import type { IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { SiteIr } from "../../../ir/site.ts";
import {
  CLUSTER_PATH,
  commonLabels,
  type KubernetesObject,
  MONITORING_PATH,
  NAMESPACE,
  WORKERS_NAMESPACE,
} from "../kubernetes.ts";
import { namespaces } from "./namespaces.ts";

const FLUX_NAMESPACE = "flux-system";
const SYNC = "pistonprotection-sync";

export function fluxFromGit(site: SiteIr): KubernetesObject[] {
  const source: IGitRepository = {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: metadata("pistonprotection"),
    spec: {
      url: site.source.repository,
      ref: { branch: site.source.branch },
      interval: "1m",
      timeout: "60s",
      sparseCheckout: [`${site.source.directory}/${site.root}manifests`],
    },
  };
  return [
    ...access(),
    source,
    ...kustomizations("GitRepository", `./${site.source.directory}/${site.root}`.replace(/\/$/, "")),
  ];
}

/** For what `flux push artifact --path dist` of a release has pushed. */
export function fluxFromOci(site: SiteIr): KubernetesObject[] {
  const source: IOCIRepository = {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "OCIRepository",
    metadata: metadata("pistonprotection"),
    spec: { url: site.source.artifact, ref: { tag: site.source.branch }, interval: "1m", timeout: "60s" },
  };
  return [...access(), source, ...kustomizations("OCIRepository", `./${site.root}`.replace(/\/$/, ""))];
}

function kustomizations(sourceKind: "GitRepository" | "OCIRepository", directory: string): IKustomization[] {
  // Neither waits for the other: alerts must come where the workers do not.
  return [
    ["pistonprotection", CLUSTER_PATH],
    ["pistonprotection-monitoring", MONITORING_PATH],
  ].map(([name = "", path]) => ({
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: metadata(name),
    spec: {
      sourceRef: { kind: sourceKind, name: "pistonprotection" },
      path: `${directory}/${path}`,
      serviceAccountName: SYNC,
      interval: "10m",
      retryInterval: "1m",
      timeout: "10m",
      wait: true,
      // Bundles are exempt, by annotation. Deleting the Kustomization leaves the filter on.
      prune: true,
      deletionPolicy: "Orphan",
    },
  }));
}

/** The namespaces stand here too, because the roles are in them. Their bytes are those of the synced file. */
function access(): KubernetesObject[] {
  const verbs = ["get", "list", "watch", "create", "update", "patch", "delete"];
  const account: IServiceAccount = { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata(SYNC) };
  const subjects = [{ kind: "ServiceAccount", name: SYNC, namespace: FLUX_NAMESPACE }];
  const clusterRole: IClusterRole = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: SYNC, labels: commonLabels("sync") },
    rules: [
      {
        apiGroups: [""],
        resources: ["namespaces"],
        resourceNames: [NAMESPACE, WORKERS_NAMESPACE],
        verbs: ["get", "update", "patch"],
      },
    ],
  };
  const clusterRoleBinding: IClusterRoleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: SYNC, labels: commonLabels("sync") },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: SYNC },
    subjects,
  };
  const role = (namespace: string, rules: NonNullable<IRole["rules"]>): [IRole, IRoleBinding] => [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { ...metadata(SYNC), namespace },
      rules,
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { ...metadata(SYNC), namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: SYNC },
      subjects,
    },
  ];
  return [
    ...namespaces(),
    account,
    clusterRole,
    clusterRoleBinding,
    ...role(NAMESPACE, [
      { apiGroups: [""], resources: ["configmaps"], verbs },
      { apiGroups: ["monitoring.coreos.com"], resources: ["prometheusrules"], verbs },
    ]),
    ...role(WORKERS_NAMESPACE, [
      { apiGroups: [""], resources: ["configmaps", "serviceaccounts", "services"], verbs },
      { apiGroups: ["apps"], resources: ["daemonsets"], verbs },
      { apiGroups: ["monitoring.coreos.com"], resources: ["podmonitors"], verbs },
    ]),
  ];
}

function metadata(name: string) {
  return { name, namespace: FLUX_NAMESPACE, labels: commonLabels("sync") };
}
