// What the kernel counts and what the agent knows, to the metrics of the catalogue. Read at each exposition.

import {
  type API_METHODS,
  type API_ROUTES,
  BACKEND_STATUSES,
  type Bounded,
  bounded,
  DRIFT_PARTS,
  DRIFT_RESULTS,
  DRIFT_STATES,
  RESOURCES,
  type STATUS_CLASSES,
} from "../../metrics/catalogue.ts";
import { MetricRegister, type Row } from "../../metrics/register.ts";
import { eventMetrics } from "../events/metrics.ts";
import type { EventStats, Latency } from "../events/stats.ts";
import type { CertificateInfo } from "../http/tls.ts";
import type { Accounts } from "../kernel/accounting.ts";
import type { ResourceReading } from "../resources/resources.ts";
import type { Finding, Level } from "../security/finding.ts";
import type { Component, ComponentState, HealthReport } from "./health.ts";

export interface MapUse {
  readonly name: string;
  /** null where it does not fill up at run time. */
  readonly entries: number | null;
  readonly maxEntries: number;
  readonly memoryBytes: number;
}

export interface SecurityReading {
  readonly findings: readonly Finding[];
  readonly checkedAtMs: number | null;
}

export interface MetricsInput {
  readonly health: HealthReport;
  /** null before a generation serves. */
  readonly accounts: Accounts | null;
  readonly maps: readonly MapUse[];
  readonly events: EventStats;
  readonly recentLatency: Latency;
  /** Milliseconds since 1970; 0 before the first commit. */
  readonly committedAtMs: number;
  readonly resources: ResourceReading;
}

const FINDING_VALUE: Readonly<Record<Level, number>> = { ok: 1, warning: 0.5, error: 0 };
const HEALTH_VALUE: Readonly<Record<ComponentState, number>> = { ok: 1, degraded: 0.5, failed: 0 };
export type SwapResult = "committed" | "refused" | "failed" | "rolled-back";

/** A request that was answered. */
export interface ApiCall {
  readonly route: (typeof API_ROUTES)[number];
  readonly method: (typeof API_METHODS)[number];
  readonly status: (typeof STATUS_CLASSES)[number];
}
const SWAP_RESULTS: readonly SwapResult[] = ["committed", "refused", "failed", "rolled-back"];

export class AgentMetrics {
  readonly #register = new MetricRegister();
  readonly #swaps = this.#register.counter("generation_swaps_total");
  readonly #refused = this.#register.counter("bundle_refused_total");
  readonly #swapSeconds = this.#register.histogram("swap_duration_seconds");
  readonly #driftChecks = this.#register.counter("drift_checks_total");
  readonly #driftFound = this.#register.counter("drift_found_total");
  #fleet: Bounded<"fleet"> | null = null;
  readonly #apiSeconds = this.#register.histogram("api_latency");

