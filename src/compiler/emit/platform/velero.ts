// The site's backups of Kubernetes objects and volumes to Velero's objects.

import type { SiteIr } from "../../../ir/site.ts";
import { commonLabels } from "../kubernetes.ts";
import { goDuration } from "./certificates.ts";
import type {
  IVeleroBackup,
  IVeleroBackupStorageLocation,
  IVeleroSchedule,
  VeleroBackupSpec,
} from "./velero-types.ts";

const SCHEDULE = "pistonprotection-daily";
const BACKUP = "pistonprotection-backup";

export function velero(site: SiteIr): [IVeleroBackupStorageLocation, IVeleroSchedule] | [] {
  const { backup } = site;
  if (!backup?.velero) return [];
  const { schedule, storageLocation } = backup.velero;
  return [
    {
      apiVersion: "velero.io/v1",
      kind: "BackupStorageLocation",
      metadata: metadata(site, storageLocation),
      spec: {
        provider: "aws",
        objectStorage: { bucket: backup.bucket, prefix: "velero" },
        config: { region: backup.region },
        accessMode: "ReadWrite",
        default: storageLocation === "default",
      },
    },
    {
      apiVersion: "velero.io/v1",
      kind: "Schedule",
      metadata: metadata(site, SCHEDULE),
      // Whoever deletes the schedule keeps the backups.
      spec: { schedule, template: specOf(site), useOwnerReferencesInBackup: false },
    },
  ];
}

/** One backup now. Not synced: Velero deletes a backup at its end, and a sync would make it again. */
export function veleroBackup(site: SiteIr): [IVeleroBackup] | [] {
  if (!site.backup?.velero) return [];
  return [
    { apiVersion: "velero.io/v1", kind: "Backup", metadata: metadata(site, BACKUP), spec: specOf(site) },
  ];
}

function metadata(site: SiteIr, name: string) {
  return { name, namespace: site.namespaces.velero, labels: commonLabels("backup") };
}

function specOf(site: SiteIr): VeleroBackupSpec {
  const { platform, workers } = site.namespaces;
  const keepFor = site.backup?.velero?.keepFor ?? "168h";
  return {
    includedNamespaces: [platform.name, workers.name],
    // Not all of the cluster's: a restore must not bring back what others have changed since.
    includedClusterScopedResources: ["namespaces", "persistentvolumes", "priorityclasses"],
    // From the store they come back by themselves, and a bucket is a worse place for them.
    excludedNamespaceScopedResources: ["events", ...(site.secrets.store ? ["secrets"] : [])],
    snapshotVolumes: true,
    storageLocation: site.backup?.velero?.storageLocation ?? "default",
    ttl: goDuration(keepFor),
  };
}
