// The objects that are synced to a service account that may touch them and nothing else: kinds by namespace, and what the
// emitted roles themselves allow, because nobody may give away a right that they do not have.

import type { IClusterRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole";
import type { IClusterRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding";
import type { IRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import type { IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import { commonLabels, type KubernetesObject } from "../kubernetes.ts";
import { groupOf, resourceOf, unique } from "./synced.ts";

type Rule = NonNullable<IRole["rules"]>[number];

export interface Account {
  readonly name: string;
  readonly namespace: string;
}

const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"];
export function accessOf(
  objects: readonly KubernetesObject[],
  { name, namespace }: Account,
): KubernetesObject[] {
  const account: IServiceAccount = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace, labels: commonLabels("sync") },
  };
  const subjects = [{ kind: "ServiceAccount", name, namespace }];
  const clusterRole: IClusterRole = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name, labels: commonLabels("sync") },
    rules: clusterRules(objects.filter(({ metadata }) => metadata?.namespace === undefined)),
  };
  const clusterRoleBinding: IClusterRoleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name, labels: commonLabels("sync") },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects,
  };
  const namespaces = unique(objects.flatMap(({ metadata }) => metadata?.namespace ?? []));
  return [
    account,
    clusterRole,
    clusterRoleBinding,
    ...namespaces.flatMap((one): [IRole, IRoleBinding] => [
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        metadata: { name, namespace: one, labels: commonLabels("sync") },
        rules: namespaceRules(objects.filter(({ metadata }) => metadata?.namespace === one)),
      },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name, namespace: one, labels: commonLabels("sync") },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
        subjects,
      },
    ]),
  ];
}

/** By name: there are few, and they are everybody's. Only `create` cannot be held to a name. */
function clusterRules(objects: readonly KubernetesObject[]): Rule[] {
  const kinds = unique(objects.map((object) => `${groupOf(object)}/${object.kind}`));
  return kinds.flatMap((key): Rule[] => {
    const ofKind = objects.filter((object) => `${groupOf(object)}/${object.kind}` === key);
    const [group = "", kind = ""] = key.split("/");
    const target = { apiGroups: [group], resources: [resourceOf(kind)] };
    const resourceNames = unique(ofKind.flatMap(({ metadata }) => metadata?.name ?? []));
    // All that is in a namespace goes with it: no sync may delete one. Whoever applies this file makes them.
    if (kind === "Namespace") return [{ ...target, resourceNames, verbs: ["get", "update", "patch"] }];
    return [
      { ...target, verbs: ["create"] },
      { ...target, resourceNames, verbs: ["get", "update", "patch", "delete"] },
      ...grantedBy(ofKind),
    ];
  });
}

function namespaceRules(objects: readonly KubernetesObject[]): Rule[] {
  const groups = unique(objects.map(groupOf));
  return [
    ...groups.map((group) => ({
      apiGroups: [group],
      resources: unique(objects.filter((one) => groupOf(one) === group).map(({ kind }) => resourceOf(kind))),
      verbs: [...VERBS],
    })),
    ...grantedBy(objects),
  ];
}

/** What the roles among the objects allow: the API server lets nobody make a role that allows more than they may. */
function grantedBy(objects: readonly KubernetesObject[]): Rule[] {
  return objects.flatMap((object) =>
    object.kind === "Role" || object.kind === "ClusterRole"
      ? ((object as unknown as IRole).rules ?? []).map((rule) => structuredClone(rule))
      : [],
  );
}