  #security() {
    const check = this.#register.gauge("security_check");
    const checkedAt = this.#register.gauge("security_checked_timestamp_seconds");
    return () => {
      const found = this.security();
      if (!found) return;
      check.replace(found.findings.map((one) => [{ check: one.check }, FINDING_VALUE[one.level]]));
      checkedAt.replace(found.checkedAtMs === null ? [] : [[{}, found.checkedAtMs / 1000]]);
    };
  }

  /** The certificate in force; null without TLS. Set by whoever has one. */
  certificate: () => CertificateInfo | null = () => null;

  /** What the security checks found; null where nobody checks. Set by whoever does. */
  security: () => SecurityReading | null = () => null;

  constructor(version: string, read: () => MetricsInput) {
    const startedAt = Date.now() / 1000 - process.uptime();
    this.#register.gauge("build_info").set({ version: bounded("version", version) }, 1);
    this.#register.gauge("process_start_time_seconds").set({}, startedAt);
    const mirrors = [
      this.#events(),
      this.#kernel(),
      this.#generation(),
      this.#backends(),
      this.#drift(),
      this.#security(),
      this.#agent(),
    ];
    this.#register.beforeExposition(() => {
      const input = read();
      for (const mirror of mirrors) mirror(input);
    });
  }

  get contentType(): string {
    return this.#register.contentType;
  }

  exposition(): Promise<string> {
    return this.#register.exposition();
  }

  /** Counters that are not there cannot be alerted on: they begin at zero when the fleet is known. */
  fleetKnown(name: string): void {
    const fleet = bounded("fleet", name);
    this.#fleet = fleet;
    for (const result of SWAP_RESULTS) this.#swaps.inc({ fleet, result }, 0);
    for (const result of DRIFT_RESULTS) this.#driftChecks.inc({ fleet, result }, 0);
    for (const part of DRIFT_PARTS) this.#driftFound.inc({ fleet, part }, 0);
  }

  driftChecked(result: (typeof DRIFT_RESULTS)[number]): void {
    if (this.#fleet) this.#driftChecks.inc({ fleet: this.#fleet, result });
  }

  driftFound(part: (typeof DRIFT_PARTS)[number]): void {
    if (this.#fleet) this.#driftFound.inc({ fleet: this.#fleet, part });
  }

  apiCall(call: ApiCall, seconds: number): void {
    this.#apiSeconds.observe(call, seconds);
  }

  swap(name: string, result: SwapResult, seconds?: number): void {
    const fleet = bounded("fleet", name);
    this.#swaps.inc({ fleet, result });
    if (seconds !== undefined) this.#swapSeconds.observe({ fleet }, seconds);
  }

  /** `part` loses what would make a series for each witness and shard. */
  refused(fleet: string, part: string): void {
    const kind = bounded("part of a bundle", /^(witness|shard) /.exec(part)?.[1] ?? part);
    this.#refused.inc({ fleet: bounded("fleet", fleet), part: kind });
  }

  #kernel() {
    const register = this.#register;
    const trafficPackets = register.counter("traffic_packets_total");
    const trafficBytes = register.counter("traffic_bytes_total");
    const droppedPackets = register.counter("packets_dropped_total");
    const droppedBytes = register.counter("bytes_dropped_total");
    const reasonPackets = register.counter("reason_packets_total");
    const reasonBytes = register.counter("reason_bytes_total");
    const rulePackets = register.counter("rule_packets_total");
    const ruleBytes = register.counter("rule_bytes_total");
    const attacks = register.counter("attacks_detected_total");
    const samples = register.counter("samples_total");
    const entries = register.gauge("ebpf_map_entries");
    const maxEntries = register.gauge("ebpf_map_max_entries");
    const memory = register.gauge("ebpf_map_memory_bytes");
    return ({ health, accounts, maps, events }: MetricsInput) => {
      const labelled = maps.map((map) => ({ ...map, labels: { map_name: bounded("map", map.name) } }));
      maxEntries.replace(labelled.map((map) => [map.labels, map.maxEntries]));
      memory.replace(labelled.map((map) => [map.labels, map.memoryBytes]));
      entries.replace(
        labelled.flatMap((map): Row<"ebpf_map_entries">[] =>
          map.entries === null ? [] : [[map.labels, map.entries]],
        ),
      );
      if (health.fleet === null || !accounts) return;
      const fleet = bounded("fleet", health.fleet);
      const { traffic, dropped, reasons, rules } = accounts;
      trafficPackets.mirror([[{ fleet }, traffic.packets]]);
      trafficBytes.mirror([[{ fleet }, traffic.bytes]]);
      droppedPackets.mirror([[{ fleet }, dropped.packets]]);
      droppedBytes.mirror([[{ fleet }, dropped.bytes]]);
      reasonPackets.mirror(
        reasons.map(({ reason, verdict, count }) => [{ fleet, reason, verdict }, count.packets]),
      );
      reasonBytes.mirror(
        reasons.map(({ reason, verdict, count }) => [{ fleet, reason, verdict }, count.bytes]),
      );
      rulePackets.mirror(rules.map(({ labels, count }) => [labels, count.packets]));
      ruleBytes.mirror(rules.map(({ labels, count }) => [labels, count.bytes]));
      attacks.mirror(
        [...accounts.attacks].map(([name, packets]) => [
          { fleet, backend: bounded("backend", name) },
          packets,
        ]),
      );
      samples.mirror([[{ fleet }, events.read]]);
    };
  }

  #events() {
    const mirror = eventMetrics(this.#register);
    return ({ events, recentLatency }: MetricsInput) => mirror(events, recentLatency);
  }

  #generation() {
    const register = this.#register;
    const info = register.gauge("generation_info");
    const committedAt = register.gauge("generation_committed_timestamp_seconds");
    const attached = register.gauge("interface_attached");
    return ({ health, committedAtMs }: MetricsInput) => {
      const { generation, bundleDigest, revision } = health;
      if (health.fleet === null || generation === null || bundleDigest === null || revision === null) return;
      const fleet = bounded("fleet", health.fleet);
      const labels = {
        fleet,
        generation: bounded("generation", generation),
        bundle_digest: bounded("digest", bundleDigest),
        revision: bounded("revision", revision),
      };
      info.replace([[labels, 1]]);
      committedAt.replace([[{ fleet }, committedAtMs / 1000]]);
      attached.replace(
        health.interfaces.map((entry) => [
          { fleet, interface: bounded("interface", entry.name), mode: entry.mode },
          Number(entry.attached),
        ]),
      );
    };
  }

  #backends() {
    const status = this.#register.gauge("backend_health");
    const healthy = this.#register.gauge("backend_healthy_origins");
    const total = this.#register.gauge("backend_total_origins");
    return ({ health }: MetricsInput) => {
      const fleet = bounded("fleet", health.fleet ?? "");
      const all = health.backends.map((one) => ({
        ...one,
        labels: { fleet, backend: bounded("backend", one.backend) },
      }));
      const known = all.filter((one) => one.status !== "unknown");
      total.replace(all.map(({ labels, totalOrigins }) => [labels, totalOrigins]));
      healthy.replace(known.map(({ labels, healthyOrigins }) => [labels, healthyOrigins]));
      status.replace(
        known.flatMap(({ labels, status }) =>
          BACKEND_STATUSES.map(
            (one): Row<"backend_health"> => [{ ...labels, status: one }, Number(one === status)],
          ),
        ),
      );
    };
  }

  /** `drift` null: no agent that checks. */
  #drift() {
    const state = this.#register.gauge("drift_state");
    const checkedAt = this.#register.gauge("drift_checked_timestamp_seconds");
    return ({ health: { fleet: name, drift } }: MetricsInput) => {
      if (name === null || drift === null) return;
      const fleet = bounded("fleet", name);
      state.replace(DRIFT_STATES.map((one) => [{ fleet, state: one }, Number(one === drift.state)]));
      const { checkedAt: at } = drift;
      checkedAt.replace(at === null ? [] : [[{ fleet }, Date.parse(at) / 1000]]);
    };
  }

  #agent() {
    const register = this.#register;
    const components = register.gauge("component_health");
    const errors = register.counter("component_errors_total");
    const memory = register.gauge("process_resident_memory_bytes");
    const cpu = register.counter("process_cpu_seconds_total");
    const fds = register.gauge("process_open_fds");
    const fdLimit = register.gauge("process_max_fds");
    const threads = register.gauge("process_threads");
    const expiry = register.gauge("certificate_expiry_seconds");
    const ratio = register.gauge("resource_usage_ratio");
    const pressure = register.gauge("resource_pressure_level");
    const lag = register.gauge("event_loop_lag_seconds");
    return ({ health, resources }: MetricsInput) => {
      components.replace(
        Object.entries(health.components).map(([name, { state }]) => [
          { component: name as Component },
          HEALTH_VALUE[state],
        ]),
      );
      errors.mirror(
        Object.entries(health.components).map(([name, { errors }]) => [
          { component: name as Component },
          errors,
        ]),
      );
      const certificate = this.certificate();
      expiry.replace(
        certificate
          ? [
              [
                { domain: bounded("certificate", certificate.domain) },
                (certificate.expiresAtMs - Date.now()) / 1000,
              ],
            ]
          : [],
      );
      memory.set({}, process.memoryUsage.rss());
      const { user, system } = process.cpuUsage(); // microseconds
      cpu.mirror([[{}, (user + system) / 1e6]]);
      fds.set({}, resources.fds);
      fdLimit.set({}, resources.fdLimit);
      threads.set({}, resources.threads);
      const ratios = { memory: resources.memoryRatio, cpu: resources.cpuRatio, fds: resources.fdRatio };
      for (const resource of RESOURCES) {
        ratio.set({ resource }, ratios[resource]);
        pressure.set({ resource }, resources.pressure[resource]);
      }
      lag.set({}, resources.eventLoopLagMs / 1000);
    };
  }
}
