// What a site may say, section by section: the options of `site({...})`. Every value is data; whatever is left out has the
// default that stands in its comment. src/compiler/lower/site makes the complete site of it.

import type { AlertOverrides } from "./alerting.ts";
import type { SourceLocation } from "./types.ts";

// ---- Words -----------------------------------------------------------------------------------------------------------

/** Traffic of one node at its busiest: below 1 Gbit/s, 1 to 10, 10 to 40, above 40. Chooses CPU and memory. */
export type TrafficTier = "low" | "medium" | "high" | "very-high";

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export type PodSecurityLevel = "restricted" | "baseline" | "privileged";

/** As Prometheus and Kubernetes both read it: `30s`, `5m`, `1h`, `7d`. */
export type DurationText = `${number}${"s" | "m" | "h" | "d"}`;

/** Five fields, in UTC: `0 2 * * *`. */
export type CronText = `${string} ${string} ${string} ${string} ${string}`;

/** CPU and memory as Kubernetes writes them: `500m`, `2`; `512Mi`, `2Gi`. */
export interface Resources {
  readonly cpu: string;
  readonly memory: string;
}

// ---- Secrets ---------------------------------------------------------------------------------------------------------

/** Where a secret is found; never what it says. Made by `secret()` and `existingSecret()`. */
export type SecretReference = StoredSecret | ExistingSecret;

/** In the site's secret store; External Secrets copies it into the cluster. */
export interface StoredSecret {
  readonly kind: "stored-secret";
  readonly key: string;
  /** One field of an entry that is a JSON document; null: the whole entry. */
  readonly property: string | null;
  readonly location: SourceLocation;
}

/** In the cluster already, in the namespace where it is used. */
export interface ExistingSecret {
  readonly kind: "existing-secret";
  readonly name: string;
  readonly key: string;
  readonly location: SourceLocation;
}

export interface SecretsOptions {
  readonly store: SecretStore;
  /** How often the store is asked; `1h`. */
  readonly refreshInterval?: DurationText;
}

export type SecretStore =
  | AwsSecretsManager
  | VaultStore
  | GcpSecretManager
  | AzureKeyVault
  | KubernetesStore
  | ExistingSecretStore;

interface NamedStore {
  /** Of the SecretStore object; the kind's name where it is missing. */
  readonly name?: string;
}
export interface AwsSecretsManager extends NamedStore {
  readonly kind: "aws-secrets-manager";
  /** `eu-central-1` */
  readonly region: string;
  /** ARN of the IAM role that the store's service account takes (IRSA). */
  readonly roleArn?: `arn:${string}`;
}
export interface VaultStore extends NamedStore {
  readonly kind: "vault";
  readonly server: `https://${string}`;
  /** Mount path of the key-value engine, version 2: `secret`. */
  readonly path: string;
  /** Role of Vault's Kubernetes authentication. */
  readonly role: string;
  /** Mount path of that authentication; `kubernetes`. */
  readonly mountPath?: string;
}
export interface GcpSecretManager extends NamedStore {
  readonly kind: "gcp-secret-manager";
  readonly project: string;
  /** For workload identity: where the cluster is. */
  readonly clusterLocation: string;
  readonly clusterName: string;
}
export interface AzureKeyVault extends NamedStore {
  readonly kind: "azure-key-vault";
  readonly vaultUrl: `https://${string}`;
  readonly tenantId: string;
  /** Of the managed identity that the store's service account takes; the operator's own where it is missing. */
  readonly clientId?: string;
}
/** Secrets of another namespace of the same cluster, which the store's service account must be allowed to read there. */
export interface KubernetesStore extends NamedStore {
  readonly kind: "kubernetes";
  readonly namespace: string;
}
/** A store that others look after. */
export interface ExistingSecretStore {
  readonly kind: "existing";
  readonly name: string;
  /** `ClusterSecretStore` where it is missing. */
  readonly storeKind?: "SecretStore" | "ClusterSecretStore";
}

// ---- Images, nodes, namespaces ---------------------------------------------------------------------------------------

