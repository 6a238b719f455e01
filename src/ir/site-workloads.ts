// The workloads of a site; null: it does not run that one.

import type { Resources, SourceLocation } from "../policy/index.ts";
import type { NodePoolIr, SecretIr } from "./site.ts";

export interface WorkloadsIr {
  readonly gateway: GatewayIr | null;
  readonly auth: AuthIr | null;
  readonly frontend: FrontendIr | null;
  readonly metrics: MetricsIr | null;
  readonly postgresql: PostgresqlIr | null;
  readonly redis: RedisIr | null;
}

interface CommonIr {
  readonly nodePool: NodePoolIr | null;
  readonly resources: Resources;
  readonly location: SourceLocation;
}
interface ScaledIr extends CommonIr {
  readonly replicas: { readonly min: number; readonly max: number };
}

export interface GatewayIr extends ScaledIr {
  readonly scaling: {
    readonly cpuPercent: number;
    readonly memoryPercent: number;
    readonly requestsPerSecond: number | null;
  };
}
export interface AuthIr extends ScaledIr {
  readonly jwtSecret: SecretIr;
}
export type FrontendIr = ScaledIr;
export type MetricsIr = CommonIr;

interface StatefulIr extends CommonIr {
  readonly password: SecretIr;
  readonly storage: string;
  readonly storageClass: string | null;
}
export interface PostgresqlIr extends StatefulIr {
  /** Of the role that owns the database, by which the workloads log in. */
  readonly applicationPassword: SecretIr;
  readonly readReplicas: (ReadReplicasIr & { readonly password: SecretIr }) | null;
}
export interface RedisIr extends StatefulIr {
  readonly readReplicas: ReadReplicasIr | null;
}
export interface ReadReplicasIr {
  readonly count: number;
  readonly resources: Resources;
}
