// What a site needs around its workloads to manifests: secrets, certificates, backups, logs, files for the machines. Each folder
// holds what one operator serves, so that a cluster without it can leave the folder out.

import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import {
  BACKUP_PATH,
  CERTIFICATES_PATH,
  CILIUM_PATH,
  type KubernetesObject,
  kubernetesFile,
  LOGGING_PATH,
  ON_DEMAND_PATH,
  SECRETS_PATH,
  VELERO_PATH,
} from "../kubernetes.ts";
import { certificates } from "./certificates.ts";
import { clusterBackup, clusterBackupForCilium } from "./cluster-backup.ts";
import { fluentd } from "./fluentd.ts";
import { hostFiles } from "./host-files.ts";
import { externalSecrets, secretStores } from "./secrets.ts";
import { velero, veleroBackup } from "./velero.ts";

export function emitPlatform(site: SiteIr): Artifact[] {
  const files: [path: string, about: string, objects: readonly KubernetesObject[]][] = [
    [
      `${SECRETS_PATH}/secret-stores.yaml`,
      "Where secrets come from; needs External Secrets.",
      secretStores(site.secrets),
    ],
    [
      `${SECRETS_PATH}/external-secrets.yaml`,
      "Which secrets are copied where.",
      externalSecrets(site.secrets),
    ],
    [
      `${CERTIFICATES_PATH}/certificates.yaml`,
      "TLS for the site's hosts; needs cert-manager.",
      certificates(site),
    ],
    [
      `${BACKUP_PATH}/cluster-backup.yaml`,
      "The platform's objects, as files in the bucket.",
      clusterBackup(site),
    ],
    [
      `${CILIUM_PATH}/cluster-backup.yaml`,
      "What the backup of the configuration may talk to, for Cilium.",
      clusterBackupForCilium(site),
    ],
    [`${VELERO_PATH}/velero.yaml`, "Backups of objects and volumes; needs Velero.", velero(site)],
    [
      `${ON_DEMAND_PATH}/velero-backup.yaml`,
      "One backup now: kubectl create -f. docs/RECOVERY.md says when.",
      veleroBackup(site),
    ],
    [`${LOGGING_PATH}/fluentd.yaml`, "For the Fluentd that the cluster runs.", fluentd(site)],
  ];
  return [
    ...files
      .filter(([, , objects]) => objects.length > 0)
      .map(([path, about, objects]) => kubernetesFile(path, about, objects)),
    ...hostFiles(site),
  ];
}
