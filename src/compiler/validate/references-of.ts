// An object to everything that it names in its cluster.

import type { IApplication } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application";
import type { ICertificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate";
import type { IExternalSecret } from "@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret";
import type { IKustomization } from "@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1/Kustomization";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import type { IIngress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import type { IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import { as, type EmittedObject, namespaceOf } from "./emitted.ts";
import { containersOf, type PodSpec, podOf } from "./pods.ts";
import { isRecord } from "./shape.ts";

export interface Reference {
  readonly kind: string;
  /** Empty where the kind stands in none. */
  readonly namespace: string;
  readonly name: string;
  /** Of a Secret or ConfigMap. */
  readonly key?: string;
  /** The field that names it. */
  readonly at: string;
}

export function referencesOf(object: EmittedObject): Reference[] {
  const namespace = namespaceOf(object);
  const found: Reference[] = [];
  const add = (kind: string, name: string | undefined, at: string, key?: string, inside = namespace) => {
    if (name !== undefined && name !== "")
      found.push({ kind, namespace: inside, name, at, ...(key === undefined ? {} : { key }) });
  };

  const pod = podOf(object);
  if (pod) podReferences(pod.spec, add);
  add("Service", as<IStatefulSet>("StatefulSet", object)?.spec?.serviceName, "serviceName");

  if (object.kind === "RoleBinding" || object.kind === "ClusterRoleBinding") {
    const { roleRef, subjects = [] } = object as unknown as IRoleBinding;
    add(roleRef.kind, roleRef.name, "roleRef");
    for (const subject of subjects)
      if (subject.kind === "ServiceAccount")
        add("ServiceAccount", subject.name, "subjects", undefined, subject.namespace ?? namespace);
  }
  const scaled = as<IHorizontalPodAutoscaler>("HorizontalPodAutoscaler", object)?.spec?.scaleTargetRef;
  if (scaled) add(scaled.kind, scaled.name, "scaleTargetRef");

  const ingress = as<IIngress>("Ingress", object)?.spec;
  add("Service", ingress?.defaultBackend?.service?.name, "defaultBackend");
  for (const { http } of ingress?.rules ?? [])
    for (const { backend } of http?.paths ?? []) add("Service", backend.service?.name, "rules");
  for (const { secretName } of ingress?.tls ?? []) add("Secret", secretName, "tls");

  const wanted = as<IExternalSecret>("ExternalSecret", object)?.spec;
  if (wanted) {
    for (const store of [wanted.secretStoreRef, ...storesOf(wanted)])
      add(store?.kind ?? "SecretStore", store?.name, "secretStoreRef");
  }
  if (object.kind === "SecretStore" || object.kind === "ClusterSecretStore")
    each(object, (key, value) => {
      if (key === "serviceAccountRef")
        add("ServiceAccount", text(value["name"]), key, undefined, text(value["namespace"]) ?? namespace);
      else if (key.endsWith("SecretRef") || key.endsWith("SecretSecretRef"))
        add("Secret", text(value["name"]), key, text(value["key"]), text(value["namespace"]) ?? namespace);
    });

  const certificate = as<ICertificate>("Certificate", object)?.spec;
  if (certificate) add(certificate.issuerRef.kind ?? "Issuer", certificate.issuerRef.name, "issuerRef");

  const kustomization = as<IKustomization>("Kustomization", object)?.spec;
  if (kustomization) {
    const { sourceRef, serviceAccountName, dependsOn = [] } = kustomization;
    add(sourceRef.kind, sourceRef.name, "sourceRef", undefined, sourceRef.namespace ?? namespace);
    add("ServiceAccount", serviceAccountName, "serviceAccountName");
    for (const other of dependsOn)
      add("Kustomization", other.name, "dependsOn", undefined, other.namespace ?? namespace);
  }
  if (/^(GitRepository|OCIRepository|HelmRepository|Bucket)$/.test(object.kind))
    each(object, (key, value) => {
      if (key === "secretRef" || key === "certSecretRef") add("Secret", text(value["name"]), key);
    });
  add("AppProject", as<IApplication>("Application", object)?.spec.project, "project");

  // A selector of one key of a Secret is `{ name, key }` in all of the Prometheus operator's kinds.
  if (/^(AlertmanagerConfig|PodMonitor|ServiceMonitor|Probe|ScrapeConfig)$/.test(object.kind))
    each(object, (at, value) => {
      const { name, key, optional } = value;
      if (
        typeof name === "string" &&
        typeof key === "string" &&
        Object.keys(value).length <= 3 &&
        optional !== true
      )
        add(at === "configMap" ? "ConfigMap" : "Secret", name, at, key);
    });
  return found;
}

type Add = (kind: string, name: string | undefined, at: string, key?: string) => void;

function podReferences(spec: PodSpec, add: Add): void {
  add("ServiceAccount", spec.serviceAccountName, "serviceAccountName");
  add("PriorityClass", spec.priorityClassName, "priorityClassName");
  for (const { name } of spec.imagePullSecrets ?? []) add("Secret", name, "imagePullSecrets");
  for (const volume of spec.volumes ?? []) {
    const at = `volume ${volume.name}`;
    add("PersistentVolumeClaim", volume.persistentVolumeClaim?.claimName, at);
    for (const { configMap, secret } of [volume, ...(volume.projected?.sources ?? [])]) {
      const named =
        secret && ("secretName" in secret ? secret.secretName : (secret as { name?: string }).name);
      withItems("ConfigMap", configMap?.name, configMap, at);
      withItems("Secret", named, secret, at);
    }
  }
  for (const { env = [], envFrom = [] } of containersOf(spec)) {
    for (const { name, valueFrom } of env) {
      const { configMapKeyRef, secretKeyRef } = valueFrom ?? {};
      if (configMapKeyRef && !configMapKeyRef.optional)
        add("ConfigMap", configMapKeyRef.name, `env ${name}`, configMapKeyRef.key);
      if (secretKeyRef && !secretKeyRef.optional)
        add("Secret", secretKeyRef.name, `env ${name}`, secretKeyRef.key);
    }
    for (const { configMapRef, secretRef } of envFrom) {
      if (!configMapRef?.optional) add("ConfigMap", configMapRef?.name, "envFrom");
      if (!secretRef?.optional) add("Secret", secretRef?.name, "envFrom");
    }
  }

  function withItems(
    kind: string,
    name: string | undefined,
    source: { items?: { key: string }[]; optional?: boolean } | undefined,
    at: string,
  ): void {
    if (source?.optional) return;
    if (!source?.items?.length) add(kind, name, at);
    for (const { key } of source?.items ?? []) add(kind, name, at, key);
  }
}

function storesOf(spec: NonNullable<IExternalSecret["spec"]>): { kind?: string; name?: string }[] {
  return [...(spec.data ?? []), ...(spec.dataFrom ?? [])].flatMap(
    ({ sourceRef }) =>
      (sourceRef as { storeRef?: { kind?: string; name?: string } } | undefined)?.storeRef ?? [],
  );
}

/** Every object inside another, with the name of its field. */
export function each(
  value: unknown,
  visit: (key: string, value: Readonly<Record<string, unknown>>) => void,
  key = "",
): void {
  if (Array.isArray(value)) for (const item of value) each(item, visit, key);
  else if (isRecord(value)) {
    visit(key, value);
    for (const [name, item] of Object.entries(value)) each(item, visit, name);
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