/**
 * `ghcr.io/example/agent` (the compiler's own version becomes the tag), with a tag, or with a digest. `latest` is refused: a
 * node that starts again would run something else.
 */
export interface ImagesOptions {
  readonly agent?: string;
  readonly gateway?: string;
  readonly auth?: string;
  readonly frontend?: string;
  readonly metrics?: string;
  readonly postgresql?: string;
  readonly redis?: string;
  /** With a shell, `tar`, `jq`, `kubectl` and `aws`; dumps are made by the database's own image. */
  readonly backup?: string;
}

export interface NodePoolOptions {
  /** Labels of its nodes. */
  readonly labels: Readonly<Record<string, string>>;
  /** Taints that pods of the pool tolerate; none where it is missing. Agents tolerate every taint anyway. */
  readonly taints?: readonly NodeTaint[];
}
export interface NodeTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** How the agents of one fleet are deployed. What they filter stands in the fleet. */
export interface FleetDeploymentOptions {
  /** The site's tier where it is missing. */
  readonly tier?: TrafficTier;
  /** One of `nodePools`: its labels are added to the fleet's node selector. */
  readonly nodePool?: string;
  /** Nodes that may be without a ready agent during a roll-out: a count or a share; 1. Filtering goes on meanwhile. */
  readonly maxUnavailable?: number | `${number}%`;
  readonly agent?: AgentOptions;
}

/** The agents' own configuration, docs/CONFIGURATION.md. */
export interface AgentOptions {
  /** `default` in the tiers low and medium, `high-volume` above. */
  readonly profile?: "default" | "high-volume" | "constrained";
  /** `info` */
  readonly logLevel?: "debug" | "info" | "warn" | "error";
  /** Refuse to start where the security checks warn; false. */
  readonly strict?: boolean;
  /** `host:port` that takes StatsD metrics. */
  readonly statsd?: string;
  /** Where OpenTelemetry traces go: `http://collector.monitoring.svc:4318/v1/traces`. */
  readonly traces?: `http://${string}` | `https://${string}`;
}

export interface NamespacesOptions {
  /** What people read and query, and the platform's workloads: `pistonprotection`, `restricted`. */
  readonly platform?: NamespaceOptions;
  /** The agents: `pistonprotection-workers`, `privileged`, which host network and host paths need. */
  readonly workers?: NamespaceOptions;
  /** Where Prometheus, Alertmanager and Grafana run; `monitoring`. Not made here, as those below. */
  readonly monitoring?: string;
  /** Where Fluentd runs; `logging`. */
  readonly logging?: string;
  /** Where the ingress controller runs; `ingress-nginx`. */
  readonly ingress?: string;
  /** `argocd` */
  readonly argoCd?: string;
  /** `flux-system` */
  readonly flux?: string;
  /** `velero` */
  readonly velero?: string;
}
export interface NamespaceOptions {
  readonly name?: string;
  readonly podSecurity?: PodSecurityLevel;
}

// ---- Delivery --------------------------------------------------------------------------------------------------------

export type GitOpsEngine = "argo-cd" | "flux" | "both";

/** Where the clusters read `dist/` from. */
export interface SourceOptions {
  /** Git repository that holds `dist/`. */
  readonly repository: `https://${string}`;
  /** `main` */
  readonly branch?: string;
  /** Directory of the output in that repository; `dist`. */
  readonly directory?: string;
  /** OCI repository to which a release pushes `dist/`, for clusters that read no Git. */
  readonly artifact?: `oci://${string}`;
}

/** Where Argo CD sends what it reads. Flux runs in the cluster itself. */
export interface ClusterOptions {
  /** URL of the API server as Argo CD knows it; the cluster that it runs in where it is missing. */
  readonly server?: `https://${string}`;
}

export interface CiOptions {
  readonly provider: "github-actions";
  /** `ubuntu-latest` */
  readonly runner?: string;
  /** When images and dependencies are scanned besides at each push; `0 0 * * *`. */
  readonly scanSchedule?: CronText;
}

