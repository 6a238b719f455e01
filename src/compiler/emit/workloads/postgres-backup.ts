// The site's database backup to its objects: a CronJob that dumps, proves and uploads, and the volume that keeps the last dumps.

import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { SiteIr } from "../../../ir/site.ts";
import { commonLabels, type KubernetesObject } from "../kubernetes.ts";
import { fromSecret, guaranteed, onNodes, RESTRICTED_CONTAINER, restrictedPod } from "../restricted-pod.ts";
import { DATABASE, POSTGRES_BACKUP, POSTGRESQL } from "./names.ts";
import { connection, POSTGRES_USER_ID } from "./postgresql.ts";
import { dumpScript } from "./postgresql-files.ts";

const VOLUME_CLAIM = "backup-pvc";
const SCRIPTS = "postgres-backup-scripts";
const SCRIPT_PATH = "/scripts";

export function postgresBackup(site: SiteIr): KubernetesObject[] {
  const { postgresql } = site.workloads;
  const { backup, images } = site;
  const database = backup?.database;
  if (!postgresql || !backup || !database) return [];
  const metadata = (name: string) => ({
    name,
    namespace: site.namespaces.platform.name,
    labels: { app: POSTGRES_BACKUP, ...commonLabels("backup") },
  });
  const scripts: IConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata(SCRIPTS),
    data: { "dump.sh": dumpScript(database.keep), "upload.sh": UPLOAD_SCRIPT },
  };
  const volumeClaim: IPersistentVolumeClaim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: metadata(VOLUME_CLAIM),
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: database.storage } } },
  };
  const mounts = [
    { name: "scripts", mountPath: SCRIPT_PATH, readOnly: true },
    { name: "backup", mountPath: "/backup" },
    { name: "tmp", mountPath: "/tmp" },
  ];
  const container = {
    resources: guaranteed({ cpu: "500m", memory: "512Mi" }),
    securityContext: RESTRICTED_CONTAINER,
    volumeMounts: mounts,
  };
  const cronJob: ICronJob = {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: metadata(POSTGRES_BACKUP),
    spec: {
      schedule: database.schedule,
      timeZone: "Etc/UTC",
      concurrencyPolicy: "Forbid",
      // After a control plane that was away, late is better than not at all.
      startingDeadlineSeconds: 1800,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: 3000,
          template: {
            metadata: { labels: { app: POSTGRES_BACKUP, ...commonLabels("backup") } },
            spec: {
              serviceAccountName: POSTGRESQL,
              automountServiceAccountToken: false,
              enableServiceLinks: false,
              // A pod for each try: where one is started again, the last failure takes its log along.
              restartPolicy: "Never",
              // No priority: a job that waits for the server must not hold the room that the server needs to come back.
              securityContext: restrictedPod(POSTGRES_USER_ID),
              ...onNodes(postgresql.nodePool),
              // One after the other: nothing is uploaded that was not dumped and listed first.
              initContainers: [
                {
                  ...container,
                  name: "dump",
                  // The server's own version: an older pg_dump refuses a newer server.
                  image: images.postgresql,
                  command: ["sh", `${SCRIPT_PATH}/dump.sh`],
                  env: [
                    ...connection("postgres", postgresql.password),
                    { name: "PGDATABASE", value: DATABASE },
                  ],
                },
              ],
              containers: [
                {
                  ...container,
                  name: "upload",
                  image: images.backup,
                  command: ["sh", `${SCRIPT_PATH}/upload.sh`],
                  env: [
                    { name: "HOME", value: "/tmp" },
                    { name: "AWS_DEFAULT_REGION", value: backup.region },
                    { name: "TARGET", value: `s3://${backup.bucket}/${database.prefix}` },
                    fromSecret("AWS_ACCESS_KEY_ID", database.accessKeyId),
                    fromSecret("AWS_SECRET_ACCESS_KEY", database.secretAccessKey),
                  ],
                },
              ],
              volumes: [
                { name: "scripts", configMap: { name: SCRIPTS, defaultMode: 0o444 } },
                { name: "backup", persistentVolumeClaim: { claimName: VOLUME_CLAIM } },
                { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
              ],
            },
          },
        },
      },
    },
  };
  return [volumeClaim, scripts, cronJob];
}

const UPLOAD_SCRIPT = `set -eu
file="$(cat /backup/latest)"
aws s3 cp --only-show-errors "/backup/$file" "$TARGET$file"
echo "$TARGET$file"
`;
