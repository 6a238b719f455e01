// The site's references to its secret store to what External Secrets makes Secrets of: a SecretStore and its service account
// in each namespace that needs one, and an ExternalSecret for each Secret. No value of a secret passes through here.

import type { IExternalSecret } from "@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret";
import type { ISecretStore } from "@kubernetes-models/external-secrets/external-secrets.io/v1/SecretStore";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { SecretStoreIr, SecretsIr } from "../../../ir/site.ts";
import { commonLabels, type KubernetesObject } from "../kubernetes.ts";

/** Whom the store sees: the namespace's own account, so that it can be given these secrets alone. */
const ACCOUNT = "pistonprotection-secrets";

export function secretStores({ store, stored }: SecretsIr): KubernetesObject[] {
  if (!store || store.kind === "existing") return [];
  return unique(stored.map(({ namespace }) => namespace)).flatMap((namespace) => [
    serviceAccount(store, namespace),
    secretStore(store, namespace),
  ]);
}

export function externalSecrets({ store, stored, refreshInterval }: SecretsIr): IExternalSecret[] {
  if (!store) return [];
  const places = unique(stored.map(({ namespace, name }) => `${namespace}/${name}`));
  return places.map((place): IExternalSecret => {
    const entries = stored.filter(({ namespace, name }) => `${namespace}/${name}` === place);
    const [{ namespace, name }] = entries as [(typeof entries)[number]];
    return {
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      metadata: { name, namespace, labels: commonLabels("secrets") },
      spec: {
        refreshInterval,
        secretStoreRef: { name: store.name, kind: store.storeKind },
        // What the store no longer has stays in the cluster: a slip there stops nothing here.
        target: { name, creationPolicy: "Owner", deletionPolicy: "Retain" },
        data: entries.map(({ key, remote }) => ({
          secretKey: key,
          remoteRef: {
            key: remote.key,
            ...(remote.property === null ? {} : { property: remote.property }),
          },
        })),
      },
    };
  });
}

type MadeStore = Exclude<SecretStoreIr, { readonly kind: "existing" }>;

function serviceAccount(store: MadeStore, namespace: string): IServiceAccount {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name: ACCOUNT,
      namespace,
      labels: commonLabels("secrets"),
      ...(store.kind === "aws-secrets-manager" && store.roleArn !== null
        ? { annotations: { "eks.amazonaws.com/role-arn": store.roleArn } }
        : {}),
      ...(store.kind === "azure-key-vault"
        ? {
            annotations: {
              "azure.workload.identity/tenant-id": store.tenantId,
              ...(store.clientId === null ? {} : { "azure.workload.identity/client-id": store.clientId }),
            },
          }
        : {}),
    },
    // External Secrets asks for tokens in its name; no pod has one.
    automountServiceAccountToken: false,
  };
}

function secretStore(store: MadeStore, namespace: string): ISecretStore {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    metadata: { name: store.name, namespace, labels: commonLabels("secrets") },
    spec: { provider: providerOf(store) },
  };
}

type Provider = NonNullable<ISecretStore["spec"]>["provider"];

function providerOf(store: MadeStore): Provider {
  const serviceAccountRef = { name: ACCOUNT };
  switch (store.kind) {
    case "aws-secrets-manager":
      return {
        aws: {
          service: "SecretsManager",
          region: store.region,
          // Without a role the operator's own identity asks.
          ...(store.roleArn === null ? {} : { auth: { jwt: { serviceAccountRef } } }),
        },
      };
    case "vault":
      return {
        vault: {
          server: store.server,
          path: store.path,
          version: "v2",
          auth: { kubernetes: { mountPath: store.mountPath, role: store.role, serviceAccountRef } },
        },
      };
    case "gcp-secret-manager":
      return {
        gcpsm: {
          projectID: store.project,
          auth: {
            workloadIdentity: {
              clusterLocation: store.clusterLocation,
              clusterName: store.clusterName,
              serviceAccountRef,
            },
          },
        },
      };
    case "azure-key-vault":
      return {
        azurekv: {
          authType: "WorkloadIdentity",
          vaultUrl: store.vaultUrl,
          tenantId: store.tenantId,
          serviceAccountRef,
        },
      };
    case "kubernetes":
      return {
        kubernetes: {
          remoteNamespace: store.namespace,
          server: {
            url: "https://kubernetes.default.svc",
            caProvider: { type: "ConfigMap", name: "kube-root-ca.crt", key: "ca.crt" },
          },
          auth: { serviceAccount: serviceAccountRef },
        },
      };
  }
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
