// The site's PostgreSQL to its objects: a primary, and servers that follow it and answer reads, by streaming replication.

import type { PostgresqlIr, SecretIr, SiteIr } from "../../../ir/site.ts";
import { type KubernetesObject, PLATFORM_PRIORITY } from "../kubernetes.ts";
import {
  type Container,
  fromSecret,
  guaranteed,
  onNodes,
  type PodSpec,
  RESTRICTED_CONTAINER,
  restrictedPod,
  spread,
} from "../restricted-pod.ts";
import { DATABASE, POSTGRESQL, POSTGRESQL_PORT } from "./names.ts";
import {
  CLONE_SCRIPT,
  CONFIG_PATH,
  DATA_PATH,
  FOLLOW_SCRIPT,
  PG_HBA,
  PGDATA,
  postgresqlConf,
  REPLICATION_ROLE,
  RUN_PATH,
  rolesScript,
} from "./postgresql-files.ts";
import {
  configuration,
  DATA_VOLUME,
  oneAtATime,
  type StatefulWorkload,
  service,
  serviceAccount,
  statefulSet,
} from "./stateful.ts";

/** `postgres` of the official image, Debian's variant. */
export const POSTGRES_USER_ID = 999;
const REPLICA = "postgresql-replica";
const READ_SERVICE = "postgresql-read";
const CONFIG_MAP = "postgresql-config";

export function postgresql(site: SiteIr): KubernetesObject[] {
  const options = site.workloads.postgresql;
  if (!options) return [];
  const { storage, storageClass, readReplicas } = options;
  const workload: StatefulWorkload = {
    app: POSTGRESQL,
    component: "postgresql",
    namespace: site.namespaces.platform.name,
    storage,
    storageClass,
  };
  const image = site.images.postgresql;
  const { files, digest } = configuration(workload, CONFIG_MAP, {
    "postgresql.conf": postgresqlConf(options),
    "pg_hba.conf": PG_HBA,
    "10-roles.sh": rolesScript(readReplicas !== null),
    ...(readReplicas ? { "clone.sh": CLONE_SCRIPT, "follow.sh": FOLLOW_SCRIPT } : {}),
  });
  return [
    serviceAccount(workload),
    files,
    statefulSet(
      workload,
      { name: POSTGRESQL, service: POSTGRESQL, role: "primary", replicas: 1, files: digest },
      pod(options, [], primary(options, image)),
    ),
    service(workload, POSTGRESQL, "primary", POSTGRESQL_PORT),
    ...(readReplicas
      ? [
          statefulSet(
            workload,
            {
              name: REPLICA,
              service: READ_SERVICE,
              role: "replica",
              replicas: readReplicas.count,
              files: digest,
            },
            pod(options, [clone(readReplicas, image)], follower(readReplicas, image)),
          ),
          service(workload, READ_SERVICE, "replica", POSTGRESQL_PORT),
        ]
      : []),
    oneAtATime(workload),
  ];
}

type Replicas = NonNullable<PostgresqlIr["readReplicas"]>;

function pod({ nodePool }: PostgresqlIr, initContainers: Container[], server: Container): PodSpec {
  return {
    serviceAccountName: POSTGRESQL,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    priorityClassName: PLATFORM_PRIORITY,
    // A fast shutdown writes a checkpoint; cut short, the next start replays the log instead.
    terminationGracePeriodSeconds: 120,
    securityContext: restrictedPod(POSTGRES_USER_ID),
    ...onNodes(nodePool),
    topologySpreadConstraints: spread({ app: POSTGRESQL }),
    ...(initContainers.length > 0 ? { initContainers } : {}),
    containers: [server],
    volumes: [
      { name: "config", configMap: { name: CONFIG_MAP, defaultMode: 0o444 } },
      { name: "run", emptyDir: { medium: "Memory", sizeLimit: "16Mi" } },
      { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
      // Parallel queries share memory there, and a container has 64 MiB of it otherwise.
      { name: "shm", emptyDir: { medium: "Memory", sizeLimit: "256Mi" } },
    ],
  };
}

const MOUNTS: NonNullable<Container["volumeMounts"]> = [
  { name: "config", mountPath: CONFIG_PATH, readOnly: true },
  { name: DATA_VOLUME, mountPath: DATA_PATH },
  { name: "run", mountPath: RUN_PATH },
  { name: "tmp", mountPath: "/tmp" },
  { name: "shm", mountPath: "/dev/shm" },
];

function server(image: string): Omit<Container, "env" | "resources"> {
  // By TCP: while the image makes the database, its server listens on the socket alone.
  const exec = { command: ["pg_isready", "--quiet", "--host=127.0.0.1", "--username=postgres"] };
  return {
    name: "postgresql",
    image,
    ports: [{ name: "postgresql", containerPort: POSTGRESQL_PORT, protocol: "TCP" }],
    // Replaying the log after a crash takes its time: an hour, then it is tried anew.
    startupProbe: { exec, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 720 },
    livenessProbe: { exec, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    readinessProbe: { exec, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
    securityContext: RESTRICTED_CONTAINER,
  };
}

function primary(options: PostgresqlIr, image: string): Container {
  return {
    ...server(image),
    args: ["postgres", `--config-file=${CONFIG_PATH}/postgresql.conf`],
    env: [
      { name: "PGDATA", value: PGDATA },
      { name: "POSTGRES_USER", value: "postgres" },
      { name: "POSTGRES_DB", value: DATABASE },
      fromSecret("POSTGRES_PASSWORD", options.password),
      fromSecret("APPLICATION_PASSWORD", options.applicationPassword),
      ...(options.readReplicas ? [fromSecret("REPLICATION_PASSWORD", options.readReplicas.password)] : []),
    ],
    resources: guaranteed(options.resources),
    volumeMounts: [
      ...MOUNTS,
      {
        name: "config",
        mountPath: "/docker-entrypoint-initdb.d/10-roles.sh",
        subPath: "10-roles.sh",
        readOnly: true,
      },
    ],
  };
}

/** Copies the primary, the first time. */
function clone({ password }: Replicas, image: string): Container {
  return {
    name: "clone",
    image,
    command: ["sh", `${CONFIG_PATH}/clone.sh`],
    env: [{ name: "PGDATA", value: PGDATA }, ...connection(REPLICATION_ROLE, password)],
    resources: guaranteed({ cpu: "500m", memory: "256Mi" }),
    securityContext: RESTRICTED_CONTAINER,
    volumeMounts: MOUNTS,
  };
}

function follower({ password, resources }: Replicas, image: string): Container {
  return {
    ...server(image),
    command: ["sh", `${CONFIG_PATH}/follow.sh`],
    env: [
      { name: "PGDATA", value: PGDATA },
      { name: "HOSTNAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      fromSecret("REPLICATION_PASSWORD", password),
    ],
    resources: guaranteed(resources),
    volumeMounts: MOUNTS,
  };
}

/** How PostgreSQL's programs reach the primary, by their own variables. */
export function connection(user: string, password: SecretIr): NonNullable<Container["env"]> {
  return [
    { name: "PGHOST", value: POSTGRESQL },
    { name: "PGPORT", value: String(POSTGRESQL_PORT) },
    { name: "PGUSER", value: user },
    fromSecret("PGPASSWORD", password),
  ];
}
