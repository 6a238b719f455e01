// Namespaces, node pools, fleets' deployments, source, certificates, backup and CI of a site.

import type {
  AgentIr,
  BackupIr,
  CertificatesIr,
  CiIr,
  FleetDeploymentIr,
  NamespaceIr,
  NamespacesIr,
  NodePoolIr,
  SourceIr,
} from "../../../ir/site.ts";
import type { NodeTaint, PodSecurityLevel, TrafficTier } from "../../../policy/index.ts";
import { suggest } from "../../diagnostics/index.ts";
import { fieldsOf, show } from "../untyped.ts";
import {
  BRANCH,
  BUCKET,
  BYTES,
  CERTIFICATE_NAME,
  CRON,
  DIRECTORY,
  DNS_LABEL,
  EMAIL,
  HOST_PORT,
  HTTP_URL,
  HTTPS_URL,
  MAX_UNAVAILABLE_TEXT,
  OBJECT_NAME,
  OCI_URL,
  REGION,
  WORD,
} from "./rules.ts";
import { secretOf } from "./secrets.ts";
import { Section, type TextRule } from "./section.ts";

export const TIERS = ["low", "medium", "high", "very-high"] as const satisfies readonly TrafficTier[];
const LEVELS = ["restricted", "baseline", "privileged"] as const satisfies readonly PodSecurityLevel[];

export function lowerNamespaces(section: Section): NamespacesIr {
  const own = (field: "platform" | "workers", name: string, level: PodSecurityLevel): NamespaceIr => {
    const inner = section.defaults(field);
    const result = {
      name: inner.text("name", DNS_LABEL, name),
      podSecurity: inner.choice("podSecurity", LEVELS, level),
      location: inner.location,
    };
    if (field === "workers" && result.podSecurity !== "privileged")
      inner.fault(
        "podSecurity",
        "the agents use the host's network and its BPF file system, which only `privileged` admits",
        "leave it out; nothing but agents runs in that namespace",
        "pod-security",
        result.podSecurity,
      );
    inner.end();
    return Object.freeze(result);
  };
  const neighbour = (field: string, name: string) => section.text(field, DNS_LABEL, name);
  const result: NamespacesIr = {
    platform: own("platform", "pistonprotection", "restricted"),
    workers: own("workers", "pistonprotection-workers", "privileged"),
    monitoring: neighbour("monitoring", "monitoring"),
    logging: neighbour("logging", "logging"),
    ingress: neighbour("ingress", "ingress-nginx"),
    argoCd: neighbour("argoCd", "argocd"),
    flux: neighbour("flux", "flux-system"),
    velero: neighbour("velero", "velero"),
  };
  if (result.platform.name === result.workers.name)
    section.fault(
      "workers",
      "the agents have the namespace of everything else",
      "give them their own: what they are allowed would be allowed to all",
      "pod-security",
    );
  section.end();
  return Object.freeze(result);
}

export function lowerNodePool(name: string, section: Section): NodePoolIr {
  const taints = section.list("taints", (raw) => {
    if (fieldsOf(raw) === null) {
      section.fault(
        "taints",
        "a taint is a record",
        'write `{ key: "dedicated", value: "edge", effect: "NoSchedule" }`',
      );
      return null;
    }
    const taint = new Section(raw, [...section.path, "taints"], section.context);
    const value = taint.optionalText("value", WORD);
    const result: NodeTaint = {
      key: taint.text("key", WORD),
      ...(value === null ? {} : { value }),
      effect: taint.choice("effect", ["NoSchedule", "PreferNoSchedule", "NoExecute"]),
    };
    taint.end();
    return Object.freeze(result);
  });
  const result: NodePoolIr = { name, labels: section.labels("labels"), taints, location: section.location };
  if (Object.keys(result.labels).length === 0)
    section.fault(
      "labels",
      "a pool without labels is every node",
      'write its nodes\' labels: `labels: { "node-pool": "edge" }`',
    );
  section.end();
  return Object.freeze(result);
}

export function nodePoolOf(section: Section, pools: Readonly<Record<string, NodePoolIr>>): NodePoolIr | null {
  const name = section.raw("nodePool");
  if (name === undefined) return null;
  const found = Object.entries(pools).find(([key]) => key === name)?.[1];
  if (found === undefined)
    section.fault(
      "nodePool",
      `there is no node pool ${show(name)}`,
      suggest(typeof name === "string" ? name : "", Object.keys(pools), "node pools"),
      "unknown-node-pool",
      name,
    );
  return found ?? null;
}

/** Of every fleet, whether the site speaks of it or not. */
export function lowerDeployments(
  section: Section,
  tier: TrafficTier,
  pools: Readonly<Record<string, NodePoolIr>>,
): Readonly<Record<string, FleetDeploymentIr>> {
  const names = new Set([...section.names(), ...section.context.surroundings.fleets]);
  const entries = [...names].map(
    (name) => [name, lowerDeployment(name, section.defaults(name), tier, pools)] as const,
  );
  return Object.freeze(Object.fromEntries(entries));
}

