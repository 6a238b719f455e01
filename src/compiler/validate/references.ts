// What objects name, and nothing makes: the pod never starts, the route never leads anywhere, and no API says so.

import { suggest } from "../diagnostics/index.ts";
import { CLUSTER_SCOPED, type Cluster } from "./cluster.ts";
import { type Emitted, nameOf, namespaceOf } from "./emitted.ts";
import { type Reference, referencesOf } from "./references-of.ts";
import type { Report } from "./report.ts";

const CODES: Readonly<Record<string, string>> = {
  AppProject: "missing-project",
  ClusterIssuer: "missing-issuer",
  ClusterRole: "missing-role",
  ClusterSecretStore: "missing-secret-store",
  ConfigMap: "missing-config-map",
  Issuer: "missing-issuer",
  Namespace: "missing-namespace",
  PersistentVolumeClaim: "missing-claim",
  PriorityClass: "missing-priority-class",
  Role: "missing-role",
  Secret: "missing-secret",
  SecretStore: "missing-secret-store",
  Service: "missing-service",
  ServiceAccount: "missing-service-account",
};
const SOURCES = /^(GitRepository|OCIRepository|HelmRepository|Bucket|Kustomization)$/;
const SCALED = /^(Deployment|StatefulSet|DaemonSet|ReplicaSet)$/;

export function checkReferences(cluster: Cluster, report: Report): void {
  // Everything in a namespace lacks it: the first is enough.
  const namespaces = new Set<string>();
  for (const one of cluster.emitted) {
    const { object, location } = one;
    if (object.metadata.namespace === undefined && !CLUSTER_SCOPED.has(object.kind))
      report.add({
        code: "no-namespace",
        message: `${nameOf(object)} names no namespace`,
        help: "write `metadata.namespace`: without it, it lands in the namespace of whoever applies it",
        location,
        mark: { value: object.metadata.name },
      });
    if (object.metadata.namespace !== undefined)
      check(one, {
        kind: "Namespace",
        namespace: "",
        name: object.metadata.namespace,
        at: "metadata.namespace",
      });
    for (const reference of referencesOf(object)) check(one, reference);
  }

  function check({ object, location }: Emitted, reference: Reference): void {
    const { kind, namespace, name, key, at } = reference;
    if (cluster.isExternal(kind, name)) return;
    // What stands in others' namespaces is theirs to say.
    if (!CLUSTER_SCOPED.has(kind) && !cluster.isOurs(namespace) && namespace !== namespaceOf(object)) return;
    const keys = kind === "Secret" || kind === "ConfigMap" ? cluster.keysOf(kind, namespace, name) : null;
    if (keys === null && cluster.find(kind, namespace, name) === null) {
      if (kind === "Namespace") {
        if (namespaces.has(name)) return;
        namespaces.add(name);
      }
      const where = CLUSTER_SCOPED.has(kind) ? "" : ` in namespace ${namespace}`;
      report.add({
        code: codeOf(kind),
        message: `${nameOf(object)} names ${kind} \`${name}\` (${at}), and nothing makes it${where}`,
        help: suggest(name, cluster.namesOf(kind, namespace), `${kind} objects`),
        location,
        mark: { value: name },
      });
      return;
    }
    if (key !== undefined && keys !== null && keys !== "any" && !keys.has(key))
      report.add({
        code: `${codeOf(kind)}-key`,
        message: `${nameOf(object)} reads key \`${key}\` of ${kind} \`${name}\` (${at}), which has none of that name`,
        help: suggest(key, [...keys], "keys"),
        location,
        mark: { value: key },
      });
  }
}

function codeOf(kind: string): string {
  return (
    CODES[kind] ??
    (SOURCES.test(kind) ? "missing-source" : SCALED.test(kind) ? "missing-scale-target" : "missing-object")
  );
}
