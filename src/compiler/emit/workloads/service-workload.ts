// A stateless service to the objects that run it: Deployment, Service, HorizontalPodAutoscaler, PodDisruptionBudget,
// ServiceAccount.

import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { IService } from "kubernetes-models/v1/Service";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { NodePoolIr, Resources } from "../../../ir/site.ts";
import { commonLabels, type KubernetesObject, METRICS_PORT, PLATFORM_PRIORITY } from "../kubernetes.ts";
import { doubled } from "../quantity.ts";
import {
  type EnvVar,
  onNodes,
  RESTRICTED_CONTAINER,
  restrictedPod,
  spread,
  USER_ID,
} from "../restricted-pod.ts";
import { HTTP_PORT } from "./names.ts";

export interface ServiceWorkload {
  /** Its name, and the value of the pods' label `app`. */
  readonly app: string;
  /** Of the container, and of the common labels. */
  readonly component: string;
  readonly namespace: string;
  readonly image: string;
  /** Requests; the limits are twice as much, for a burst. */
  readonly resources: Resources;
  readonly nodePool: NodePoolIr | null;
  readonly env: readonly EnvVar[];
  readonly hasMetrics: boolean;
  /** Whether it talks to the API server. */
  readonly hasToken: boolean;
  /** null: one replica, that nothing scales. */
  readonly scaling: Scaling | null;
}
export interface Scaling {
  readonly replicas: { readonly min: number; readonly max: number };
  readonly cpuPercent: number;
  readonly memoryPercent: number | null;
  /** By the metric of that name from the custom metrics API; null: not asked. */
  readonly requestsPerSecond: number | null;
}

export function serviceWorkload(workload: ServiceWorkload): KubernetesObject[] {
  return [
    serviceAccount(workload),
    deployment(workload),
    service(workload),
    ...(workload.scaling
      ? [horizontalPodAutoscaler(workload, workload.scaling), podDisruptionBudget(workload)]
      : []),
  ];
}

function metadata({ app, component, namespace }: ServiceWorkload, name = app) {
  return { name, namespace, labels: { app, ...commonLabels(component) } };
}

function serviceAccount(workload: ServiceWorkload): IServiceAccount {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadata(workload),
    automountServiceAccountToken: false,
  };
}

function deployment(workload: ServiceWorkload): IDeployment {
  const { app, component, image, env, hasToken, nodePool, resources, scaling } = workload;
  const probe = { httpGet: { path: "/health", port: "http", scheme: "HTTP" as const }, timeoutSeconds: 2 };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(workload),
    spec: {
      // The autoscaler sets the number of replicas; a number here would set it back at every sync.
      ...(scaling ? {} : { replicas: 1 }),
      selector: { matchLabels: { app } },
      // A new pod is ready before an old one goes.
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      minReadySeconds: 5,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      template: {
        metadata: { labels: { app, ...commonLabels(component) } },
        spec: {
          serviceAccountName: app,
          automountServiceAccountToken: hasToken,
          enableServiceLinks: false,
          priorityClassName: PLATFORM_PRIORITY,
          terminationGracePeriodSeconds: 30,
          securityContext: restrictedPod(USER_ID),
          ...onNodes(nodePool),
          topologySpreadConstraints: spread({ app }),
          containers: [
            {
              name: component,
              image,
              env: [...env],
              ports: [
                { name: "http", containerPort: HTTP_PORT, protocol: "TCP" },
                ...(workload.hasMetrics
                  ? [{ name: "metrics", containerPort: METRICS_PORT, protocol: "TCP" as const }]
                  : []),
              ],
              startupProbe: { ...probe, periodSeconds: 2, failureThreshold: 60 },
              livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
              readinessProbe: { ...probe, periodSeconds: 5, failureThreshold: 2 },
              // Requests still arrive until every node has heard that the pod is going.
              lifecycle: { preStop: { sleep: { seconds: 5 } } },
              resources: { requests: { ...resources }, limits: doubled(resources) },
              securityContext: RESTRICTED_CONTAINER,
              volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
            },
          ],
          volumes: [{ name: "tmp", emptyDir: { sizeLimit: "64Mi" } }],
        },
      },
    },
  };
}

function service(workload: ServiceWorkload): IService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(workload),
    spec: {
      type: "ClusterIP",
      selector: { app: workload.app },
      ports: [
        { name: "http", port: HTTP_PORT, targetPort: "http", protocol: "TCP" },
        ...(workload.hasMetrics
          ? [{ name: "metrics", port: METRICS_PORT, targetPort: "metrics", protocol: "TCP" as const }]
          : []),
      ],
    },
  };
}

/** Doubles within a minute, and goes down by a tenth a minute after five quiet ones: a flood comes in waves. */
function horizontalPodAutoscaler(workload: ServiceWorkload, scaling: Scaling): IHorizontalPodAutoscaler {
  const utilization = (name: "cpu" | "memory", averageUtilization: number) => ({
    type: "Resource" as const,
    resource: { name, target: { type: "Utilization" as const, averageUtilization } },
  });
  const { replicas, cpuPercent, memoryPercent, requestsPerSecond } = scaling;
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: metadata(workload, `${workload.app}-hpa`),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: workload.app },
      minReplicas: replicas.min,
      maxReplicas: replicas.max,
      metrics: [
        utilization("cpu", cpuPercent),
        ...(memoryPercent === null ? [] : [utilization("memory", memoryPercent)]),
        ...(requestsPerSecond === null
          ? []
          : [
              {
                type: "Pods" as const,
                pods: {
                  metric: { name: "requests_per_second" },
                  target: { type: "AverageValue" as const, averageValue: String(requestsPerSecond) },
                },
              },
            ]),
      ],
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: 60,
          policies: [{ type: "Percent", value: 100, periodSeconds: 60 }],
        },
        scaleDown: {
          stabilizationWindowSeconds: 300,
          policies: [{ type: "Percent", value: 10, periodSeconds: 60 }],
        },
      },
    },
  };
}

function podDisruptionBudget(workload: ServiceWorkload): IPodDisruptionBudget {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: metadata(workload),
    spec: {
      selector: { matchLabels: { app: workload.app } },
      maxUnavailable: 1,
      // A pod that is not ready serves nobody: it must not hold up the drain of its node.
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  };
}
