// The platform around the fleets: what `policies/site.ts` exports by default. It says where things run and who hears of
// them; what is filtered stands in the policies.

import { frozen, given } from "./frozen.ts";
import { calledFrom } from "./place.ts";
import type {
  AlertingOptions,
  BackupOptions,
  CertificatesOptions,
  CiOptions,
  ClusterOptions,
  ExistingSecret,
  ExtraOptions,
  FleetDeploymentOptions,
  GitOpsEngine,
  GrafanaOptions,
  ImagesOptions,
  LogsOptions,
  NamespacesOptions,
  NodePoolOptions,
  NotificationsOptions,
  PrometheusOptions,
  SecretReference,
  SecretsOptions,
  SourceOptions,
  StoredSecret,
  TrafficTier,
} from "./site-types.ts";
import type { WorkloadsOptions } from "./site-workloads.ts";
import type { SourceLocation } from "./types.ts";

/** Everything that a site says but its name and its further environments. */
export interface SiteSettings {
  /** Hosts are made of it: `api.example.com`, `dashboard.example.com`. */
  readonly domain: string;
  /** CPU and memory of agents and gateways; by `traffic` where it is missing, and `medium` without that. */
  readonly tier?: TrafficTier;
  /** What is expected; `piston capacity` computes with it. */
  readonly traffic?: TrafficOptions;
  /** Our own images, by the compiler's version, where it is missing. */
  readonly images?: ImagesOptions;
  /** Groups of nodes that fleets and workloads name. */
  readonly nodePools?: Readonly<Record<string, NodePoolOptions>>;
  /** How the agents of each fleet are deployed, by the fleet's name. A fleet that is not here has the defaults. */
  readonly fleets?: Readonly<Record<string, FleetDeploymentOptions>>;
  /** Names and Pod Security levels of our own, names of the neighbours'. */
  readonly namespaces?: NamespacesOptions;
  /** Where the clusters read `dist/` from. */
  readonly source?: SourceOptions;
  /** Which tool syncs `dist/`; `both` where it is missing: apply the file of one. */
  readonly gitops?: GitOpsEngine;
  /** Where Argo CD sends what it reads. */
  readonly cluster?: ClusterOptions;
  /** CiliumNetworkPolicies besides NetworkPolicies; false. */
  readonly cilium?: boolean;
  /** The store that `secret()` refers to. */
  readonly secrets?: SecretsOptions;
  /** Who hears of alerts; nobody where it is missing. */
  readonly notifications?: NotificationsOptions;
  /** Thresholds, and service levels of backends; those of the operations guide where they are missing. */
  readonly alerting?: AlertingOptions;
  /** How metrics are scraped, and where alerts go. */
  readonly prometheus?: PrometheusOptions;
  /** Data sources and folder of the dashboards. */
  readonly grafana?: GrafanaOptions;
  /** TLS for the site's hosts; none where it is missing. */
  readonly certificates?: CertificatesOptions;
  /** Dumps of the database, copies of Kubernetes objects; none where it is missing. */
  readonly backup?: BackupOptions;
  /** Where logs are kept; nowhere where it is missing. */
  readonly logs?: LogsOptions;
  /** The audit policy file for the API server; false. */
  readonly audit?: boolean;
  /** Objects, alerts and panels of one's own. */
  readonly extra?: ExtraOptions;
  /** What runs around the filter; none of it where it is missing. */
  readonly workloads?: WorkloadsOptions;
  /** Workflow files for the repository that holds the policies. */
  readonly ci?: CiOptions;
}

export interface TrafficOptions {
  /** Of the whole site at its busiest. */
  readonly peakGbps: number;
  /** Share of it that is attack, 0 to 1; 0.3. */
  readonly attackRatio?: number;
}

export interface SiteOptions extends SiteSettings {
  /** Lower-case letters, digits and hyphens. */
  readonly name: string;
  /** What the settings outside `environments` describe; `production`. */
  readonly environment?: string;
  /**
   * Further environments by name, each as what differs: records are merged, lists and single values replaced, and `null`
   * takes a section away. Rendered to `dist/environments/<name>/`.
   */
  readonly environments?: Readonly<Record<string, SiteOverrides>>;
}

export type SiteOverrides = Overrides<SiteSettings>;

/** Any part of `T`; null for what `T` may leave out. Lists and secrets are taken whole. */
export type Overrides<T> = T extends SecretReference | readonly unknown[]
  ? T
  : T extends object
    ? {
        readonly [K in keyof T]?:
          | Overrides<Exclude<T[K], undefined>>
          | (undefined extends T[K] ? null : never);
      }
    : T;

/** Made by `site()`. */
export interface Site {
  readonly kind: "site";
  readonly options: SiteOptions;
  readonly location: SourceLocation;
}

/** The platform of one site. `policies/site.ts` exports it by default. Diagnostics: docs/diagnostics.md, "Site". */
export function site(options: SiteOptions): Site {
  return Object.freeze({
    kind: "site",
    options: frozen(given(options)) as SiteOptions,
    location: calledFrom(site),
  });
}

/**
 * A secret of the site's store, by its key there: `secret("pistonprotection/jwt-secret")`. `property` takes one field
 * of an entry that is a JSON document. Diagnostics: `no-secret-store`, `secret-value`.
 */
export function secret(key: string, options: { readonly property?: string } = {}): StoredSecret {
  const { property = null } = given(options);
  return Object.freeze({ kind: "stored-secret", key, property, location: calledFrom(secret) });
}

/** A Secret that is in the cluster already, in the namespace where it is used, and one of its keys. */
export function existingSecret(name: string, key: string): ExistingSecret {
  return Object.freeze({ kind: "existing-secret", name, key, location: calledFrom(existingSecret) });
}
