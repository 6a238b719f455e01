// What the two databases have in common: StatefulSets with a volume each, Services, a disruption budget.

import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IService } from "kubernetes-models/v1/Service";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import { sha256Hex } from "../../../bundle/digest.ts";
import { commonLabels } from "../kubernetes.ts";
import type { PodSpec } from "../restricted-pod.ts";

export const DATA_VOLUME = "data";

export interface StatefulWorkload {
  /** Value of the label `app` of all its pods, and name of what they share. */
  readonly app: string;
  readonly component: string;
  readonly namespace: string;
  readonly storage: string;
  readonly storageClass: string | null;
}

/** Labels of pods and volumes. Without the version: a claim's labels never change, and a database is not started anew for one. */
function lasting(component: string): Record<string, string> {
  const { "app.kubernetes.io/version": _, ...labels } = commonLabels(component);
  return labels;
}

export function metadata({ app, component, namespace }: StatefulWorkload, name = app) {
  return { name, namespace, labels: { app, ...commonLabels(component) } };
}

/** What its servers read at their start, and the digest that starts them again when it changes. */
export function configuration(
  workload: StatefulWorkload,
  name: string,
  data: Readonly<Record<string, string>>,
): { readonly files: IConfigMap; readonly digest: string } {
  return {
    files: { apiVersion: "v1", kind: "ConfigMap", metadata: metadata(workload, name), data },
    digest: sha256Hex(new TextEncoder().encode(JSON.stringify(data))).slice(0, 12),
  };
}

export function statefulSet(
  workload: StatefulWorkload,
  set: {
    readonly name: string;
    readonly service: string;
    readonly role: string;
    readonly replicas: number;
    readonly files: string;
  },
  pod: PodSpec,
): IStatefulSet {
  const { app, component, storage, storageClass } = workload;
  const labels = { app, role: set.role };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadata(workload, set.name),
    spec: {
      serviceName: set.service,
      replicas: set.replicas,
      selector: { matchLabels: labels },
      updateStrategy: { type: "RollingUpdate" },
      // In order, a pod that never becomes ready keeps its successor waiting: neither a mended manifest nor a revert would end
      // that. No server needs another one to start; a replica without data waits for its primary by itself.
      podManagementPolicy: "Parallel",
      // A server reads its files at its start: changed ones have to start it.
      template: {
        metadata: {
          labels: { ...lasting(component), ...labels },
          annotations: { "pistonprotection.io/files": set.files },
        },
        spec: pod,
      },
      // The data outlive the set, whoever deletes it.
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      volumeClaimTemplates: [
        {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { name: DATA_VOLUME, labels: { ...lasting(component), ...labels } },
          spec: {
            accessModes: ["ReadWriteOnce"],
            resources: { requests: { storage } },
            ...(storageClass === null ? {} : { storageClassName: storageClass }),
          },
        },
      ],
    },
  };
}

export function service(workload: StatefulWorkload, name: string, role: string, port: number): IService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(workload, name),
    spec: {
      type: "ClusterIP",
      selector: { app: workload.app, role },
      ports: [{ name: workload.component, port, targetPort: workload.component, protocol: "TCP" }],
    },
  };
}

export function serviceAccount(workload: StatefulWorkload): IServiceAccount {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadata(workload),
    automountServiceAccountToken: false,
  };
}

/** One server at a time: a drain of a node waits for the replica that it moved before. */
export function oneAtATime(workload: StatefulWorkload): IPodDisruptionBudget {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: metadata(workload),
    spec: {
      selector: { matchLabels: { app: workload.app } },
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "IfHealthyBudget",
    },
  };
}
