// For tests of workloads and of what stands around them: a site that has everything, and its objects as they are read again.

import { parseAllDocuments } from "yaml";
import type { SiteOptions } from "../../policy/index.ts";
import { existingSecret, secret } from "../../policy/index.ts";
import type { Artifact } from "../types.ts";
import type { EmittedObject, Found } from "../validate/object-checks.ts";

const CREDENTIALS = {
  accessKeyId: secret("site/aws", { property: "id" }),
  secretAccessKey: secret("site/aws", { property: "key" }),
};

export const EVERYTHING: Partial<SiteOptions> = {
  tier: "medium",
  cilium: true,
  audit: true,
  nodePools: {
    platform: { labels: { pool: "platform" }, taints: [{ key: "dedicated", effect: "NoSchedule" }] },
  },
  secrets: { store: { kind: "aws-secrets-manager", region: "eu-central-1" }, refreshInterval: "30m" },
  certificates: {
    issuer: { kind: "ClusterIssuer", name: "letsencrypt-prod", acme: { email: "ops@example.com" } },
  },
  backup: {
    bucket: "backups",
    region: "eu-central-1",
    database: { schedule: "0 * * * *", keep: 2, ...CREDENTIALS },
    configuration: { ...CREDENTIALS },
    velero: { keepFor: "7d" },
  },
  logs: { fluentd: { bucket: "logs", region: "eu-central-1" } },
  workloads: {
    gateway: { nodePool: "platform" },
    auth: { jwtSecret: secret("site/jwt") },
    frontend: {},
    metrics: {},
    postgresql: {
      password: secret("site/postgres"),
      applicationPassword: secret("site/db"),
      readReplicas: { count: 2, password: secret("site/replication") },
    },
    redis: { password: existingSecret("redis-password", "password"), readReplicas: { count: 1 } },
  },
};

export function objectsOf(artifacts: readonly Artifact[]): Found[] {
  return artifacts
    .filter(({ path }) => path.startsWith("manifests/"))
    .flatMap(({ path, bytes }) =>
      // Kubernetes reads YAML 1.1.
      parseAllDocuments(new TextDecoder().decode(bytes), { version: "1.1" }).map((document) => {
        if (document.errors.length > 0) throw new Error(`${path}: ${document.errors.join("; ")}`);
        return { path, object: document.toJS() as EmittedObject };
      }),
    );
}

export function find<T extends { kind: string }>(
  objects: readonly Found[],
  kind: T["kind"],
  name: string,
): T {
  const found = objects.find(({ object }) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found.object as unknown as T;
}
