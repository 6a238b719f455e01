// The site as the emitters read it: one node for each environment, complete, every default filled in, every secret a
// place in the cluster. Made by src/compiler/lower/site. Sections carry the place of the line that made them.

import type { AlertTunings } from "../policy/alerting.ts";
import type {
  DurationText,
  ExtraAlert,
  ExtraObject,
  ExtraPanel,
  GitOpsEngine,
  NodeTaint,
  PodSecurityLevel,
  SourceLocation,
  TrafficTier,
} from "../policy/index.ts";
import type { BackendIr } from "./nodes.ts";
import type { WorkloadsIr } from "./site-workloads.ts";

export type {
  DurationText,
  GitOpsEngine,
  NodeTaint,
  PodSecurityLevel,
  Resources,
  TrafficTier,
} from "../policy/index.ts";
export type * from "./site-workloads.ts";

export interface SiteIr {
  readonly kind: "site";
  /** False for a policy directory without `site.ts`: what is not about filtering is off. */
  readonly isDeclared: boolean;
  readonly name: string;
  readonly environment: string;
  /** What the paths of this environment's artifacts begin with: empty, or `environments/<name>/`. */
  readonly root: string;
  /** null: nothing has a host name. */
  readonly domain: string | null;
  readonly tier: TrafficTier;
  readonly traffic: TrafficIr | null;
  readonly images: Readonly<Record<ImageName, string>>;
  readonly nodePools: Readonly<Record<string, NodePoolIr>>;
  /** By name: every fleet has one. */
  readonly fleets: Readonly<Record<string, FleetDeploymentIr>>;
  readonly namespaces: NamespacesIr;
  readonly source: SourceIr;
  readonly gitops: GitOpsIr;
  readonly cilium: boolean;
  readonly secrets: SecretsIr;
  readonly notifications: NotificationsIr;
  readonly alerting: AlertingIr;
  readonly prometheus: PrometheusIr;
  readonly grafana: GrafanaIr;
  readonly certificates: CertificatesIr | null;
  readonly backup: BackupIr | null;
  readonly logs: LogsIr;
  readonly audit: boolean;
  readonly extra: ExtraIr;
  readonly workloads: WorkloadsIr;
  readonly ci: CiIr | null;
  readonly location: SourceLocation;
}

export interface TrafficIr {
  readonly peakGbps: number;
  readonly attackRatio: number;
}

export const IMAGE_NAMES = [
  "agent",
  "gateway",
  "auth",
  "frontend",
  "metrics",
  "postgresql",
  "redis",
  "backup",
] as const;
export type ImageName = (typeof IMAGE_NAMES)[number];

export interface NodePoolIr {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly NodeTaint[];
  readonly location: SourceLocation;
}

export interface FleetDeploymentIr {
  readonly tier: TrafficTier;
  readonly nodePool: NodePoolIr | null;
  readonly maxUnavailable: number | string;
  readonly agent: AgentIr;
  readonly location: SourceLocation;
}

export interface AgentIr {
  readonly profile: "default" | "high-volume" | "constrained";
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly strict: boolean;
  readonly statsd: string | null;
  readonly traces: string | null;
}

export interface NamespacesIr {
  readonly platform: NamespaceIr;
  readonly workers: NamespaceIr;
  /** Namespaces that are not made here. */
  readonly monitoring: string;
  readonly logging: string;
  readonly ingress: string;
  readonly argoCd: string;
  readonly flux: string;
  readonly velero: string;
}
export interface NamespaceIr {
  readonly name: string;
  readonly podSecurity: PodSecurityLevel;
  readonly location: SourceLocation;
}

export interface SourceIr {
  readonly repository: string;
  readonly branch: string;
  /** Of `dist/` in the repository, without a slash at either end. */
  readonly directory: string;
  readonly artifact: string;
}

export interface GitOpsIr {
  readonly engine: GitOpsEngine;
  /** API server of the cluster, as Argo CD knows it. */
  readonly server: string;
}

// ---- Secrets ---------------------------------------------------------------------------------------------------------

export interface SecretsIr {
  readonly store: SecretStoreIr | null;
  readonly refreshInterval: DurationText;
  /** Every reference of the site to its store, in order of namespace, secret and key; each place in the cluster once. */
  readonly stored: readonly (SecretIr & { readonly remote: RemoteSecret })[];
}

/** Where in the cluster a secret is found. */
export interface SecretIr {
  readonly namespace: string;
  /** Of the Secret object. */
  readonly name: string;
  readonly key: string;
  /** Where External Secrets takes it from; null: the Secret is there already. */
  readonly remote: RemoteSecret | null;
  readonly location: SourceLocation;
}
export interface RemoteSecret {
  readonly key: string;
  readonly property: string | null;
}

