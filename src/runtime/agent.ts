// The node agent: its parts, put together, started and stopped in the order of the hardening document. What it is for stands
// in serving.ts.

import { type AgentConfig, type ConfigChanges, NO_CHANGES } from "./config/index.ts";
import { EventCollector } from "./events/collector.ts";
import { collectorOptions } from "./events/options.ts";
import type { Operations } from "./http/http.ts";
import { Surface } from "./http/surface.ts";
import { block, listBlocks, unblock } from "./kernel/blocks.ts";
import { detach } from "./kernel/detach.ts";
import { defaultObjectPath, readProgramObject } from "./kernel/generation.ts";
import { type Step, shutDown, startUp } from "./lifecycle.ts";
import { type Logger, SILENT } from "./log.ts";
import { degraded, OK } from "./observe/components.ts";
import { DriftMonitor } from "./observe/drift.ts";
import { exportFinal } from "./observe/final-export.ts";
import type { HealthReport } from "./observe/health.ts";
import { AgentReport } from "./report.ts";
import { ResourceManager } from "./resources/resources.ts";
import { SecurityManager } from "./security/manager.ts";
import { type RollbackResult, Serving, type SyncResult } from "./serving.ts";

export type { RollbackResult, SyncResult } from "./serving.ts";

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly logger: Logger;
  /** What SIGHUP changes; nothing does where it is missing. */
  readonly changes?: ConfigChanges;
  /** Ends the start-up between two of its steps. */
  readonly signal?: AbortSignal;
}

export interface Agent {
  /** `host:port` that it really listens on, or `unix:<path>`. */
  readonly metricsAddress: string;
  readonly operationsAddress: string | null;
  health(): HealthReport;
  /** Reads the bundle path now. */
  syncRules(): Promise<SyncResult>;
  rollback(): Promise<RollbackResult>;
  stop(): Promise<void>;
}

const CLOSE_MS = 10_000;
/** What waits for the sinks when the agent stops has so long to go out. */
const EVENTS_DRAIN_MS = 5_000;

/** Throws a RuntimeFault where it cannot start: a foreign program, an address that is taken, a missing interface, … */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const agent = new NodeAgent(options);
  try {
    await agent.start(options.signal);
  } catch (error) {
    await agent.close();
    throw error;
  }
  return agent;
}

class NodeAgent implements Agent {
  readonly #config: AgentConfig;
  readonly #changes: ConfigChanges;
  readonly #report: AgentReport;
  readonly #security: SecurityManager;
  readonly #serving: Serving;
  readonly #resources: ResourceManager;
  readonly #events: EventCollector;
  #surface: Surface | null = null;
  #drift: DriftMonitor | null = null;
  #shutdown: AgentConfig["shutdown"];
  #sinks: AgentConfig["sinks"];
  readonly #logger: Logger;
  readonly #subscriptions: (() => void)[] = [];

