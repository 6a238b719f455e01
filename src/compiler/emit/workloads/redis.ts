// The site's Redis to its objects: a master, and replicas that follow it and answer reads.

import type { RedisIr, Resources, SiteIr } from "../../../ir/site.ts";
import { type KubernetesObject, PLATFORM_PRIORITY } from "../kubernetes.ts";
import {
  fromSecret,
  guaranteed,
  onNodes,
  type PodSpec,
  RESTRICTED_CONTAINER,
  restrictedPod,
  spread,
} from "../restricted-pod.ts";
import { REDIS, REDIS_PORT } from "./names.ts";
import { REDIS_CONFIG_PATH, REDIS_DATA_PATH, REDIS_RUN_PATH, redisConf, redisStart } from "./redis-files.ts";
import {
  configuration,
  DATA_VOLUME,
  oneAtATime,
  type StatefulWorkload,
  service,
  serviceAccount,
  statefulSet,
} from "./stateful.ts";

/** `redis` of the official image, Debian's variant. */
const REDIS_USER_ID = 999;
export const REDIS_MASTER = "redis-master";
const REPLICA = "redis-replica";
const CONFIG_MAP = "redis-config";

const CLI = `redis-cli -p ${REDIS_PORT}`;

/** While it loads its data it answers, but not with PONG. */
const ANSWERS = `${CLI} ping | grep -qx PONG`;

/** Until a replica has met its master it answers that there is no data. One that has lost its master serves what it had. */
const HAS_DATA = `${ANSWERS} && { ${CLI} dbsize | grep -q '^[1-9]' || ${CLI} info replication | grep -q '^master_link_status:up'; }`;

export function redis(site: SiteIr): KubernetesObject[] {
  const options = site.workloads.redis;
  if (!options) return [];
  const { storage, storageClass, readReplicas } = options;
  const workload: StatefulWorkload = {
    app: REDIS,
    component: "redis",
    namespace: site.namespaces.platform.name,
    storage,
    storageClass,
  };
  const { files, digest } = configuration(workload, CONFIG_MAP, {
    "redis.conf": redisConf(options),
    "master.sh": redisStart(null),
    ...(readReplicas ? { "replica.sh": redisStart(REDIS_MASTER) } : {}),
  });
  const server = (script: string, resources: Resources, isReady: string) =>
    pod(options, site.images.redis, script, resources, isReady);
  return [
    serviceAccount(workload),
    files,
    statefulSet(
      workload,
      { name: REDIS_MASTER, service: REDIS_MASTER, role: "master", replicas: 1, files: digest },
      server("master.sh", options.resources, ANSWERS),
    ),
    service(workload, REDIS_MASTER, "master", REDIS_PORT),
    ...(readReplicas
      ? [
          statefulSet(
            workload,
            { name: REPLICA, service: REPLICA, role: "replica", replicas: readReplicas.count, files: digest },
            server("replica.sh", readReplicas.resources, HAS_DATA),
          ),
          service(workload, REPLICA, "replica", REDIS_PORT),
        ]
      : []),
    oneAtATime(workload),
  ];
}

function pod(
  { password, nodePool }: RedisIr,
  image: string,
  script: string,
  resources: Resources,
  isReady: string,
): PodSpec {
  const shell = (command: string) => ({ exec: { command: ["sh", "-c", command] } });
  return {
    serviceAccountName: REDIS,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    priorityClassName: PLATFORM_PRIORITY,
    terminationGracePeriodSeconds: 60,
    securityContext: restrictedPod(REDIS_USER_ID),
    ...onNodes(nodePool),
    topologySpreadConstraints: spread({ app: REDIS }),
    containers: [
      {
        name: "redis",
        image,
        command: ["sh", `${REDIS_CONFIG_PATH}/${script}`],
        // redis-cli reads it as well: `kubectl exec … redis-cli` needs no password.
        env: [fromSecret("REDISCLI_AUTH", password)],
        ports: [{ name: "redis", containerPort: REDIS_PORT, protocol: "TCP" }],
        startupProbe: { ...shell(ANSWERS), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 120 },
        livenessProbe: { ...shell(ANSWERS), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
        readinessProbe: { ...shell(isReady), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
        resources: guaranteed(resources),
        securityContext: RESTRICTED_CONTAINER,
        volumeMounts: [
          { name: "config", mountPath: REDIS_CONFIG_PATH, readOnly: true },
          { name: DATA_VOLUME, mountPath: REDIS_DATA_PATH },
          { name: "run", mountPath: REDIS_RUN_PATH },
          { name: "tmp", mountPath: "/tmp" },
        ],
      },
    ],
    volumes: [
      { name: "config", configMap: { name: CONFIG_MAP, defaultMode: 0o444 } },
      { name: "run", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
      { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
    ],
  };
}
