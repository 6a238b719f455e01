// The workloads that a site runs besides the agents; null for those that it does not.

import type { NamespacesIr, NodePoolIr, ReadReplicasIr, WorkloadsIr } from "../../../ir/site.ts";
import { TIER_TABLE } from "../../../ir/tiers.ts";
import type { Resources, TrafficTier } from "../../../policy/index.ts";
import { nodePoolOf } from "./platform.ts";
import { BYTES, CPU, OBJECT_NAME } from "./rules.ts";
import { optionalSecretOf, secretOf } from "./secrets.ts";
import type { Section } from "./section.ts";

interface Around {
  readonly tier: TrafficTier;
  readonly pools: Readonly<Record<string, NodePoolIr>>;
  readonly namespaces: NamespacesIr;
}

const PERCENT = { least: 1, most: 100, whole: true, unit: "percent" };
const REPLICAS = { least: 1, most: 1000, whole: true, unit: "replicas" };

export function lowerWorkloads(section: Section, around: Around): WorkloadsIr {
  const { pools, namespaces } = around;
  const target = (name: string, key: string) => ({ namespace: namespaces.platform.name, name, key });
  const common = (inner: Section, resources: Resources) => ({
    nodePool: nodePoolOf(inner, pools),
    resources: resourcesOf(inner, resources),
    location: inner.location,
  });
  const read = <T>(name: string, make: (inner: Section) => T): T | null => {
    const inner = section.section(name);
    if (inner === null) return null;
    const result = make(inner);
    inner.end();
    return Object.freeze(result);
  };
  const result: WorkloadsIr = {
    gateway: read("gateway", (inner) => ({
      ...common(inner, TIER_TABLE[around.tier].gateway),
      replicas: replicasOf(inner, 3, 20),
      scaling: scalingOf(inner.defaults("scaling")),
    })),
    auth: read("auth", (inner) => ({
      ...common(inner, { cpu: "250m", memory: "256Mi" }),
      replicas: replicasOf(inner, 2, 6),
      jwtSecret: secretOf(inner, "jwtSecret", target("pistonprotection-secrets", "jwt-secret")),
    })),
    frontend: read("frontend", (inner) => ({
      ...common(inner, { cpu: "100m", memory: "128Mi" }),
      replicas: replicasOf(inner, 2, 6),
    })),
    metrics: read("metrics", (inner) => common(inner, { cpu: "250m", memory: "256Mi" })),
    postgresql: read("postgresql", (inner) => {
      const password = secretOf(inner, "password", target("postgresql", "postgres-password"));
      const replicas = inner.section("readReplicas");
      const replicationPassword =
        replicas &&
        (optionalSecretOf(replicas, "password", target("postgresql", "replication-password")) ?? password);
      const readReplicas = replicas && {
        ...readReplicasOf(replicas, { cpu: "1000m", memory: "2Gi" }),
        password: replicationPassword ?? password,
      };
      return {
        ...common(inner, { cpu: "2000m", memory: "4Gi" }),
        ...storageOf(inner, "20Gi"),
        password,
        applicationPassword:
          optionalSecretOf(inner, "applicationPassword", target("pistonprotection-secrets", "db-password")) ??
          password,
        readReplicas,
      };
    }),
    redis: read("redis", (inner) => {
      const replicas = inner.section("readReplicas");
      return {
        ...common(inner, { cpu: "1000m", memory: "2Gi" }),
        ...storageOf(inner, "8Gi"),
        password: secretOf(inner, "password", target("redis", "redis-password")),
        readReplicas: replicas && readReplicasOf(replicas, { cpu: "500m", memory: "1Gi" }),
      };
    }),
  };
  section.end();
  return Object.freeze(result);
}

function resourcesOf(section: Section, fallback: Resources): Resources {
  const inner = section.defaults("resources");
  const result = {
    cpu: inner.text("cpu", CPU, fallback.cpu),
    memory: inner.text("memory", BYTES, fallback.memory),
  };
  inner.end();
  return Object.freeze(result);
}

function replicasOf(section: Section, min: number, max: number) {
  const inner = section.defaults("replicas");
  const least = inner.number("min", REPLICAS, min);
  const most = inner.number("max", REPLICAS, Math.max(max, least));
  inner.end();
  if (most < least)
    section.fault("replicas", `${least} to ${most} replicas is upside down`, "make `max` at least `min`");
  return Object.freeze({ min: least, max: most });
}

function scalingOf(section: Section) {
  const requests = section.raw("requestsPerSecond");
  const result = {
    cpuPercent: section.number("cpuPercent", PERCENT, 70),
    memoryPercent: section.number("memoryPercent", PERCENT, 80),
    requestsPerSecond:
      requests === false
        ? null
        : section.number(
            "requestsPerSecond",
            { least: 1, most: 1_000_000, whole: true, unit: "requests a second" },
            1000,
          ),
  };
  section.end();
  return Object.freeze(result);
}

function storageOf(section: Section, fallback: string) {
  return {
    storage: section.text("storage", BYTES, fallback),
    storageClass: section.optionalText("storageClass", OBJECT_NAME),
  };
}

function readReplicasOf(section: Section, resources: Resources): ReadReplicasIr {
  const result = {
    count: section.number("count", { least: 1, most: 20, whole: true, unit: "servers" }),
    resources: resourcesOf(section, resources),
  };
  section.end();
  return Object.freeze(result);
}
