// The models of kubernetes-models as judges of what is emitted, beside the checks of this room: for tests.

import type { IApplication } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application";
import type { IKustomization } from "@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1/Kustomization";
import type { IPodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import type { IService } from "kubernetes-models/v1/Service";
import { as, type EmittedObject } from "./emitted.ts";

export { as, type EmittedObject } from "./emitted.ts";

export interface Found {
  readonly path: string;
  readonly object: EmittedObject;
}

interface Model {
  validate(): void;
}

/** One Kind a path: whole groups take seconds to load. */
const MODELS: Readonly<Record<string, () => Promise<new (data: never) => Model>>> = {
  "v1/Namespace": async () => (await import("kubernetes-models/v1/Namespace")).Namespace,
  "v1/ConfigMap": async () => (await import("kubernetes-models/v1/ConfigMap")).ConfigMap,
  "v1/Service": async () => (await import("kubernetes-models/v1/Service")).Service,
  "v1/ServiceAccount": async () => (await import("kubernetes-models/v1/ServiceAccount")).ServiceAccount,
  "apps/v1/DaemonSet": async () => (await import("kubernetes-models/apps/v1/DaemonSet")).DaemonSet,
  "v1/PersistentVolumeClaim": async () =>
    (await import("kubernetes-models/v1/PersistentVolumeClaim")).PersistentVolumeClaim,
  "apps/v1/Deployment": async () => (await import("kubernetes-models/apps/v1/Deployment")).Deployment,
  "apps/v1/StatefulSet": async () => (await import("kubernetes-models/apps/v1/StatefulSet")).StatefulSet,
  "batch/v1/CronJob": async () => (await import("kubernetes-models/batch/v1/CronJob")).CronJob,
  "policy/v1/PodDisruptionBudget": async () =>
    (await import("kubernetes-models/policy/v1/PodDisruptionBudget")).PodDisruptionBudget,
  "autoscaling/v2/HorizontalPodAutoscaler": async () =>
    (await import("kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler")).HorizontalPodAutoscaler,
  "networking.k8s.io/v1/NetworkPolicy": async () =>
    (await import("kubernetes-models/networking.k8s.io/v1/NetworkPolicy")).NetworkPolicy,
  "networking.k8s.io/v1/Ingress": async () =>
    (await import("kubernetes-models/networking.k8s.io/v1/Ingress")).Ingress,
  "cilium.io/v2/CiliumNetworkPolicy": async () =>
    (await import("@kubernetes-models/cilium/cilium.io/v2/CiliumNetworkPolicy")).CiliumNetworkPolicy,
  "external-secrets.io/v1/SecretStore": async () =>
    (await import("@kubernetes-models/external-secrets/external-secrets.io/v1/SecretStore")).SecretStore,
  "external-secrets.io/v1/ExternalSecret": async () =>
    (await import("@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret"))
      .ExternalSecret,
  "cert-manager.io/v1/Certificate": async () =>
    (await import("@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate")).Certificate,
  "cert-manager.io/v1/ClusterIssuer": async () =>
    (await import("@kubernetes-models/cert-manager/cert-manager.io/v1/ClusterIssuer")).ClusterIssuer,
  "cert-manager.io/v1/Issuer": async () =>
    (await import("@kubernetes-models/cert-manager/cert-manager.io/v1/Issuer")).Issuer,
  "scheduling.k8s.io/v1/PriorityClass": async () =>
    (await import("kubernetes-models/scheduling.k8s.io/v1/PriorityClass")).PriorityClass,
  "rbac.authorization.k8s.io/v1/Role": async () =>
    (await import("kubernetes-models/rbac.authorization.k8s.io/v1/Role")).Role,
  "rbac.authorization.k8s.io/v1/RoleBinding": async () =>
    (await import("kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding")).RoleBinding,
  "rbac.authorization.k8s.io/v1/ClusterRole": async () =>
    (await import("kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole")).ClusterRole,
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding": async () =>
    (await import("kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding")).ClusterRoleBinding,
  "monitoring.coreos.com/v1/PodMonitor": async () =>
    (await import("@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor")).PodMonitor,
  "monitoring.coreos.com/v1/PrometheusRule": async () =>
    (await import("@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule"))
      .PrometheusRule,
  "argoproj.io/v1alpha1/AppProject": async () =>
    (await import("@kubernetes-models/argo-cd/argoproj.io/v1alpha1/AppProject")).AppProject,
  "argoproj.io/v1alpha1/Application": async () =>
    (await import("@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application")).Application,
  "source.toolkit.fluxcd.io/v1/GitRepository": async () =>
    (await import("@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/GitRepository")).GitRepository,
  "source.toolkit.fluxcd.io/v1/OCIRepository": async () =>
    (await import("@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/OCIRepository")).OCIRepository,
  "kustomize.toolkit.fluxcd.io/v1/Kustomization": async () =>
    (await import("@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1/Kustomization")).Kustomization,
};

/** Kind to `<name>: <fault>` of each of its objects; a kind without model is missing. */
export async function modelFaults(
  objects: readonly EmittedObject[],
): Promise<Map<string, readonly string[]>> {
  const faults = new Map<string, string[]>();
  for (const object of objects) {
    const load = MODELS[`${object.apiVersion}/${object.kind}`];
    if (!load) continue;
    const ofKind = faults.get(object.kind) ?? [];
    faults.set(object.kind, ofKind);
    const Kind = await load();
    try {
      new Kind(object as never).validate();
    } catch (error) {
      ofKind.push(`${object.metadata.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return faults;
}

/** What objects name and nothing makes. People make the optional ones. */
export function missingReferences(objects: readonly EmittedObject[]): string[] {
  const missing: string[] = [];
  for (const object of objects) {
    for (const { kind, namespace, name } of namedBy(object)) {
      const found = objects.some(
        (other) =>
          other.kind === kind && other.metadata.namespace === namespace && other.metadata.name === name,
      );
      if (!found) missing.push(`${object.kind} ${object.metadata.name}: ${kind} ${name}`);
    }
    const selected = selectorOf(object);
    if (selected && !objects.some((other) => selects(selected, object.metadata.namespace, other)))
      missing.push(`${object.kind} ${object.metadata.name}: pods with port ${selected.port}`);
    missing.push(...missingVolumes(object));
  }
  return missing;
}

interface Reference {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

function namedBy(object: EmittedObject): Reference[] {
  const { namespace } = object.metadata;
  const references: Reference[] = [];
  // The namespaces of Argo CD and Flux are theirs.
  if (namespace?.startsWith("pistonprotection"))
    references.push({ kind: "Namespace", namespace: undefined, name: namespace });

  const pod = as<IDaemonSet>("DaemonSet", object)?.spec?.template.spec;
  if (pod) {
    references.push({ kind: "ServiceAccount", namespace, name: pod.serviceAccountName ?? "default" });
    for (const volume of pod.volumes ?? [])
      for (const { configMap } of volume.projected?.sources ?? [volume])
        if (configMap && !configMap.optional)
          references.push({ kind: "ConfigMap", namespace, name: configMap.name ?? "" });
  }
  for (const kind of ["RoleBinding", "ClusterRoleBinding"]) {
    if (object.kind !== kind) continue;
    const { roleRef, subjects = [] } = object as unknown as IRoleBinding;
    references.push({ ...roleRef, namespace: roleRef.kind === "Role" ? namespace : undefined });
    for (const subject of subjects) references.push({ ...subject, namespace: subject.namespace });
  }
  const kustomization = as<IKustomization>("Kustomization", object)?.spec;
  if (kustomization) {
    references.push({ ...kustomization.sourceRef, namespace });
    references.push({ kind: "ServiceAccount", namespace, name: kustomization.serviceAccountName ?? "" });
  }
  const application = as<IApplication>("Application", object)?.spec;
  if (application) references.push({ kind: "AppProject", namespace, name: application.project });
  return references;
}

interface Selector {
  readonly labels: Readonly<Record<string, string>>;
  readonly port: string;
}

function selectorOf(object: EmittedObject): Selector | null {
  const service = as<IService>("Service", object)?.spec;
  if (service) return { labels: service.selector ?? {}, port: String(service.ports?.[0]?.targetPort) };
  const monitor = as<IPodMonitor>("PodMonitor", object)?.spec;
  if (monitor)
    return {
      labels: monitor.selector.matchLabels ?? {},
      port: String(monitor.podMetricsEndpoints?.[0]?.port),
    };
  return null;
}

function selects({ labels, port }: Selector, namespace: string | undefined, object: EmittedObject): boolean {
  const template = as<IDaemonSet>("DaemonSet", object)?.spec?.template;
  return (
    template !== undefined &&
    object.metadata.namespace === namespace &&
    Object.entries(labels).every(([key, value]) => template.metadata?.labels?.[key] === value) &&
    (template.spec?.containers.some(({ ports }) => ports?.some(({ name }) => name === port)) ?? false)
  );
}

function missingVolumes(object: EmittedObject): string[] {
  const pod = as<IDaemonSet>("DaemonSet", object)?.spec?.template.spec;
  const volumes = pod?.volumes?.map(({ name }) => name) ?? [];
  return [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])]
    .flatMap(({ volumeMounts = [] }) => volumeMounts)
    .filter(({ name }) => !volumes.includes(name))
    .map(({ name }) => `DaemonSet ${object.metadata.name}: volume ${name}`);
}
