// What a site needs around its workloads to manifests: secrets, certificates, backups, logs, files for the machines. Each folder
// holds what one operator serves, so that a cluster without it can leave the folder out.

import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { type KubernetesObject, kubernetesFile } from "../kubernetes.ts";
import { certificates } from "./certificates.ts";
import { clusterBackup } from "./cluster-backup.ts";
import { fluentd } from "./fluentd.ts";
import { hostFiles } from "./host-files.ts";
import { externalSecrets, secretStores } from "./secrets.ts";
import { velero, veleroBackup } from "./velero.ts";

/** Below the site's root. */
export const PLATFORM_PATHS = {
  secrets: "manifests/secrets",
  certificates: "manifests/certificates",
  backup: "manifests/backup",
  velero: "manifests/velero",
  logging: "manifests/logging",
} as const;
/** Applied by hand, when it is wanted. */
export const ON_DEMAND_PATH = "manifests/on-demand";

export function emitPlatform(site: SiteIr): Artifact[] {
  const files: [path: string, about: string, objects: readonly KubernetesObject[]][] = [
    [
      `${PLATFORM_PATHS.secrets}/secret-stores.yaml`,
      "Where secrets come from; needs External Secrets.",
      secretStores(site.secrets),
    ],
    [
      `${PLATFORM_PATHS.secrets}/external-secrets.yaml`,
      "Which secrets are copied where.",
      externalSecrets(site.secrets),
    ],
    [
      `${PLATFORM_PATHS.certificates}/certificates.yaml`,
      "TLS for the site's hosts; needs cert-manager.",
      certificates(site),
    ],
    [
      `${PLATFORM_PATHS.backup}/cluster-backup.yaml`,
      "The platform's objects, as files in the bucket.",
      clusterBackup(site),
    ],
    [`${PLATFORM_PATHS.velero}/velero.yaml`, "Backups of objects and volumes; needs Velero.", velero(site)],
    [
      `${ON_DEMAND_PATH}/velero-backup.yaml`,
      "One backup now: kubectl create -f. docs/RECOVERY.md says when.",
      veleroBackup(site),
    ],
    [`${PLATFORM_PATHS.logging}/fluentd.yaml`, "For the Fluentd that the cluster runs.", fluentd(site)],
  ];
  return [
    ...files
      .filter(([, , objects]) => objects.length > 0)
      .map(([path, about, objects]) => kubernetesFile(path, about, objects)),
    ...hostFiles(site),
  ];
}