// ---- Notifications ---------------------------------------------------------------------------------------------------

/** Who hears of an alert, by its severity. */
export interface NotificationsOptions {
  readonly slack?: SlackOptions;
  readonly pagerDuty?: PagerDutyOptions;
  readonly webhook?: WebhookOptions;
  readonly grouping?: GroupingOptions;
}
/** When one message is made of several alerts. */
export interface GroupingOptions {
  /** How long the first message of a group waits for further alerts; `30s`. */
  readonly wait?: DurationText;
  /** Between messages about changes of a group; `5m`. */
  readonly interval?: DurationText;
  /** Until an alert that still fires is told again; `4h`. */
  readonly repeat?: DurationText;
}
export interface SlackOptions {
  /** Channels by severity. */
  readonly critical: `#${string}`;
  readonly warning: `#${string}`;
  /** The incoming webhook's URL. Whoever has it can post: a reference, never the URL. */
  readonly webhookUrl: SecretReference;
}
/** Critical alerts only. */
export interface PagerDutyOptions {
  /** Of an Events API v2 integration; `serviceKey` for one of the type Prometheus. Exactly one of the two. */
  readonly routingKey?: SecretReference;
  readonly serviceKey?: SecretReference;
}
/** Alertmanager's own JSON, to anything that listens. */
export interface WebhookOptions {
  readonly url: `http://${string}` | `https://${string}` | SecretReference;
  /** Both where it is missing. */
  readonly severities?: readonly ("critical" | "warning")[];
}

// ---- Observability ---------------------------------------------------------------------------------------------------

/** What this site changes of the alerts. Rules alert by their own `alertAbove`. */
export interface AlertingOptions {
  /** By name: threshold, window and waiting time where they are not the defaults (docs/SITE.md); false turns an alert off. */
  readonly alerts?: AlertOverrides;
  /** Service levels by the backend's name: the share of its packets that must pass, 0.99 for those not named here. */
  readonly backends?: Readonly<Record<string, BackendServiceLevel>>;
  /** Where the runbooks are read; `docs/runbooks` of the source's repository where it is missing. */
  readonly runbooks?: `https://${string}`;
}
export interface BackendServiceLevel {
  /** `0.999`; at least 0.931: with more to lose, the fastest burn of its budget would be more than everything. */
  readonly passRatio: number;
}

export interface PrometheusOptions {
  /** PodMonitor, ServiceMonitor, PrometheusRule and AlertmanagerConfig besides raw configuration; true. */
  readonly operator?: boolean;
  /** Labels by which that operator's Prometheus chooses monitors and rules: `{ release: "kube-prometheus-stack" }`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** `15s` */
  readonly scrapeInterval?: DurationText;
  /** At most the interval; `10s`. */
  readonly scrapeTimeout?: DurationText;
  /** `15s` */
  readonly evaluationInterval?: DurationText;
  /** `host:port` of Alertmanagers for the raw configuration; `alertmanager.<monitoring namespace>.svc:9093`. */
  readonly alertmanagers?: readonly string[];
}

export interface GrafanaOptions {
  /** uid of the data source; the one that a viewer picks where it is missing. */
  readonly prometheus?: string;
  /** uid of the Loki data source: dashboards then have log panels. */
  readonly loki?: string;
  /** Folder, by the sidecar's annotation; `PistonProtection`. */
  readonly folder?: string;
}

export interface LogsOptions {
  readonly fluentd?: FluentdOptions;
}
export interface FluentdOptions {
  readonly bucket: string;
  readonly region: string;
  /** With strftime's fields; `logs/%Y/%m/%d/`. */
  readonly path?: string;
  /** How much time one object holds; `1h`. */
  readonly timekey?: DurationText;
  /** How long late lines are waited for; `10m`. */
  readonly timekeyWait?: DurationText;
  /** `256m` */
  readonly chunkLimit?: string;
}

// ---- Certificates, backup --------------------------------------------------------------------------------------------