  constructor(options: AgentOptions) {
    const { config, logger, changes = NO_CHANGES } = options;
    this.#config = config;
    this.#changes = changes;
    this.#shutdown = config.shutdown;
    this.#sinks = config.sinks;
    this.#logger = logger;
    const object = readProgramObject(config.security.programFile ?? defaultObjectPath());
    this.#security = new SecurityManager({ config, elf: object.elf, logger });
    this.#resources = new ResourceManager(config.resources);
    const reading = () => this.#resources.reading();
    this.#events = new EventCollector({ options: collectorOptions(config), logger, reading });
    this.#report = new AgentReport(logger, {
      events: this.#events,
      resources: this.#resources,
      backendChecks: config.health.backendChecks,
    });
    this.#serving = new Serving({
      config,
      object,
      report: this.#report,
      requireMemory: (bundle) => this.#security.requireMemory(bundle),
      onCommit: () => this.#resources.releaseSoon(),
      operationsAddress: () => this.operationsAddress,
    });
  }

  get metricsAddress(): string {
    return this.#surface?.metricsAddress ?? "";
  }

  get operationsAddress(): string | null {
    return this.#surface?.operationsAddress ?? null;
  }

  async start(signal?: AbortSignal): Promise<void> {
    await startUp(this.#startSteps(), this.#logger, signal);
    this.#report.started(this.metricsAddress, this.operationsAddress);
  }

  /** In the order of the hardening document. */
  #startSteps(): Step[] {
    const security = this.#security;
    return [
      { name: "security environment", timeoutMs: 5_000, run: () => security.require("environment") },
      {
        name: "resources",
        timeoutMs: 5_000,
        run: async () => {
          security.require("resources");
          // Before anything is done to the kernel: an address that is taken must not leave half an agent behind.
          await this.#listen();
        },
      },
      { name: "kernel", timeoutMs: 5_000, run: () => security.require("kernel") },
      { name: "permissions", timeoutMs: 5_000, run: () => security.require("permissions") },
      {
        name: "components",
        timeoutMs: 60_000,
        run: () => this.#serving.start(),
      },
      {
        name: "health",
        timeoutMs: 5_000,
        run: () => {
          this.#subscribe();
          this.#watchDrift();
          this.#watchSecurity();
        },
      },
      {
        name: "monitoring",
        timeoutMs: 5_000,
        run: () => {
          this.#resources.onChange((reading, before) => {
            this.#report.pressureChanged(reading, before);
            this.#surface?.spare(reading.pressure.fds);
          });
          this.#resources.start();
          this.#serving.lookAfter();
          this.#resources.releaseSoon();
        },
      },
      { name: "events", timeoutMs: 5_000, run: () => this.#report.beginEvents() },
    ];
  }

  async #listen(): Promise<void> {
    const { metrics, components } = this.#report;
    this.#surface = await Surface.open(this.#config.listen, {
      metrics,
      components,
      logger: this.#logger,
      changes: this.#changes,
      health: () => this.health(),
      operations: this.#operations(),
    });
  }

  #subscribe(): void {
    const changes = this.#changes;
    const state = changes.state();
    if (state) {
      const { components } = this.#report;
      components.provide({ config: () => changes.state() });
      components.register("config", () => {
        const refused = changes.state()?.refused ?? null;
        return refused === null ? OK : degraded(`not as its sources say: ${refused}`);
      });
    }
    this.#subscriptions.push(
      changes.onReload("bundle.trustKeys", (next) => this.#serving.trust(next.bundle)),
      changes.onChange("bundle.allowUnsigned", (next) => this.#serving.trust(next.bundle)),
      changes.onChange("health.backendChecks", (next) =>
        this.#report.backends.turn(next.health.backendChecks),
      ),
      ...(["events.rateLimit", "events.backpressure", "events.circuitBreaker", "sinks"] as const).map(
        (path) =>
          changes.onChange(path, (next) => {
            this.#events.configure(collectorOptions(next));
            this.#sinks = next.sinks;
          }),
      ),
      changes.onChange("resources", (next) => this.#resources.configure(next.resources)),
      changes.onChange("shutdown", (next) => {
        this.#shutdown = next.shutdown;
      }),
    );
  }

  #watchDrift(): void {
    const { metrics, components } = this.#report;
    const drift = new DriftMonitor(
      {
        subject: () => this.#serving.fleet?.driftSubject() ?? null,
        wanted: () => this.#report.wanted,
        exclusive: (work) => this.#serving.exclusive(work),
        metrics,
        components,
        logger: this.#logger,
      },
      this.#config.health.driftCheckSeconds,
    );
    this.#drift = drift;
    this.#serving.drift = drift;
    this.#report.drift = () => drift.report();
    this.#subscriptions.push(
      this.#changes.onChange("health.driftCheckSeconds", (next) =>
        drift.every(next.health.driftCheckSeconds),
      ),
    );
  }

  #watchSecurity(): void {
    const security = this.#security;
    const { metrics, components } = this.#report;
    metrics.security = () => security;
    components.register("security", () => security.reading());
    security.every(this.#config.security.checkIntervalSeconds);
    this.#subscriptions.push(
      this.#changes.onChange("security.checkIntervalSeconds", (next) =>
        security.every(next.security.checkIntervalSeconds),
      ),
      () => security.close(),
    );
  }

  #operations(): Operations {
    const serving = this.#serving;
    return {
      rollback: () => this.rollback(),
      status: () => ({ ...this.health(), agent: { pid: process.pid }, stats: this.#report.stats() }),
      syncRules: () => this.syncRules(),
      stats: () => this.#report.stats(),
      collectGarbage: () => serving.onFleet((fleet) => this.#report.collected(fleet.collectGarbage())),
      checkDrift: async () => this.#drift?.check() ?? null,
      block: (address, seconds) =>
        serving.onFleet((fleet) =>
          this.#report.blocked(block(fleet.blocks, address, seconds, (until) => fleet.announceBlock(until))),
        ),
      unblock: (address) =>
        serving.onFleet((fleet) => this.#report.unblocked(unblock(fleet.blocks, address))),
      blocks: () =>
        serving.onFleet((fleet) => ({ blocks: listBlocks(fleet.blocks, (id) => fleet.ruleName(id)) })),
    };
  }

  async stop(): Promise<void> {
    this.#report.stopping(this.#shutdown.detachOnExit);
    await shutDown(this.#stopSteps(), this.#shutdown.timeoutSeconds * 1000, this.#logger);
  }

  /** After a start that failed: what has begun ends, and nothing is said of it. */
  close(): Promise<void> {
    return shutDown(this.#stopSteps().slice(0, -1), CLOSE_MS, SILENT);
  }

  /** In the order of the hardening document. */
  #stopSteps(): Step[] {
    const fleet = this.#serving.fleet?.name ?? null;
    let exposition: string | null = null;
    return [
      {
        name: "stop accepting",
        timeoutMs: 5_000,
        run: () => {
          for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
          this.#drift?.close();
          this.#serving.stopAccepting();
        },
      },
      { name: "work in progress", timeoutMs: 10_000, run: () => this.#serving.drained() },
      // The worker ends even where its sinks do not.
      {
        name: "events",
        timeoutMs: EVENTS_DRAIN_MS + 2_000,
        run: () => this.#events.close(EVENTS_DRAIN_MS),
      },
      {
        name: "components",
        timeoutMs: 5_000,
        run: async () => {
          exposition = await this.#report.metrics.exposition();
          this.#report.close();
          this.#resources.close();
        },
      },
      {
        name: "resources",
        timeoutMs: 5_000,
        run: async () => {
          await this.#surface?.close();
          await this.#serving.close();
          if (this.#shutdown.detachOnExit && fleet !== null) detach(this.#config.bundle.pinPath, fleet);
        },
      },
      {
        name: "final metrics",
        timeoutMs: 5_000,
        run: () => exportFinal(exposition ?? "", { ...this.#sinks, file: this.#shutdown.metricsFile }),
      },
    ];
  }

  health(): HealthReport {
    return this.#report.health();
  }

  syncRules(): Promise<SyncResult> {
    return this.#serving.syncRules();
  }

  rollback(): Promise<RollbackResult> {
    return this.#serving.rollback();
  }
}
