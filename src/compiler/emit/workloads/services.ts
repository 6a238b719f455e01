// The site's gateway, auth service, dashboard and metrics service to their objects.

import type { IIngress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import type { IRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import type { IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { CheckedFleet } from "../../../ir/nodes.ts";
import type { SiteIr } from "../../../ir/site.ts";
import { commonLabels, type KubernetesObject } from "../kubernetes.ts";
import { type EnvVar, fromSecret } from "../restricted-pod.ts";
import {
  AUTH,
  DATABASE,
  FRONTEND,
  GATEWAY,
  HTTP_PORT,
  METRICS,
  POSTGRESQL,
  POSTGRESQL_PORT,
  REDIS_PORT,
} from "./names.ts";
import { REDIS_MASTER } from "./redis.ts";
import { serviceWorkload } from "./service-workload.ts";

/** What the gateway shows of the policies: the backends with their origins and health checks. */
const BACKENDS = "pistonprotection-backends";

export function gateway(site: SiteIr, fleets: readonly CheckedFleet[]): KubernetesObject[] {
  const { gateway } = site.workloads;
  if (!gateway) return [];
  const namespace = site.namespaces.platform.name;
  const labels = { app: GATEWAY, ...commonLabels("gateway") };
  const role: IRole = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: `${GATEWAY}-role`, namespace, labels },
    // By name: it needs no other ConfigMap, and its Secrets come to it as environment.
    rules: [
      {
        apiGroups: [""],
        resources: ["configmaps"],
        resourceNames: [BACKENDS],
        verbs: ["get", "list", "watch"],
      },
    ],
  };
  const roleBinding: IRoleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: `${GATEWAY}-binding`, namespace, labels },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: `${GATEWAY}-role` },
    subjects: [{ kind: "ServiceAccount", name: GATEWAY, namespace }],
  };
  const backends: IConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: BACKENDS, namespace, labels },
    data: { "backends.json": `${JSON.stringify(backendsOf(fleets), null, 2)}\n` },
  };
  return [
    ...serviceWorkload({
      app: GATEWAY,
      component: "gateway",
      namespace,
      image: site.images.gateway,
      resources: gateway.resources,
      nodePool: gateway.nodePool,
      env: [
        ...databaseEnv(site),
        ...cacheEnv(site),
        ...(site.workloads.auth ? [{ name: "AUTH_URL", value: `http://${AUTH}:${HTTP_PORT}` }] : []),
        { name: "BACKENDS_CONFIG_MAP", value: BACKENDS },
      ],
      hasMetrics: true,
      hasToken: true,
      scaling: { replicas: gateway.replicas, ...gateway.scaling },
    }),
    role,
    roleBinding,
    backends,
  ];
}

export function auth(site: SiteIr): KubernetesObject[] {
  const { auth } = site.workloads;
  if (!auth) return [];
  return serviceWorkload({
    app: AUTH,
    component: "auth",
    namespace: site.namespaces.platform.name,
    image: site.images.auth,
    resources: auth.resources,
    nodePool: auth.nodePool,
    env: [fromSecret("JWT_SECRET", auth.jwtSecret), ...databaseEnv(site), ...cacheEnv(site)],
    hasMetrics: true,
    hasToken: false,
    scaling: { replicas: auth.replicas, cpuPercent: 70, memoryPercent: 80, requestsPerSecond: null },
  });
}

export function frontend(site: SiteIr): KubernetesObject[] {
  const { frontend } = site.workloads;
  if (!frontend) return [];
  return serviceWorkload({
    app: FRONTEND,
    component: "frontend",
    namespace: site.namespaces.platform.name,
    image: site.images.frontend,
    resources: frontend.resources,
    nodePool: frontend.nodePool,
    env: site.workloads.gateway ? [{ name: "API_URL", value: `http://${GATEWAY}:${HTTP_PORT}` }] : [],
    hasMetrics: false,
    hasToken: false,
    // Memory of a file server says nothing of its load.
    scaling: { replicas: frontend.replicas, cpuPercent: 70, memoryPercent: null, requestsPerSecond: null },
  });
}

export function metricsService(site: SiteIr): KubernetesObject[] {
  const { metrics } = site.workloads;
  if (!metrics) return [];
  return serviceWorkload({
    app: METRICS,
    component: "metrics",
    namespace: site.namespaces.platform.name,
    image: site.images.metrics,
    resources: metrics.resources,
    nodePool: metrics.nodePool,
    env: [],
    hasMetrics: true,
    hasToken: false,
    scaling: null,
  });
}

/** By libpq's names, which every client of PostgreSQL knows. */
function databaseEnv({ workloads: { postgresql } }: SiteIr): EnvVar[] {
  if (!postgresql) return [];
  return [
    { name: "PGHOST", value: POSTGRESQL },
    { name: "PGPORT", value: String(POSTGRESQL_PORT) },
    { name: "PGDATABASE", value: DATABASE },
    { name: "PGUSER", value: DATABASE },
    fromSecret("PGPASSWORD", postgresql.applicationPassword),
  ];
}

function cacheEnv({ workloads: { redis } }: SiteIr): EnvVar[] {
  if (!redis) return [];
  return [
    { name: "REDIS_HOST", value: REDIS_MASTER },
    { name: "REDIS_PORT", value: String(REDIS_PORT) },
    fromSecret("REDIS_PASSWORD", redis.password),
  ];
}

function backendsOf(fleets: readonly CheckedFleet[]) {
  return fleets.flatMap((fleet) =>
    fleet.backends.map(({ name, listen, protocols, ports, origins, healthCheck }) => ({
      fleet: fleet.name,
      name,
      listen,
      protocols,
      ports,
      origins,
      healthCheck,
    })),
  );
}

/** `api.` to the gateway and `dashboard.` to the frontend, by TLS where the site has a certificate. */
export function ingress(site: SiteIr): IIngress[] {
  const { domain, certificates, workloads } = site;
  if (domain === null) return [];
  const hosts = [
    { host: `api.${domain}`, name: GATEWAY, isThere: workloads.gateway !== null },
    { host: `dashboard.${domain}`, name: FRONTEND, isThere: workloads.frontend !== null },
  ].filter(({ isThere }) => isThere);
  if (hosts.length === 0) return [];
  return [
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: {
        name: "pistonprotection",
        namespace: site.namespaces.platform.name,
        labels: commonLabels("ingress"),
      },
      spec: {
        ingressClassName: certificates?.issuer.acme?.ingressClass ?? "nginx",
        ...(certificates
          ? { tls: [{ hosts: hosts.map(({ host }) => host), secretName: certificates.secretName }] }
          : {}),
        rules: hosts.map(({ host, name }) => ({
          host,
          http: {
            paths: [
              { path: "/", pathType: "Prefix", backend: { service: { name, port: { name: "http" } } } },
            ],
          },
        })),
      },
    },
  ];
}
