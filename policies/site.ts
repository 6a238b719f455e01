// The sample platform, with everything turned on that a site can have; most sites need less. Owner: platform team.
//
// What stands outside `environments` is production. What is left out has its default: docs/SITE.md lists them all.

import { existingSecret, secret, site } from "pistonprotection";

export default site({
  name: "pistonprotection",
  domain: "pistonprotection.example.com",

  tier: "medium",
  traffic: { peakGbps: 8, attackRatio: 0.3 },
  images: {
    agent: "ghcr.io/pistonprotection/agent",
    gateway: "ghcr.io/pistonprotection/gateway",
  },
  nodePools: {
    edge: {
      labels: { "node-pool": "worker-nodes" },
      taints: [{ key: "dedicated", value: "edge", effect: "NoSchedule" }],
    },
    platform: { labels: { "node-pool": "platform" } },
  },
  // The labels of a pool are added to the fleet's own node selector.
  fleets: { edge: { tier: "high", nodePool: "edge", maxUnavailable: 1 } },

  source: {
    repository: "https://github.com/pistonprotection/pistonprotection",
    branch: "main",
    artifact: "oci://ghcr.io/pistonprotection/manifests",
  },
  gitops: "both",
  cilium: true,
  ci: { provider: "github-actions" },

  // References only. External Secrets copies what they name into the cluster.
  secrets: {
    store: {
      kind: "aws-secrets-manager",
      region: "us-east-1",
      roleArn: "arn:aws:iam::123456789012:role/pistonprotection-secrets",
    },
    refreshInterval: "1h",
  },
  notifications: {
    slack: {
      critical: "#alerts-critical",
      warning: "#alerts-warning",
      webhookUrl: secret("pistonprotection/slack-webhook-url"),
    },
    pagerDuty: { serviceKey: secret("pistonprotection/pagerduty-service-key") },
  },

  alerting: {
    alerts: {
      HighAttackVolume: { threshold: 1000, for: "2m" },
      HighDropRate: { threshold: 0.5, for: "5m" },
    },
  },
  prometheus: { scrapeInterval: "15s", labels: { release: "kube-prometheus-stack" } },
  grafana: { loki: "loki" },

  certificates: {
    issuer: {
      kind: "ClusterIssuer",
      name: "letsencrypt-prod",
      acme: { email: "platform@example.com" },
    },
  },
  backup: {
    bucket: "pistonprotection-backups",
    region: "us-east-1",
    database: {
      // docs/RECOVERY.md promises to lose an hour of data at most.
      schedule: "0 * * * *",
      keep: 24,
      accessKeyId: secret("pistonprotection/aws", { property: "access-key-id" }),
      secretAccessKey: secret("pistonprotection/aws", { property: "secret-access-key" }),
    },
    configuration: {
      schedule: "30 2 * * *",
      accessKeyId: secret("pistonprotection/aws", { property: "access-key-id" }),
      secretAccessKey: secret("pistonprotection/aws", { property: "secret-access-key" }),
    },
    velero: { schedule: "0 3 * * *", keepFor: "168h" },
  },
  logs: { fluentd: { bucket: "pistonprotection-logs", region: "us-east-1" } },
  audit: true,

  workloads: {
    gateway: { nodePool: "platform", replicas: { min: 3, max: 20 } },
    auth: { nodePool: "platform", jwtSecret: secret("pistonprotection/jwt-secret") },
    frontend: { nodePool: "platform" },
    metrics: { nodePool: "platform" },
    postgresql: {
      nodePool: "platform",
      password: secret("pistonprotection/postgres-password"),
      applicationPassword: secret("pistonprotection/db-password"),
      readReplicas: { count: 3, password: secret("pistonprotection/replication-password") },
    },
    redis: {
      nodePool: "platform",
      password: secret("pistonprotection/redis-password"),
      readReplicas: { count: 3 },
    },
  },

  environments: {
    // A small cluster of its own, where every change is tried a day before. Nothing in it is worth a backup.
    staging: {
      domain: "staging.pistonprotection.example.com",
      tier: "low",
      traffic: { peakGbps: 0.5 },
      fleets: { edge: { tier: "low" } },
      source: { branch: "staging" },
      cluster: { server: "https://staging.clusters.example.com" },
      notifications: {
        slack: {
          critical: "#alerts-staging",
          warning: "#alerts-staging",
          webhookUrl: existingSecret("pistonprotection-notifications", "slack-webhook-url"),
        },
        pagerDuty: null,
      },
      backup: null,
      workloads: {
        gateway: { replicas: { min: 1, max: 3 } },
        postgresql: { readReplicas: null },
        redis: { readReplicas: null },
      },
    },
  },
});
