// A kind to its sync wave: Argo CD goes on to the next when all of one is applied and healthy. What pods need comes before
// them, so that no pod starts into a missing bundle, right or priority; what only watches them comes after.

const WAVES: Readonly<Record<string, number>> = {
  Namespace: -3,
  PriorityClass: -3,
  ServiceAccount: -2,
  Role: -2,
  RoleBinding: -2,
  ClusterRole: -2,
  ClusterRoleBinding: -2,
  NetworkPolicy: -2,
  CiliumNetworkPolicy: -2,
  SecretStore: -2,
  Issuer: -2,
  ClusterIssuer: -2,
  ConfigMap: -1,
  ExternalSecret: -1,
  Service: -1,
  // Not before its pods: a volume that waits for its first consumer is not healthy without one.
  PersistentVolumeClaim: 0,
  PodDisruptionBudget: 1,
  HorizontalPodAutoscaler: 1,
  // Healthy when a load balancer has given it an address.
  Ingress: 1,
  PodMonitor: 1,
  ServiceMonitor: 1,
};

export const SYNC_WAVE = "argocd.argoproj.io/sync-wave";

/** 0 is where a kind without an annotation stands. */
export function waveOf(kind: string): number {
  return WAVES[kind] ?? 0;
}