function lowerDeployment(
  name: string,
  section: Section,
  tier: TrafficTier,
  pools: Readonly<Record<string, NodePoolIr>>,
): FleetDeploymentIr {
  const { fleets } = section.context.surroundings;
  if (!fleets.includes(name))
    section.context.report(section.context.span(section.path), {
      code: "unknown-fleet",
      message: `no policy file exports a fleet \`${name}\``,
      help: suggest(name, fleets, "fleets"),
    });
  const chosen = section.choice("tier", TIERS, tier);
  const maxUnavailable =
    typeof section.raw("maxUnavailable") === "string"
      ? section.text("maxUnavailable", MAX_UNAVAILABLE_TEXT)
      : section.number("maxUnavailable", { least: 1, most: 10_000, whole: true, unit: "nodes" }, 1);
  const result: FleetDeploymentIr = {
    tier: chosen,
    nodePool: nodePoolOf(section, pools),
    maxUnavailable,
    agent: lowerAgent(section.defaults("agent"), chosen),
    location: section.location,
  };
  section.end();
  return Object.freeze(result);
}

function lowerAgent(section: Section, tier: TrafficTier): AgentIr {
  const result: AgentIr = {
    profile: section.choice(
      "profile",
      ["default", "high-volume", "constrained"],
      tier === "high" || tier === "very-high" ? "high-volume" : "default",
    ),
    logLevel: section.choice("logLevel", ["debug", "info", "warn", "error"], "info"),
    strict: section.flag("strict", false),
    statsd: section.optionalText("statsd", HOST_PORT),
    traces: section.optionalText("traces", HTTP_URL),
  };
  section.end();
  return Object.freeze(result);
}

export function lowerSource(section: Section): SourceIr {
  const result: SourceIr = {
    repository: section.text("repository", HTTPS_URL, "https://github.com/pistonprotection/pistonprotection"),
    branch: section.text("branch", BRANCH, "main"),
    directory: section.text("directory", DIRECTORY, "dist"),
    artifact: section.text("artifact", OCI_URL, "oci://ghcr.io/pistonprotection/manifests"),
  };
  section.end();
  return Object.freeze(result);
}

export function lowerCertificates(section: Section, domain: string | null): CertificatesIr {
  const issuer = section.defaults("issuer");
  const acme = issuer.section("acme");
  const result: CertificatesIr = {
    issuer: Object.freeze({
      kind: issuer.choice("kind", ["ClusterIssuer", "Issuer"]),
      name: issuer.text("name", OBJECT_NAME),
      acme:
        acme &&
        Object.freeze({
          email: acme.text("email", EMAIL),
          server: acme.text("server", HTTPS_URL, "https://acme-v02.api.letsencrypt.org/directory"),
          ingressClass: acme.text("ingressClass", DNS_LABEL, "nginx"),
        }),
    }),
    dnsNames: section.texts(
      "dnsNames",
      CERTIFICATE_NAME,
      domain === null ? [] : [`api.${domain}`, `dashboard.${domain}`],
    ),
    secretName: section.text("secretName", OBJECT_NAME, "pistonprotection-tls"),
    renewBefore: section.duration("renewBefore", "30d"),
    location: section.location,
  };
  if (result.dnsNames.length === 0)
    section.fault(
      "dnsNames",
      "the certificate is for no name",
      "name the hosts, or leave it out and set the site's `domain`",
    );
  for (const one of [issuer, acme, section]) one?.end();
  return Object.freeze(result);
}

/** Of objects in a bucket. */
const OBJECT_PREFIX: TextRule = {
  pattern: /^[\w.-]+(?:\/[\w.-]+)*\/$/,
  what: "a prefix",
  help: "write a path that ends in a slash: `db/`",
};

export function lowerBackup(section: Section, { platform }: NamespacesIr): BackupIr {
  const database = section.section("database");
  const configuration = section.section("configuration");
  const velero = section.section("velero");
  const target = (key: string) => ({ namespace: platform.name, name: "aws-credentials", key });
  const result: BackupIr = {
    bucket: section.text("bucket", BUCKET),
    region: section.text("region", REGION),
    database:
      database &&
      Object.freeze({
        schedule: database.text("schedule", CRON, "0 2 * * *"),
        prefix: database.text("prefix", OBJECT_PREFIX, "pistonprotection/db/"),
        keep: database.number("keep", { least: 1, most: 1000, whole: true, unit: "dumps" }, 7),
        storage: database.text("storage", BYTES, "20Gi"),
        accessKeyId: secretOf(database, "accessKeyId", target("access-key-id")),
        secretAccessKey: secretOf(database, "secretAccessKey", target("secret-access-key")),
        location: database.location,
      }),
    configuration:
      configuration &&
      Object.freeze({
        schedule: configuration.text("schedule", CRON, "30 2 * * *"),
        prefix: configuration.text("prefix", OBJECT_PREFIX, "pistonprotection/configuration/"),
        accessKeyId: secretOf(configuration, "accessKeyId", target("access-key-id")),
        secretAccessKey: secretOf(configuration, "secretAccessKey", target("secret-access-key")),
        location: configuration.location,
      }),
    velero:
      velero &&
      Object.freeze({
        schedule: velero.text("schedule", CRON, "0 3 * * *"),
        keepFor: velero.duration("keepFor", "168h"),
        storageLocation: velero.text("storageLocation", OBJECT_NAME, "default"),
        location: velero.location,
      }),
    location: section.location,
  };
  for (const one of [database, configuration, velero, section]) one?.end();
  return Object.freeze(result);
}

export function lowerCi(section: Section): CiIr {
  const result: CiIr = {
    provider: section.choice("provider", ["github-actions"]),
    runner: section.text("runner", WORD, "ubuntu-latest"),
    scanSchedule: section.text("scanSchedule", CRON, "0 0 * * *"),
    location: section.location,
  };
  section.end();
  return Object.freeze(result);
}
