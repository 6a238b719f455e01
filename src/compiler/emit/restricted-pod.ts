// Pods that the Pod Security level `restricted` admits: what every workload's pod has in common, whoever makes it.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted

import type { IIoK8sApiCoreV1Container } from "kubernetes-models/v1/Container";
import type { IIoK8sApiCoreV1PodSpec } from "kubernetes-models/v1/PodSpec";
import type { NodePoolIr, Resources, SecretIr } from "../../ir/site.ts";

export type Container = IIoK8sApiCoreV1Container;
export type PodSpec = IIoK8sApiCoreV1PodSpec;
export type EnvVar = NonNullable<Container["env"]>[number];

/** Of images that bring no user of their own for this. */
export const USER_ID = 65532;

export const RESTRICTED_CONTAINER: NonNullable<Container["securityContext"]> = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

export function restrictedPod(userId: number): NonNullable<PodSpec["securityContext"]> {
  return {
    runAsNonRoot: true,
    runAsUser: userId,
    runAsGroup: userId,
    fsGroup: userId,
    // A large volume is not gone through at every start.
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/** The nodes of a pool; any Linux node without one. */
export function onNodes(pool: NodePoolIr | null): Pick<PodSpec, "nodeSelector" | "tolerations"> {
  return {
    nodeSelector: { "kubernetes.io/os": "linux", ...pool?.labels },
    ...(pool && pool.taints.length > 0
      ? {
          tolerations: pool.taints.map(({ key, value, effect }) => ({
            key,
            effect,
            ...(value === undefined ? { operator: "Exists" } : { operator: "Equal", value }),
          })),
        }
      : {}),
  };
}

/** Replicas on different nodes, and evenly over the zones, where there are enough of them. */
export function spread(
  matchLabels: Record<string, string>,
): NonNullable<PodSpec["topologySpreadConstraints"]> {
  return ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels },
  }));
}

export function fromSecret(name: string, { name: secret, key }: SecretIr): EnvVar {
  return { name, valueFrom: { secretKeyRef: { name: secret, key } } };
}

/** Requests equal limits: nothing is promised that is not kept, and a node short of memory evicts others first. */
export function guaranteed({ cpu, memory }: Resources): NonNullable<Container["resources"]> {
  return { requests: { cpu, memory }, limits: { cpu, memory } };
}