interface StoreCommon {
  readonly name: string;
  /** `SecretStore`: made here, in each namespace that needs it. */
  readonly storeKind: "SecretStore" | "ClusterSecretStore";
  readonly location: SourceLocation;
}
export type SecretStoreIr = StoreCommon &
  (
    | { readonly kind: "aws-secrets-manager"; readonly region: string; readonly roleArn: string | null }
    | {
        readonly kind: "vault";
        readonly server: string;
        readonly path: string;
        readonly role: string;
        readonly mountPath: string;
      }
    | {
        readonly kind: "gcp-secret-manager";
        readonly project: string;
        readonly clusterLocation: string;
        readonly clusterName: string;
      }
    | {
        readonly kind: "azure-key-vault";
        readonly vaultUrl: string;
        readonly tenantId: string;
        readonly clientId: string | null;
      }
    | { readonly kind: "kubernetes"; readonly namespace: string }
    | { readonly kind: "existing" }
  );

// ---- Notifications, observability ------------------------------------------------------------------------------------

export interface NotificationsIr {
  readonly slack: SlackIr | null;
  readonly pagerDuty: PagerDutyIr | null;
  readonly webhook: WebhookIr | null;
  readonly grouping: GroupingIr;
  readonly location: SourceLocation;
}
export interface GroupingIr {
  readonly wait: DurationText;
  readonly interval: DurationText;
  readonly repeat: DurationText;
}
export interface SlackIr {
  readonly critical: string;
  readonly warning: string;
  readonly webhookUrl: SecretIr;
}
export interface PagerDutyIr {
  readonly api: "events-v2" | "prometheus";
  readonly key: SecretIr;
}
export interface WebhookIr {
  readonly url: string | SecretIr;
  readonly severities: readonly ("critical" | "warning")[];
}

export interface AlertingIr {
  readonly alerts: AlertTunings;
  /** Service levels by backend name; `passRatioOf` has the default for the others. */
  readonly backends: Readonly<
    Record<string, { readonly passRatio: number; readonly location: SourceLocation }>
  >;
  /** URL without a slash at its end. */
  readonly runbooks: string;
  readonly location: SourceLocation;
}

/** The site's, else the policy's, else the default. */
export function passRatioOf(site: SiteIr, backend: Pick<BackendIr, "name" | "passRatio">): number {
  return site.alerting.backends[backend.name]?.passRatio ?? backend.passRatio ?? DEFAULT_PASS_RATIO;
}
const DEFAULT_PASS_RATIO = 0.99;

export interface PrometheusIr {
  readonly operator: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapeInterval: DurationText;
  readonly scrapeTimeout: DurationText;
  readonly evaluationInterval: DurationText;
  readonly alertmanagers: readonly string[];
  readonly location: SourceLocation;
}

export interface GrafanaIr {
  /** uid; null: a variable of the dashboard chooses. */
  readonly prometheus: string | null;
  /** uid; null: no log panels. */
  readonly loki: string | null;
  readonly folder: string;
}

export interface LogsIr {
  readonly fluentd: FluentdIr | null;
}
export interface FluentdIr {
  readonly bucket: string;
  readonly region: string;
  readonly path: string;
  readonly timekey: DurationText;
  readonly timekeyWait: DurationText;
  readonly chunkLimit: string;
  readonly location: SourceLocation;
}

// ---- Certificates, backup, CI ----------------------------------------------------------------------------------------

export interface CertificatesIr {
  readonly issuer: {
    readonly kind: "Issuer" | "ClusterIssuer";
    readonly name: string;
    readonly acme: { readonly email: string; readonly server: string; readonly ingressClass: string } | null;
  };
  readonly dnsNames: readonly string[];
  readonly secretName: string;
  readonly renewBefore: DurationText;
  readonly location: SourceLocation;
}

export interface BackupIr {
  readonly bucket: string;
  readonly region: string;
  readonly database: DatabaseBackupIr | null;
  readonly configuration: ConfigurationBackupIr | null;
  readonly velero: VeleroIr | null;
  readonly location: SourceLocation;
}
export interface DatabaseBackupIr {
  readonly schedule: string;
  readonly prefix: string;
  readonly keep: number;
  readonly storage: string;
  readonly accessKeyId: SecretIr;
  readonly secretAccessKey: SecretIr;
  readonly location: SourceLocation;
}
/** The platform's objects, as files. */
export interface ConfigurationBackupIr {
  readonly schedule: string;
  readonly prefix: string;
  readonly accessKeyId: SecretIr;
  readonly secretAccessKey: SecretIr;
  readonly location: SourceLocation;
}
export interface VeleroIr {
  readonly schedule: string;
  readonly keepFor: DurationText;
  readonly storageLocation: string;
  readonly location: SourceLocation;
}

export interface CiIr {
  readonly provider: "github-actions";
  readonly runner: string;
  readonly scanSchedule: string;
  readonly location: SourceLocation;
}

/** As the author wrote it; src/compiler/validate judges it with what is emitted. */
export interface ExtraIr {
  readonly objects: readonly ExtraObject[];
  readonly alerts: readonly ExtraAlert[];
  readonly panels: readonly ExtraPanel[];
}
