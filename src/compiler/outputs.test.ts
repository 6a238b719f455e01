// docs/OUTPUTS.md against what the compiler makes: every item of the operations guide has its output, and holds what it says.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compile } from "./compile.ts";
import { loadPolicies } from "./load/index.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** The items, read from the operations guide: a row that is taken out of the table is missed here. */
const ITEMS = `
scrape-gateway scrape-worker scrape-operator query-throughput query-packets query-attacks
query-drop-rate query-api-latency query-backend-health query-map-use dashboards-configmap
dashboard-overview dashboard-attacks dashboard-backends dashboard-workers dashboard-api
dashboard-per-fleet dashboard-per-backend alert-HighAttackVolume alert-ServiceDown
alert-AllBackendsUnhealthy alert-HighDropRate alert-ElevatedLatency alert-BackendDegraded
alert-EBPFMapNearCapacity alert-CertificateExpiringSoon alert-HighErrorRate alert-HighMemoryUsage
alert-HighCpuUsage alert-HighEventDropRate alerts-operator slack-critical slack-warning
alert-routes pagerduty alertmanager-operator trouble-not-filtered trouble-sync-rules
trouble-gc-maps trouble-scale-gateway trouble-health-check trouble-map-size script-cluster-health
script-traffic-analysis logs-errors logs-attacks logs-rate-limited logs-latency logs-drop-reasons
backup-what backup-database-now backup-cronjob backup-aws-credentials velero-location velero-backup
velero-schedule script-export recover-database recover-cluster rto-rpo dr-runbook gateway-hpa
worker-daemonset tiers-worker tiers-gateway tiers-table postgresql-primary postgresql-replicas
redis-master redis-replicas capacity-calculator network-policy-gateway network-policy-default
cilium-strict external-secret secret-store script-rotate-secrets rbac-service-account rbac-role
rbac-role-binding namespace-restricted namespace-workers audit-policy audit-query security-scan
ci-policies script-pre-upgrade upgrade rollback rollback-node certificate cluster-issuer
certificate-monitoring fluentd-config log-rotation argo-cd flux flux-oci bundle
`
  .trim()
  .split(/\s+/);

interface Row {
  readonly key: string;
  readonly where: string;
  readonly holds: readonly string[];
}

const ROWS: readonly Row[] = readFileSync(join(ROOT, "docs/OUTPUTS.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (key|---) /.test(line))
  .map((line) => {
    // A bar inside a cell is escaped.
    const [, key = "", , where = "", holds = ""] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return {
      key,
      where: where.replaceAll("`", ""),
      holds: [...holds.matchAll(/`([^`]+)`/g)].map(([, token]) => token!.replaceAll("\\|", "|")),
    };
  });

const { artifacts, diagnostics } = compile(await loadPolicies(join(ROOT, "policies")));

interface Output {
  readonly text: string;
  /** `Kind name` of each object. */
  readonly objects: readonly string[];
}

function outputOf(where: string): Output | null {
  if (where.startsWith("piston "))
    return {
      text: ["commands", "agent-commands", "compiler-commands"]
        .map((name) => readFileSync(join(ROOT, `src/cli/${name}.ts`), "utf8"))
        .join("\n"),
      objects: [],
    };
  if (where.startsWith("docs/")) {
    const path = join(ROOT, where);
    return existsSync(path) ? { text: readFileSync(path, "utf8"), objects: [] } : null;
  }
  const artifact = artifacts.find(({ path }) => `dist/${path}` === where);
  if (!artifact) return null;
  return {
    text: Buffer.from(artifact.bytes).toString(),
    objects: (artifact.objects ?? []).map(({ object }) => {
      const { kind, metadata } = object as { kind: string; metadata: { name: string } };
      return `${kind} ${metadata.name}`;
    }),
  };
}

/** An object's name may end in a digest. */
function holds({ text, objects }: Output, token: string): boolean {
  if (text.includes(token)) return true;
  return objects.some(
    (object) =>
      object === token || (/^-[0-9a-f]{10}$/.test(object.slice(token.length)) && object.startsWith(token)),
  );
}

describe("the table of outputs", () => {
  it("is of a sample site without faults", () => {
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("has every item of the guide once", () => {
    expect(ROWS.map(({ key }) => key)).toEqual(ITEMS);
    expect(new Set(ITEMS).size).toBe(ITEMS.length);
  });

  it.each(ROWS.map((row) => [row.key, row] as const))("%s has its output", (_, { where, holds: tokens }) => {
    const output = outputOf(where);
    expect(output, `${where} is not made`).not.toBeNull();
    expect(tokens.length).toBeGreaterThan(0);
    for (const token of tokens) {
      if (where.startsWith("piston ")) expect(output!.text).toMatch(new RegExp(`^  ${token}: \\{`, "m"));
      else expect(holds(output!, token), `${where} holds ${token}`).toBe(true);
    }
  });
});
