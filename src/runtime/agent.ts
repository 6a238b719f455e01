// The node agent: watch -> verify -> load -> prove -> commit -> observe. A bundle that fails anywhere on the way leaves
// the generation that serves in charge, and health and log say why.

import type { Bundle, IsKnown } from "../bundle/index.ts";
import { type AgentConfig, type ConfigChanges, NO_CHANGES } from "./config/index.ts";
import { BundleRefused, messageOf, RuntimeFault } from "./errors.ts";
import { EventCollector } from "./events/collector.ts";
import { collectorOptions } from "./events/options.ts";
import type { Operations } from "./http/http.ts";
import { Surface } from "./http/surface.ts";
import { readTrust, readVerified, TornBundle, type Trust } from "./intake/source.ts";
import { type BundleWatcher, watchBundle } from "./intake/watch.ts";
import { block, listBlocks, unblock } from "./kernel/blocks.ts";
import { detach } from "./kernel/detach.ts";
import { Fleet, type LoadResult } from "./kernel/fleet.ts";
import { defaultObjectPath, type ProgramObject, readProgramObject } from "./kernel/generation.ts";
import { pinnedFleets, pinnedInterfaces } from "./kernel/pins.ts";
import { type Step, shutDown, startUp } from "./lifecycle.ts";
import { type Logger, SILENT } from "./log.ts";
import { degraded, OK } from "./observe/components.ts";
import { DriftMonitor } from "./observe/drift.ts";
import { exportFinal } from "./observe/final-export.ts";
import type { HealthReport, Refusal } from "./observe/health.ts";
import { AgentReport } from "./report.ts";
import { ResourceManager } from "./resources/resources.ts";
import { Backoff, isTransient } from "./retry.ts";
import { SecurityManager } from "./security/manager.ts";

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly logger: Logger;
  /** What SIGHUP changes; nothing does where it is missing. */
  readonly changes?: ConfigChanges;
  /** Ends the start-up between two of its steps. */
  readonly signal?: AbortSignal;
}

export interface SyncResult {
  readonly result: "committed" | "unchanged" | "held" | "refused" | "failed" | "torn";
  readonly generation: string | null;
  readonly bundleDigest: string | null;
  readonly refused: Refusal | null;
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

export interface RollbackResult {
  readonly from: string | null;
  readonly generation: string;
  readonly bundleDigest: string;
}

const TICK_MS = 1000;
const CLOSE_MS = 10_000;
/** What waits for the sinks when the agent stops has so long to go out. */
const EVENTS_DRAIN_MS = 5_000;
/** Traffic of an interface that has lost its link is not filtered until the agent sees it. A glance costs 30 µs. */
const GLANCE_MS = 250;
/** A set of files that does not fit together is waited out so long: kubelet writes a volume in far less. */
const TORN_GRACE_MS = 60_000;

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
  readonly #pinPath: string;
  #trust: Trust;
  readonly #object: ProgramObject;
  readonly #report: AgentReport;
  readonly #security: SecurityManager;
  readonly #resources: ResourceManager;
  readonly #events: EventCollector;
  readonly #backoff: Backoff;
  #fleet: Fleet | null = null;
  #surface: Surface | null = null;
  #drift: DriftMonitor | null = null;
  #watcher: BundleWatcher | null = null;
  #tick: NodeJS.Timeout | null = null;
  #glance: NodeJS.Timeout | null = null;
  /** What a glance saw waits for its turn. */
  #glanced = false;
  /** performance.now() at which a set of files was first seen torn. */
  #tornSince: number | null = null;
  /** performance.now() at which to look again, although nothing has changed. */
  #retryAt: number | null = null;
  /** What stopped the last commit, where it was not the bundle's fault. */
  #commitFault: unknown = null;
  #queue: Promise<unknown> = Promise.resolve();
  #shutdown: AgentConfig["shutdown"];
  #sinks: AgentConfig["sinks"];
  #stopping = false;
  readonly #logger: Logger;
  readonly #subscriptions: (() => void)[] = [];

