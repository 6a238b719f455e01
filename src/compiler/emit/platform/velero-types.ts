// Velero's kinds, as far as they are written here: there is no package of them. https://velero.io/docs/v1.17/api-types/
// Types are closed: a misspelt field does not compile. src/compiler/validate judges what was emitted by shapes of its own.

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

/** What a backup takes. The lists by scope cannot be mixed with Velero's older `includedResources`, so those are not here. */
export interface VeleroBackupSpec {
  readonly includedNamespaces: readonly string[];
  readonly includedClusterScopedResources: readonly string[];
  readonly excludedNamespaceScopedResources: readonly string[];
  /** Snapshots of the volumes, by the storage's own means. */
  readonly snapshotVolumes: boolean;
  readonly storageLocation: string;
  /** Go's duration: `168h0m0s`. */
  readonly ttl: string;
}

export interface IVeleroBackup {
  readonly apiVersion: "velero.io/v1";
  readonly kind: "Backup";
  readonly metadata: Metadata;
  readonly spec: VeleroBackupSpec;
}

export interface IVeleroSchedule {
  readonly apiVersion: "velero.io/v1";
  readonly kind: "Schedule";
  readonly metadata: Metadata;
  readonly spec: {
    /** Five fields. */
    readonly schedule: string;
    readonly template: VeleroBackupSpec;
    /** Deletes the backups with the schedule. */
    readonly useOwnerReferencesInBackup: boolean;
    readonly paused?: boolean;
  };
}

export interface IVeleroBackupStorageLocation {
  readonly apiVersion: "velero.io/v1";
  readonly kind: "BackupStorageLocation";
  readonly metadata: Metadata;
  readonly spec: {
    /** Of the plug-in: `aws`. */
    readonly provider: string;
    readonly objectStorage: { readonly bucket: string; readonly prefix?: string };
    readonly config: Record<string, string>;
    readonly accessMode: "ReadWrite" | "ReadOnly";
    readonly default: boolean;
  };
}
