// The files of the database's pods: configuration, who may log in, and the scripts that make roles and replicas.

import type { PostgresqlIr } from "../../../ir/site.ts";
import { shareMi } from "../quantity.ts";
import { DATABASE, POSTGRESQL, POSTGRESQL_PORT } from "./names.ts";

export const REPLICATION_ROLE = "replicator";

/** Where the ConfigMap is mounted, and what the pods write to. */
export const CONFIG_PATH = "/etc/postgresql";
export const DATA_PATH = "/var/lib/postgresql/data";
/** Below the mount point: a volume's own root may hold `lost+found`, and initdb wants an empty directory. */
export const PGDATA = `${DATA_PATH}/pgdata`;
export const RUN_PATH = "/var/run/postgresql";

/** Of a primary and of its replicas: a replica refuses to start with fewer connections than its primary allows. */
export function postgresqlConf({ resources, readReplicas }: PostgresqlIr): string {
  const memories = [resources.memory, readReplicas?.resources.memory ?? resources.memory];
  const share = (part: number) => Math.min(...memories.map((memory) => shareMi(memory, part)));
  return `${[
    "listen_addresses = '*'",
    "max_connections = 200",
    `hba_file = '${CONFIG_PATH}/pg_hba.conf'`,
    "password_encryption = 'scram-sha-256'",
    `shared_buffers = '${share(0.25)}MB'`,
    `effective_cache_size = '${share(0.75)}MB'`,
    "# Replicas read the log as it is written. One that was away for longer than this takes a new base backup.",
    "wal_level = 'replica'",
    "max_wal_senders = 10",
    "wal_keep_size = '1GB'",
    "hot_standby = on",
    "hot_standby_feedback = on",
    "log_line_prefix = '%m [%p] %q%u@%d '",
    "log_min_duration_statement = '500ms'",
    "log_timezone = 'UTC'",
  ].join("\n")}\n`;
}

export const PG_HBA = `# Inside the pod, as the server's own user: kubectl exec. Everybody else by password, over the network policies.
local  all          postgres         peer
host   replication  ${REPLICATION_ROLE}  all  scram-sha-256
host   all          all         all  scram-sha-256
`;

/**
 * Run once by the image, when it has made an empty database; in the image's own shell, which stops at the first error, so it
 * sets no options. The passwords come from the environment, not from the command line, and psql quotes them.
 */
export function rolesScript(hasReplicas: boolean): string {
  return `psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
\\getenv application_password APPLICATION_PASSWORD
CREATE ROLE ${DATABASE} LOGIN PASSWORD :'application_password';
ALTER DATABASE ${DATABASE} OWNER TO ${DATABASE};
ALTER SCHEMA public OWNER TO ${DATABASE};
${
  hasReplicas
    ? `\\getenv replication_password REPLICATION_PASSWORD
CREATE ROLE ${REPLICATION_ROLE} LOGIN REPLICATION PASSWORD :'replication_password';
`
    : ""
}SQL
`;
}

/** The primary may be away for a while: a node is drained, or starts. `postgres` is a database that every role may ask for. */
const UNTIL_READY = `until pg_isready --quiet --dbname=postgres; do
  echo "waiting for the primary"
  sleep 2
done
`;

/** A replica without data copies its primary. The copy has its name only when it is whole: a pod may be killed meanwhile. */
export const CLONE_SCRIPT = `set -eu
if [ -s "$PGDATA/PG_VERSION" ]; then
  echo "data of $(cat "$PGDATA/PG_VERSION") is there"
  exit 0
fi
${UNTIL_READY}rm -rf "$PGDATA" "$PGDATA.partial"
pg_basebackup --no-password --pgdata="$PGDATA.partial" --wal-method=stream --checkpoint=fast
touch "$PGDATA.partial/standby.signal"
mv "$PGDATA.partial" "$PGDATA"
`;

/**
 * The password is read from a file that each start writes: a rotated one needs a restart, and no change of the data. In such
 * a file a colon and a backslash are escaped.
 */
export const FOLLOW_SCRIPT = `set -eu
touch "$PGDATA/standby.signal"
umask 077
printf '*:*:*:*:%s\\n' "$(printf %s "$REPLICATION_PASSWORD" | sed 's/[\\\\:]/\\\\&/g')" > ${RUN_PATH}/pgpass
exec docker-entrypoint.sh postgres \\
  --config-file=${CONFIG_PATH}/postgresql.conf \\
  --primary-conninfo="host=${POSTGRESQL} port=${POSTGRESQL_PORT} user=${REPLICATION_ROLE} passfile=${RUN_PATH}/pgpass application_name=$HOSTNAME"
`;

/**
 * A dump in PostgreSQL's own format: pg_restore can list it, which proves here that it is whole, and restore parts of it.
 * Whatever is called .dump is complete. How long it waits for the server is bounded by the job's deadline.
 */
export function dumpScript(keep: number): string {
  return `set -eu
${UNTIL_READY}cd /backup
rm -f ./*.partial
file="backup-$(date -u +%Y%m%d-%H%M%S).dump"
pg_dump --no-password --format=custom --file="$file.partial"
pg_restore --list "$file.partial" > /dev/null
mv "$file.partial" "$file"
echo "$file" > latest
# Names sort by time.
ls -1 backup-*.dump | sort -r | tail -n +${keep + 1} | while read -r old; do rm -f -- "$old"; done
ls -l "$file"
`;
}
