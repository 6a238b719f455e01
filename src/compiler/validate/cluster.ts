// The objects of one cluster, to be found by kind, namespace and name, and what is there without us.

import type { ICertificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate";
import type { IExternalSecret } from "@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { ISecret } from "kubernetes-models/v1/Secret";
import { as, type Emitted, type EmittedObject, namespaceOf } from "./emitted.ts";
import { type PodTemplate, podOf } from "./pods.ts";

/** What others look after: `ClusterIssuer letsencrypt`, `Namespace monitoring`, `Secret slack`. Namespaces are not asked for. */
export type External = ReadonlySet<string>;

/** Every cluster has these. */
const BUILT_IN = [
  "Namespace default",
  "Namespace kube-system",
  "PriorityClass system-node-critical",
  "PriorityClass system-cluster-critical",
  "ServiceAccount default",
  "ConfigMap kube-root-ca.crt",
  "ClusterRole cluster-admin",
  "ClusterRole admin",
  "ClusterRole edit",
  "ClusterRole view",
];

/** Kinds that stand in no namespace. */
export const CLUSTER_SCOPED: ReadonlySet<string> = new Set([
  "Namespace",
  "ClusterRole",
  "ClusterRoleBinding",
  "PriorityClass",
  "StorageClass",
  "ClusterIssuer",
  "ClusterSecretStore",
  "ClusterExternalSecret",
  "CiliumClusterwideNetworkPolicy",
]);

export interface Pods {
  readonly object: EmittedObject;
  readonly template: PodTemplate;
  readonly namespace: string;
}

export class Cluster {
  readonly emitted: readonly Emitted[];
  readonly pods: readonly Pods[];
  readonly #all: readonly Emitted[];
  readonly #byName = new Map<string, EmittedObject>();
  readonly #secrets = new Map<string, ReadonlySet<string> | "any">();
  readonly #external: External;

  /** `others` have faults of their own: they are referred to, and not judged. */
  constructor(emitted: readonly Emitted[], others: readonly Emitted[], external: External) {
    this.emitted = emitted;
    this.#all = [...emitted, ...others];
    this.#external = new Set([...external, ...BUILT_IN]);
    for (const { object } of this.#all) {
      this.#byName.set(this.#key(object.kind, namespaceOf(object), object.metadata.name), object);
      const secret = secretOf(object);
      if (secret) this.#secrets.set(`${namespaceOf(object)}/${secret.name}`, secret.keys);
    }
    this.pods = this.#all.flatMap(({ object }) => {
      const template = podOf(object);
      return template ? [{ object, template, namespace: namespaceOf(object) }] : [];
    });
  }

  find(kind: string, namespace: string, name: string): EmittedObject | null {
    return this.#byName.get(this.#key(kind, namespace, name)) ?? null;
  }

  isExternal(kind: string, name: string): boolean {
    return this.#external.has(`${kind} ${name}`) || (kind === "ClusterRole" && name.startsWith("system:"));
  }

  /** Keys of a Secret or ConfigMap; null where nothing makes it. */
  keysOf(kind: "Secret" | "ConfigMap", namespace: string, name: string): ReadonlySet<string> | "any" | null {
    if (kind === "Secret") return this.#secrets.get(`${namespace}/${name}`) ?? null;
    const object = this.find("ConfigMap", namespace, name);
    const held = object && as<IConfigMap>("ConfigMap", object);
    return held ? new Set([...Object.keys(held.data ?? {}), ...Object.keys(held.binaryData ?? {})]) : null;
  }

  namesOf(kind: string, namespace: string): string[] {
    if (kind === "Secret")
      return [...this.#secrets.keys()]
        .filter((key) => key.startsWith(`${namespace}/`))
        .map((key) => key.slice(namespace.length + 1));
    const isScoped = !CLUSTER_SCOPED.has(kind);
    return this.#all
      .filter(({ object }) => object.kind === kind && (!isScoped || namespaceOf(object) === namespace))
      .map(({ object }) => object.metadata.name);
  }

  /** Other namespaces than ours are not looked into. */
  isOurs(namespace: string): boolean {
    return this.find("Namespace", "", namespace) !== null;
  }

  #key(kind: string, namespace: string, name: string): string {
    return [kind, CLUSTER_SCOPED.has(kind) ? "" : namespace, name].join("\n");
  }
}

/** The Secret that an object is, or that it makes another controller write. */
function secretOf(object: EmittedObject): { name: string; keys: ReadonlySet<string> | "any" } | null {
  const secret = as<ISecret>("Secret", object);
  if (secret)
    return {
      name: object.metadata.name,
      keys: new Set([...Object.keys(secret.data ?? {}), ...Object.keys(secret.stringData ?? {})]),
    };
  const wanted = as<IExternalSecret>("ExternalSecret", object)?.spec;
  if (wanted) {
    const templated = wanted.target?.template?.data;
    const keys = templated ? Object.keys(templated) : (wanted.data ?? []).map(({ secretKey }) => secretKey);
    return {
      name: wanted.target?.name ?? object.metadata.name,
      keys: (wanted.dataFrom ?? []).length > 0 ? "any" : new Set(keys),
    };
  }
  const certificate = as<ICertificate>("Certificate", object)?.spec;
  return certificate
    ? { name: certificate.secretName, keys: new Set(["tls.crt", "tls.key", "ca.crt"]) }
    : null;
}