export interface CertificatesOptions {
  readonly issuer: CertificateIssuer;
  /** `api.` and `dashboard.` of the domain where it is missing. */
  readonly dnsNames?: readonly string[];
  /** `pistonprotection-tls` */
  readonly secretName?: string;
  /** How long before its end a certificate is made anew; `30d`. */
  readonly renewBefore?: DurationText;
}
export interface CertificateIssuer {
  readonly kind: "Issuer" | "ClusterIssuer";
  readonly name: string;
  /** Makes the issuer too; without it, it must be there. */
  readonly acme?: AcmeOptions;
}
export interface AcmeOptions {
  readonly email: `${string}@${string}`;
  /** Let's Encrypt's production service. */
  readonly server?: `https://${string}`;
  /** Class of the ingress that answers the challenge; `nginx`. */
  readonly ingressClass?: string;
}

export interface BackupOptions {
  /** Object storage, by S3's interface. */
  readonly bucket: string;
  readonly region: string;
  /** Dumps of the site's PostgreSQL. */
  readonly database?: DatabaseBackupOptions;
  /** The platform's own objects as they are in the cluster, without Secrets. */
  readonly configuration?: ConfigurationBackupOptions;
  /** Kubernetes objects by Velero. */
  readonly velero?: VeleroOptions;
}
export interface DatabaseBackupOptions {
  /** `0 2 * * *` */
  readonly schedule?: CronText;
  /** Of the dumps' names in the bucket; `pistonprotection/db/`. */
  readonly prefix?: string;
  /** Dumps kept on the local volume; 7. */
  readonly keep?: number;
  /** Size of that volume; `20Gi`. */
  readonly storage?: string;
  readonly accessKeyId: SecretReference;
  readonly secretAccessKey: SecretReference;
}
export interface ConfigurationBackupOptions {
  /** `30 2 * * *` */
  readonly schedule?: CronText;
  /** In the bucket; `pistonprotection/configuration/`. */
  readonly prefix?: string;
  readonly accessKeyId: SecretReference;
  readonly secretAccessKey: SecretReference;
}
export interface VeleroOptions {
  /** `0 3 * * *` */
  readonly schedule?: CronText;
  /** How long a backup is kept; `168h`. */
  readonly keepFor?: DurationText;
  /** BackupStorageLocation; `default`. */
  readonly storageLocation?: string;
}

// ---- What the vocabulary has no words for ----------------------------------------------------------------------------

/** Judged as all that is emitted is: docs/diagnostics.md, "Output". */
export interface ExtraOptions {
  /** To `manifests/extra/`. The types of kubernetes-models fit. */
  readonly objects?: readonly (ExtraObject | TypedObject)[];
  /** Besides those that every site has. */
  readonly alerts?: readonly ExtraAlert[];
  /** On a dashboard of their own. */
  readonly panels?: readonly ExtraPanel[];
}
export interface ExtraObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: ExtraMetadata;
  readonly [field: string]: unknown;
}
/** Of a type of kubernetes-models. */
export interface TypedObject {
  readonly apiVersion: string;
  readonly kind: string;
}
/** And whatever else Kubernetes takes there. */
export interface ExtraMetadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly [field: string]: unknown;
}
export interface ExtraAlert {
  readonly name: string;
  /** PromQL: metrics of the catalogue (src/metrics/catalogue.ts), with their labels. */
  readonly expression: string;
  readonly for?: DurationText;
  readonly severity: "critical" | "warning";
  /** Besides `severity`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** With Prometheus' templates: `{{ $labels.fleet }}`, `{{ $value }}`. */
  readonly summary: string;
  readonly description?: string;
}
export interface ExtraPanel {
  readonly title: string;
  readonly description?: string;
  /** PromQL. Exactly one of the two. */
  readonly query?: string;
  /** LogQL; needs `grafana.loki`. */
  readonly logs?: string;
  /** `{{fleet}}` */
  readonly legend?: string;
  /** In the grid of 24 columns; half a row after those before it where it is missing. */
  readonly place?: PanelPlace;
}
export interface PanelPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
