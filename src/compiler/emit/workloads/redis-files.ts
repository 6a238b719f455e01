// The files of Redis' pods.

import type { RedisIr } from "../../../ir/site.ts";
import { bytesOf } from "../quantity.ts";
import { REDIS_PORT } from "./names.ts";

export const REDIS_CONFIG_PATH = "/etc/redis";
export const REDIS_DATA_PATH = "/data";
export const REDIS_RUN_PATH = "/run/redis";

/**
 * Data may take 45 % of the smallest server's memory: a replica holds all of its master's, and while either writes a snapshot or
 * its log anew every page that changes stands twice. With 60 % replicas of 1 GiB were killed at 18,000 writes a second.
 */
export function redisConf({ resources, readReplicas }: RedisIr): string {
  const memory = Math.min(
    bytesOf(resources.memory),
    bytesOf((readReplicas ?? { resources }).resources.memory),
  );
  return `${[
    "bind * -::*",
    `port ${REDIS_PORT}`,
    "protected-mode yes",
    `dir ${REDIS_DATA_PATH}`,
    `include ${REDIS_RUN_PATH}/auth.conf`,
    "# A snapshot after an hour with a change, five minutes with a hundred, one minute with ten thousand; and every second a log.",
    "save 3600 1 300 100 60 10000",
    "appendonly yes",
    "appendfsync everysec",
    `maxmemory ${Math.floor(memory * 0.45)}`,
    "# Sessions and caches: what was used least goes first.",
    "maxmemory-policy allkeys-lru",
    "replica-read-only yes",
    "tcp-keepalive 60",
  ].join("\n")}\n`;
}

/**
 * The password goes to a file in memory and not to the command line. Characters that redis.conf reads otherwise are refused in
 * plain words: a half-read password would lock everybody out.
 */
export function redisStart(master: string | null): string {
  const follow = master === null ? "" : ` --replicaof ${master} ${REDIS_PORT}`;
  return `set -eu
case "$REDISCLI_AUTH" in
  ''|*[!A-Za-z0-9+/=_.~-]*) echo 'the password of Redis may have letters, digits and + / = _ . ~ - only' >&2; exit 1 ;;
esac
umask 077
printf 'requirepass %s\\nmasterauth %s\\n' "$REDISCLI_AUTH" "$REDISCLI_AUTH" > ${REDIS_RUN_PATH}/auth.conf
exec redis-server ${REDIS_CONFIG_PATH}/redis.conf${follow}
`;
}
