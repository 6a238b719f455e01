import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { siteOf } from "../site-fixture.ts";
import { emitPrometheus } from "./index.ts";

const DIST = fileURLToPath(new URL("../../../../dist/", import.meta.url));
const read = (path: string) => readFileSync(join(DIST, path), "utf8");

function checkConfig(file: string): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "config", file], { encoding: "utf8" });
  return { status, output: stdout + stderr };
}

interface ScrapeConfig {
  readonly job_name: string;
  readonly kubernetes_sd_configs?: readonly {
    readonly role: string;
    readonly namespaces: { readonly names: readonly string[] };
  }[];
  readonly relabel_configs?: readonly {
    readonly source_labels: readonly string[];
    readonly regex?: string;
    readonly action?: string;
  }[];
}
interface Configuration {
  readonly scrape_configs: readonly ScrapeConfig[];
}

describe("the Prometheus configuration in dist/", () => {
  it.each(["", ...readdirSync(join(DIST, "environments")).map((name) => `environments/${name}/`)])(
    "%sprometheus/prometheus.yml passes promtool, with the rules beside it",
    (root) => {
      const { status, output } = checkConfig(join(DIST, root, "prometheus/prometheus.yml"));
      expect(output).toContain("2 rule files found");
      expect(output).not.toContain("FAILED");
      expect(status).toBe(0);
    },
  );

  it("kubernetes.yml passes too, but for the discovery that Debian's promtool is built without", () => {
    const configuration = parse(read("prometheus/kubernetes.yml")) as Configuration;
    const folder = mkdtempSync(join(tmpdir(), "piston-prometheus-"));
    mkdirSync(join(folder, "prometheus"));
    const file = join(folder, "prometheus/kubernetes.yml");
    const scrape_configs = configuration.scrape_configs.map(({ job_name, relabel_configs }) => ({
      job_name,
      relabel_configs,
      static_configs: [{ targets: ["127.0.0.1:1"] }],
    }));
    writeFileSync(file, stringify({ ...configuration, scrape_configs }));
    const { status, output } = checkConfig(file);
    rmSync(folder, { recursive: true });
    expect(output).not.toContain("FAILED");
    expect(status).toBe(0);
  });

  it("kubernetes.yml finds gateways by their Service's endpoints and workers by their pods' label", () => {
    const { scrape_configs } = parse(read("prometheus/kubernetes.yml")) as Configuration;
    const found = scrape_configs.map(({ job_name, kubernetes_sd_configs, relabel_configs }) => ({
      job_name,
      sd: kubernetes_sd_configs,
      keeps: relabel_configs
        ?.filter(({ action }) => action === "keep")
        .map(({ source_labels, regex }) => [source_labels[0], regex]),
    }));
    expect(found.at(0)).toEqual({
      job_name: "pistonprotection-gateway",
      sd: [{ role: "endpoints", namespaces: { names: ["pistonprotection"] } }],
      keeps: [
        ["__meta_kubernetes_service_name", "pistonprotection-gateway"],
        ["__meta_kubernetes_endpoint_port_name", "metrics"],
      ],
    });
    expect(found.at(-1)).toEqual({
      job_name: "pistonprotection-worker",
      sd: [{ role: "pod", namespaces: { names: ["pistonprotection-workers"] } }],
      keeps: [
        ["__meta_kubernetes_pod_label_app", "pistonprotection-worker"],
        ["__meta_kubernetes_pod_container_port_name", "metrics"],
      ],
    });
  });
});

describe("a site", () => {
  const files = (site: Parameters<typeof emitPrometheus>[0]) =>
    new Map(emitPrometheus(site).map(({ path, bytes }) => [path, new TextDecoder().decode(bytes)]));

  it("without services of its own scrapes its agents, at its own pace", () => {
    const own = files(
      siteOf({
        prometheus: { scrapeInterval: "30s", evaluationInterval: "1m", alertmanagers: ["am.example:9093"] },
      }),
    );
    expect([...own.keys()]).toEqual(["prometheus/prometheus.yml", "prometheus/kubernetes.yml"]);
    expect(parse(own.get("prometheus/prometheus.yml")!)).toMatchObject({
      global: { scrape_interval: "30s", scrape_timeout: "10s", evaluation_interval: "1m" },
      alerting: { alertmanagers: [{ static_configs: [{ targets: ["am.example:9093"] }] }] },
      scrape_configs: [{ job_name: "pistonprotection-worker" }],
    });
  });

  it("with a gateway has a ServiceMonitor for it, unless it has no operator", () => {
    const workloads = { gateway: { replicas: { min: 1, max: 2 } } };
    const monitor = parse(files(siteOf({ workloads })).get("manifests/monitoring/service-monitors.yaml")!);
    new ServiceMonitor(monitor).validate();
    expect(monitor.spec).toMatchObject({
      selector: { matchLabels: { app: "pistonprotection-gateway" } },
      endpoints: [{ port: "metrics", interval: "15s", scrapeTimeout: "10s" }],
    });
    expect([...files(siteOf({ workloads, prometheus: { operator: false } })).keys()]).toHaveLength(2);
  });
});
