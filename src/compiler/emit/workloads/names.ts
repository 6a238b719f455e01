// Names of the workloads, as kubectl and the policies of the network see them. Each is the value of its pods' label `app`.

export const GATEWAY = "pistonprotection-gateway";
export const AUTH = "pistonprotection-auth";
export const FRONTEND = "pistonprotection-frontend";
export const METRICS = "pistonprotection-metrics";
export const POSTGRESQL = "postgresql";
export const POSTGRES_BACKUP = "postgres-backup";
export const REDIS = "redis";

/** The database and its owner, who is not the superuser. */
export const DATABASE = "pistonprotection";

export const HTTP_PORT = 8080;
export const POSTGRESQL_PORT = 5432;
export const REDIS_PORT = 6379;
