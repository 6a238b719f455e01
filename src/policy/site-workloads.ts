// The workloads around the filter that a site may run. Each is off where it is missing, and complete where it is there:
// workload, service, scaling, disruption budget, network policies, service account, secrets.

import type { Resources, SecretReference } from "./site-types.ts";

export interface WorkloadsOptions {
  /** The API that dashboards and operators talk to: `api.<domain>`. */
  readonly gateway?: GatewayOptions;
  /** Signs and checks tokens. */
  readonly auth?: AuthOptions;
  /** The web dashboard: `dashboard.<domain>`. */
  readonly frontend?: FrontendOptions;
  /** Collects metrics of the agents for people without Prometheus. */
  readonly metrics?: MetricsOptions;
  readonly postgresql?: PostgresqlOptions;
  readonly redis?: RedisOptions;
}

interface CommonOptions {
  /** One of `nodePools`; any node where it is missing. */
  readonly nodePool?: string;
}
interface ScaledOptions extends CommonOptions {
  /** Replicas, at least and at most. */
  readonly replicas?: ReplicaBounds;
}
export interface ReplicaBounds {
  readonly min: number;
  readonly max: number;
}

export interface GatewayOptions extends ScaledOptions {
  /** By the site's tier where it is missing. Replicas: 3 to 20. */
  readonly resources?: Resources;
  readonly scaling?: GatewayScaling;
}
/** What the number of gateways follows. */
export interface GatewayScaling {
  /** Share of the requested CPU, in percent; 70. */
  readonly cpuPercent?: number;
  /** Share of the requested memory, in percent; 80. */
  readonly memoryPercent?: number;
  /** Requests that one gateway answers each second, by the metric `requests_per_second`; 1,000. false: do not ask for it. */
  readonly requestsPerSecond?: number | false;
}

export interface AuthOptions extends ScaledOptions {
  /** Replicas: 2 to 6. */
  readonly resources?: Resources;
  /** Key by which tokens are signed. */
  readonly jwtSecret: SecretReference;
}
export interface FrontendOptions extends ScaledOptions {
  /** Replicas: 2 to 6. */
  readonly resources?: Resources;
}
export interface MetricsOptions extends CommonOptions {
  readonly resources?: Resources;
}

export interface PostgresqlOptions extends CommonOptions {
  /** Password of the superuser. */
  readonly password: SecretReference;
  /** Password of the role by which gateway and auth log in; the superuser's where it is missing. */
  readonly applicationPassword?: SecretReference;
  /** Volume of each server; `20Gi`. */
  readonly storage?: string;
  /** The cluster's default where it is missing. */
  readonly storageClass?: string;
  /** Of the primary: 2 CPU, 4Gi. */
  readonly resources?: Resources;
  /** Servers that follow the primary and answer reads; none where it is missing. */
  readonly readReplicas?: ReadReplicasOptions;
}
export interface ReadReplicasOptions {
  readonly count: number;
  /** PostgreSQL: 1 CPU, 2Gi. Redis: 500m, 1Gi. */
  readonly resources?: Resources;
  /** Password of the replication user; the superuser's where it is missing. PostgreSQL only. */
  readonly password?: SecretReference;
}
export interface RedisOptions extends CommonOptions {
  readonly password: SecretReference;
  /** `8Gi` */
  readonly storage?: string;
  readonly storageClass?: string;
  /** Of the master: 1 CPU, 2Gi. */
  readonly resources?: Resources;
  readonly readReplicas?: Omit<ReadReplicasOptions, "password">;
}
