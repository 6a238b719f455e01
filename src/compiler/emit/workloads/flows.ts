// The workloads that a site runs to the flows between them: what the network policies allow.

import type { SiteIr } from "../../../ir/site.ts";
import { METRICS_PORT, WORKER_APP } from "../kubernetes.ts";
import { API_SERVER, app, dnsFlows, type Flow, type Peer, tcp, WORLD } from "../network-flows.ts";
import {
  AUTH,
  FRONTEND,
  GATEWAY,
  HTTP_PORT,
  METRICS,
  POSTGRES_BACKUP,
  POSTGRESQL,
  POSTGRESQL_PORT,
  REDIS,
  REDIS_PORT,
} from "./names.ts";

export function appsOf({ workloads, backup }: SiteIr): string[] {
  return [
    workloads.gateway && GATEWAY,
    workloads.auth && AUTH,
    workloads.frontend && FRONTEND,
    workloads.metrics && METRICS,
    workloads.postgresql && POSTGRESQL,
    workloads.postgresql && backup?.database && POSTGRES_BACKUP,
    workloads.redis && REDIS,
  ].filter((name): name is string => typeof name === "string");
}

/** Between apps that run, and from them to the outside. */
export function flowsOf(site: SiteIr): Flow[] {
  const apps = appsOf(site);
  const runs = (peer: Peer) => peer.kind !== "app" || apps.includes(peer.app);
  return [...dnsFlows(apps), ...allFlows(site)].filter(({ from, to }) => runs(from) && runs(to));
}

function allFlows({ namespaces }: SiteIr): Flow[] {
  const http = [tcp(HTTP_PORT)];
  const metrics = [tcp(METRICS_PORT)];
  const postgresql = [tcp(POSTGRESQL_PORT)];
  const redis = [tcp(REDIS_PORT)];
  const ingress = elsewhere(namespaces.ingress);
  const monitoring = elsewhere(namespaces.monitoring);
  const agents: Peer = {
    kind: "namespace",
    namespace: namespaces.workers.name,
    labels: { app: WORKER_APP },
    isHostNetwork: true,
  };
  return [
    { from: ingress, to: app(GATEWAY), ports: http },
    { from: ingress, to: app(FRONTEND), ports: http },
    // Metrics are for Prometheus; an ingress controller has no business there.
    { from: monitoring, to: app(GATEWAY), ports: metrics },
    { from: monitoring, to: app(AUTH), ports: metrics },
    { from: monitoring, to: app(METRICS), ports: metrics },
    { from: app(FRONTEND), to: app(GATEWAY), ports: http },
    { from: app(GATEWAY), to: app(AUTH), ports: http },
    { from: app(GATEWAY), to: app(POSTGRESQL), ports: postgresql },
    { from: app(GATEWAY), to: app(REDIS), ports: redis },
    // Their health and counts. Operations stay on each node's loopback.
    { from: app(GATEWAY), to: agents, ports: metrics },
    // Its role lets it read the platform's configuration.
    { from: app(GATEWAY), to: API_SERVER, ports: [tcp(443), tcp(6443)] },
    { from: app(AUTH), to: app(POSTGRESQL), ports: postgresql },
    { from: app(AUTH), to: app(REDIS), ports: redis },
    { from: app(METRICS), to: agents, ports: metrics },
    // A replica follows its primary, and either may be asked to be the other.
    { from: app(POSTGRESQL), to: app(POSTGRESQL), ports: postgresql },
    { from: app(POSTGRES_BACKUP), to: app(POSTGRESQL), ports: postgresql },
    { from: app(POSTGRES_BACKUP), to: WORLD, ports: [tcp(443)] },
    { from: app(REDIS), to: app(REDIS), ports: redis },
  ];
}

function elsewhere(namespace: string): Peer {
  return { kind: "namespace", namespace, labels: {} };
}