  constructor(options: AgentOptions) {
    const { config, logger, changes = NO_CHANGES } = options;
    this.#config = config;
    this.#changes = changes;
    this.#pinPath = config.bundle.pinPath;
    this.#shutdown = config.shutdown;
    this.#sinks = config.sinks;
    this.#logger = logger;
    this.#trust = readTrust(config.bundle.trustKeys, config.bundle.allowUnsigned);
    this.#object = readProgramObject(config.security.programFile ?? defaultObjectPath());
    this.#security = new SecurityManager({ config, elf: this.#object.elf, logger });
    this.#resources = new ResourceManager(config.resources);
    const reading = () => this.#resources.reading();
    this.#events = new EventCollector({ options: collectorOptions(config), logger, reading });
    this.#report = new AgentReport(logger, {
      events: this.#events,
      resources: this.#resources,
      backendChecks: config.health.backendChecks,
    });
    this.#backoff = new Backoff(config.retry);
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
    const { bundle } = this.#config;
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
        run: async () => {
          // From here on a change is seen, also one that comes while the first bundle is being read.
          this.#watcher = watchBundle(bundle.path, () => this.#syncSoon());
          await this.#exclusive(() => this.#takeOver());
          await this.syncRules();
          // What may be gone at the next attempt is tried again; anything else needs a hand, and an agent that says so and ends.
          const fault = this.#commitFault;
          if (fault && !this.#fleet?.serving && !isTransient(fault)) throw fault;
        },
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
          this.#tick = setInterval(() => void this.#exclusive(() => this.#onTick()), TICK_MS);
          this.#glance = setInterval(() => this.#glanceAtLinks(), GLANCE_MS);
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
      changes.onReload("bundle.trustKeys", (next) => this.#trustAnew(next)),
      changes.onChange("bundle.allowUnsigned", (next) => this.#trustAnew(next)),
      changes.onChange("health.backendChecks", (next) =>
        this.#report.checkBackends(next.health.backendChecks),
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
        subject: () => this.#fleet?.driftSubject() ?? null,
        wanted: () => this.#report.wanted,
        exclusive: (work) => this.#exclusive(work),
        metrics,
        components,
        logger: this.#logger,
      },
      this.#config.health.driftCheckSeconds,
    );
    this.#drift = drift;
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
    return {
      rollback: () => this.rollback(),
      status: () => ({ ...this.health(), agent: { pid: process.pid }, stats: this.#report.stats() }),
      syncRules: () => this.syncRules(),
      stats: () => this.#report.stats(),
      collectGarbage: () => this.#onFleet((fleet) => this.#report.collected(fleet.collectGarbage())),
      checkDrift: async () => this.#drift?.check() ?? null,
      block: (address, seconds) =>
        this.#onFleet((fleet) =>
          this.#report.blocked(block(fleet.blocks, address, seconds, (until) => fleet.announceBlock(until))),
        ),
      unblock: (address) => this.#onFleet((fleet) => this.#report.unblocked(unblock(fleet.blocks, address))),
      blocks: () =>
        this.#onFleet((fleet) => ({ blocks: listBlocks(fleet.blocks, (id) => fleet.ruleName(id)) })),
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
    const fleet = this.#fleet?.name ?? null;
    let exposition: string | null = null;
    return [
      {
        name: "stop accepting",
        timeoutMs: 5_000,
        run: () => {
          for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
          this.#drift?.close();
          this.#watcher?.close();
          for (const timer of [this.#tick, this.#glance]) if (timer) clearInterval(timer);
          this.#stopping = true;
        },
      },
      { name: "work in progress", timeoutMs: 10_000, run: () => this.#queue.then(nothing, nothing) },
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
          await this.#fleet?.close();
          this.#fleet = null;
          if (this.#shutdown.detachOnExit && fleet !== null) detach(this.#pinPath, fleet);
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

  /** Throws where a key cannot be read; then the keys of before stay. A bundle refused for its signature is judged anew. */
  #trustAnew({ bundle }: AgentConfig): void {
    this.#trust = readTrust(bundle.trustKeys, bundle.allowUnsigned);
    this.#syncSoon();
  }

  /** For those who do not wait for it. */
  #syncSoon(): void {
    this.syncRules().catch(nothing);
  }

  syncRules(): Promise<SyncResult> {
    return this.#exclusive(() => this.#sync());
  }

  rollback(): Promise<RollbackResult> {
    return this.#exclusive(async () => {
      const fleet = this.#loadedFleet();
      const { from, to } = fleet.rollBack();
      this.#report.rolledBack(fleet, from);
      return { from, generation: to.generation, bundleDigest: to.bundleDigest };
    });
  }

  #onFleet<T>(work: (fleet: Fleet) => T): Promise<T> {
    return this.#exclusive(async () => work(this.#loadedFleet()));
  }

  #loadedFleet(): Fleet {
    if (!this.#fleet) throw nothingLoaded(this.#pinPath);
    return this.#fleet;
  }

  /** One thing at a time: a sync, a roll-back, a tick. */
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    if (this.#stopping) return Promise.reject(stopping());
    const result = this.#queue.then(work, work);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Finds what an earlier agent left running for these interfaces, without the help of a bundle. */
  async #takeOver(): Promise<void> {
    const { interfaces, fleet } = this.#config.bundle;
    const serves = (name: string) => {
      const pinned = pinnedInterfaces(this.#pinPath, name);
      if (interfaces.length === 0) return pinned.length > 0;
      return pinned.some((entry) => interfaces.includes(entry));
    };
    const candidates = fleet ? [fleet] : pinnedFleets(this.#pinPath).filter(serves);
    if (candidates.length === 1) await this.#openFleet(candidates[0]!);
  }

  async #openFleet(name: string): Promise<Fleet> {
    const fleet = await Fleet.open({
      pinPath: this.#pinPath,
      fleet: name,
      interfaces: this.#config.bundle.interfaces,
      mode: this.#config.bundle.mode,
      holder: () => ({ pid: process.pid, operations: this.operationsAddress }),
    });
    this.#fleet = fleet;
    this.#report.fleetOpened(fleet);
    if (!fleet.serving) return fleet;
    this.#lookAfterInterfaces(fleet);
    for (const other of fleet.detachOthers()) this.#report.detached(fleet, other);
    this.#report.adopted(fleet, "which was serving");
    return fleet;
  }

  // ---- A bundle's way --------------------------------------------------------------------------------------------------

  /** Reads the bundle path and does what is to be done. Never rejects: what goes wrong is reported. */
  async #sync(): Promise<SyncResult> {
    this.#retryAt = null;
    this.#commitFault = null;
    const startedAt = performance.now();
    let bundle: Bundle | null = null;
    try {
      const fleet = this.#fleet;
      const isKnown: IsKnown = (...section) => fleet?.holdsTable(...section) ?? false;
      ({ bundle } = await readVerified(this.#config.bundle.path, this.#trust, isKnown));
      this.#tornSince = null;
      const result = await this.#load(bundle, startedAt);
      this.#backoff.reset();
      return this.#result(result);
    } catch (error) {
      if (error instanceof TornBundle && this.#waitOut()) return this.#result("torn");
      if (error instanceof BundleRefused) {
        this.#tornSince = null;
        // The watcher sees no change when a disk or a permission is mended.
        if (error.code === "unreadable") this.#tryAgain();
        this.#report.refusedBundle(error, bundle);
        return this.#result("refused");
      }
      if (!bundle) {
        this.#report.refusedBundle(unexpected(this.#config.bundle.path, error), null);
        return this.#result("refused");
      }
      this.#commitFault = error;
      this.#tryAgain();
      this.#report.commitFailed(error, bundle);
      return this.#result("failed");
    }
  }

  async #load(bundle: Bundle, startedAt: number): Promise<LoadResult["kind"]> {
    const verifyMs = Math.round((performance.now() - startedAt) * 100) / 100;
    const name = bundle.manifest.fleet.name;
    const fleet = this.#fleet ?? (await this.#openFleet(name));
    if (fleet.name !== name) throw wrongFleet(this.#config.bundle.path, name, fleet.name);
    if (fleet.refresh()) this.#report.adopted(fleet, "which another process has put in charge");
    this.#security.requireMemory(bundle);
    const result = fleet.load(bundle, this.#object);
    if (result.kind === "committed") {
      this.#report.committed(fleet, result, verifyMs, performance.now() - startedAt);
      fleet.sweep();
      this.#resources.releaseSoon();
    } else this.#report.nothingToDo(fleet, result.kind, bundle);
    return result.kind;
  }

  #tryAgain(): void {
    this.#retryAt = performance.now() + this.#backoff.next();
  }

  /** True while a set of files that does not fit together may still become whole. */
  #waitOut(): boolean {
    const now = performance.now();
    this.#tornSince ??= now;
    if (now - this.#tornSince > TORN_GRACE_MS) return false;
    this.#retryAt = now + TICK_MS;
    this.#report.torn(this.#config.bundle.path);
    return true;
  }

  #result(result: SyncResult["result"]): SyncResult {
    const serving = this.#fleet?.serving ?? null;
    const { generation = null, bundleDigest = null } = serving ?? {};
    return { result, generation, bundleDigest, refused: this.#report.refused };
  }

  // ---- Every second ----------------------------------------------------------------------------------------------------

  /** Looks whether the kernel is still as this process thinks. */
  async #onTick(): Promise<void> {
    const fleet = this.#fleet;
    if (fleet) {
      const rebuild = this.#lookAfterPins(fleet);
      this.#lookAfterInterfaces(fleet);
      if (rebuild) {
        await this.#sync();
        void this.#drift?.check(); // what it found meanwhile is no more
      }
    }
    if (this.#retryAt !== null && performance.now() >= this.#retryAt) await this.#sync();
  }

  #glanceAtLinks(): void {
    const fleet = this.#fleet;
    if (!fleet || this.#glanced || isAttached(fleet)) return;
    this.#glanced = true;
    void this.#exclusive(async () => {
      this.#lookAfterInterfaces(fleet);
      this.#glanced = false;
    });
  }

  /** True where the generation that serves has no pins, and is to be built anew. */
  #lookAfterPins(fleet: Fleet): boolean {
    try {
      const rebuild = fleet.restorePins();
      if (!rebuild) this.#report.pinsLookedAfter();
      return rebuild;
    } catch (error) {
      this.#report.pinsMissing(error);
      return false;
    }
  }

  #lookAfterInterfaces(fleet: Fleet): void {
    try {
      if (fleet.refresh()) this.#report.adopted(fleet, "which another process has put in charge");
      this.#drift?.checkLinks();
      for (const name of fleet.attachMissing()) this.#report.attached(fleet, name);
      this.#report.interfacesLookedAfter();
    } catch (error) {
      this.#report.attachFailed(error);
    }
  }
}

function stopping(): RuntimeFault {
  return new RuntimeFault({
    code: "stopping",
    operation: "take work",
    object: "agent",
    message: "the agent is ending, and takes no more work",
    help: "ask again when the next agent runs",
  });
}

/** What cannot be asked is looked after as if it were off. */
function isAttached(fleet: Fleet): boolean {
  try {
    return fleet.attachedWherePossible;
  } catch {
    return false;
  }
}

function nothingLoaded(pinPath: string): RuntimeFault {
  return new RuntimeFault({
    code: "nothing-loaded",
    operation: "find fleet",
    object: pinPath,
    message: "no fleet is loaded, so there is nothing to work on",
    help: "put a bundle at the bundle path",
  });
}

function wrongFleet(path: string, found: string, served: string): BundleRefused {
  return new BundleRefused("manifest", {
    code: "wrong-fleet",
    operation: "verify",
    object: path,
    message: `manifest: the bundle is of fleet ${found}, and this node serves fleet ${served}`,
    help: "give the agent its fleet's bundle, or detach the other fleet first",
  });
}

function nothing(): void {}

/** A bundle must not be able to end the agent, not even by a bug of the reader. */
function unexpected(path: string, cause: unknown): BundleRefused {
  return new BundleRefused("bundle", {
    code: "unexpected",
    operation: "verify",
    object: path,
    message: `the bundle cannot be read: ${messageOf(cause)}`,
    help: "this is a bug of PistonProtection: report it with the bundle",
    cause,
  });
}
