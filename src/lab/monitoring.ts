// The Prometheus and the Alertmanager of Debian, run with what the compiler emitted, against agents that run: what the
// tests of alerts and dashboards ask instead of believing the generated files.
//
// The files of `dist/` are used as they are: `prometheus/prometheus.yml` reads its targets from files, which stand in
// for nodes. The site that they were compiled for says what else differs from an installation: short intervals, the
// Alertmanager's address. Only storage and listen address are given on the command line.

import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Daemon } from "./daemon.ts";

/** A file of `dist/`, as compile() gives it. */
export interface EmittedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** One series of an instant query. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: "pending" | "firing";
}

/** Where `dist/prometheus/prometheus.yml` reads its targets from. */
const TARGET_FOLDER = "prometheus/targets";

export class Monitoring {
  readonly #folder: string;
  readonly #bridges: Server[] = [];
  #prometheus: Daemon | null = null;
  #alertmanager: Daemon | null = null;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "piston-monitoring-"));
  }

  /** Puts files where the servers read them, under the paths of `dist/`. Before they start. */
  write(files: readonly EmittedFile[]): void {
    for (const { path, bytes } of files) {
      mkdirSync(dirname(join(this.#folder, path)), { recursive: true });
      writeFileSync(join(this.#folder, path), bytes);
    }
  }

  /** Has Prometheus scrape an agent whose metrics server listens on a Unix socket, in whatever network namespace. */
  async addAgent(metricsSocket: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    const bridge = createServer((client) => {
      const agent = connect(metricsSocket);
      for (const [one, other] of [
        [client, agent],
        [agent, client],
      ] as const)
        one.on("error", () => other.destroy());
      client.pipe(agent).pipe(client);
    });
    await new Promise<void>((resolve) => bridge.listen(0, "127.0.0.1", resolve));
    this.#bridges.push(bridge);
    const address = bridge.address();
    if (address === null || typeof address === "string") throw new Error("the bridge has no port");
    this.addTarget("pistonprotection-worker", `127.0.0.1:${address.port}`, labels);
  }

  /** A target of a job of the generated configuration, while Prometheus runs or before. */
  addTarget(job: string, address: string, labels: Readonly<Record<string, string>> = {}): void {
    const folder = join(this.#folder, TARGET_FOLDER, job);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${address.replaceAll(/[^0-9A-Za-z.]/g, "-")}.json`);
    // In one step: Prometheus reads the folder whenever it changes.
    writeFileSync(`${file}.new`, JSON.stringify([{ targets: [address], labels }]));
    renameSync(`${file}.new`, file);
  }

  /** @returns its URL */
  startPrometheus(): Promise<string> {
    this.#prometheus = new Daemon("prometheus", [
      `--config.file=${join(this.#folder, "prometheus/prometheus.yml")}`,
      `--storage.tsdb.path=${join(this.#folder, "prometheus-data")}`,
      "--web.listen-address=127.0.0.1:0",
    ]);
    return this.#prometheus.ready();
  }

  /** @returns its URL, which Prometheus has to know before it starts */
  startAlertmanager(): Promise<string> {
    this.#alertmanager = new Daemon("prometheus-alertmanager", [
      `--config.file=${join(this.#folder, "alertmanager/alertmanager.yml")}`,
      `--storage.path=${join(this.#folder, "alertmanager-data")}`,
      "--web.listen-address=127.0.0.1:0",
      // Alone: no peers, and no port for them.
      "--cluster.listen-address=",
    ]);
    return this.#alertmanager.ready();
  }

  /** Instant query. A scalar has no labels. Throws with Prometheus' message where it refuses the expression. */
  async query(expression: string): Promise<Sample[]> {
    const { resultType, result } = await this.#ask<QueryData>(
      `/api/v1/query?query=${encodeURIComponent(expression)}`,
    );
    if (resultType === "scalar") return [{ labels: {}, value: Number(result[1]) }];
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** Alerts that are pending or firing. */
  async alerts(): Promise<readonly Alert[]> {
    return (await this.#ask<{ alerts: readonly Alert[] }>("/api/v1/alerts")).alerts;
  }

  /** Names of all metrics that Prometheus has stored. */
  metricNames(): Promise<readonly string[]> {
    return this.#ask<readonly string[]>("/api/v1/label/__name__/values");
  }

  async targets(): Promise<readonly { readonly health: string; readonly scrapePool: string }[]> {
    return (
      await this.#ask<{ activeTargets: readonly { health: string; scrapePool: string }[] }>("/api/v1/targets")
    ).activeTargets;
  }

  async #ask<T>(path: string): Promise<T> {
    if (!this.#prometheus) throw new Error("Prometheus was not started");
    return ((await this.#prometheus.json(path)) as { data: T }).data;
  }

  /** What the servers have logged, for a message. */
  describe(): string {
    return `prometheus:\n${this.#prometheus?.log()}\nalertmanager:\n${this.#alertmanager?.log()}`;
  }

  async close(): Promise<void> {
    await Promise.all([this.#prometheus?.stop(), this.#alertmanager?.stop()]);
    for (const bridge of this.#bridges) bridge.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

type QueryData =
  | { readonly resultType: "scalar"; readonly result: readonly [number, string] }
  | {
      readonly resultType: "vector";
      readonly result: readonly { metric: Record<string, string>; value: [number, string] }[];
    };
