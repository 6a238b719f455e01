// The node agent: watch -> verify -> load -> prove -> commit -> observe. A bundle that fails anywhere on the way leaves
// the generation that serves in charge, and health and log say why.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Bundle } from "../bundle/index.ts";
import { VERSION } from "../version.ts";
import { detach } from "./detach.ts";
import { BundleRefused, describeFault, errnoOf, messageOf, RuntimeFault } from "./errors.ts";
import { Fleet, type LoadResult } from "./fleet.ts";
import { type ProgramObject, readProgramObject } from "./generation.ts";
import { type HealthReport, healthReport, type Refusal, type SwapSummary } from "./health.ts";
import { type HttpServer, serveMetrics, serveOperations } from "./http.ts";
import type { AttachMode } from "./links.ts";
import type { Logger } from "./log.ts";
import { AgentMetrics } from "./metrics.ts";
import { DEFAULT_PIN_PATH, pinnedFleets, pinnedInterfaces } from "./pins.ts";
import { readSamples, type SampleReader } from "./samples.ts";
import { readTrust, readVerified, TornBundle, type Trust, type VerifiedBundle } from "./source.ts";
import { type BundleWatcher, watchBundle } from "./watch.ts";

export interface AgentOptions {
  /** A *.bundle file, a directory with one, or a directory of shards. */
  readonly bundlePath: string;
  /** Empty: those that the fleet's policy names. */
  readonly interfaces?: readonly string[];
  /** null: as the fleet's policy says. */
  readonly mode?: AttachMode | null;
  /** Public keys in PEM, or directories of them. Without any, every bundle is refused unless allowUnsigned. */
  readonly trustKeys?: readonly string[];
  readonly allowUnsigned?: boolean;
  /** Only for taking over what is pinned where no bundle can be read and several fleets are pinned. */
  readonly fleet?: string | null;
  readonly pinPath?: string;
  readonly objectPath?: string;
  readonly metricsAddress?: string;
  /** On loopback; null: none. */
  readonly operationsAddress?: string | null;
  /** Take the program off when the agent stops. Else filtering goes on without it. */
  readonly detachOnExit?: boolean;
  readonly logger: Logger;
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
/** A set of files that does not fit together is waited out so long: kubelet writes a volume in far less. */
const TORN_GRACE_MS = 60_000;
const RETRY_MS = 5_000;

/** Throws a RuntimeFault where it cannot start: a foreign program, an address that is taken, a missing interface, … */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const agent = new NodeAgent(options);
  try {
    await agent.start();
  } catch (error) {
    await agent.close();
    throw error;
  }
  return agent;
}

class NodeAgent implements Agent {
  readonly #options: AgentOptions;
  readonly #logger: Logger;
  readonly #pinPath: string;
  readonly #trust: Trust;
  readonly #object: ProgramObject;
  readonly #metrics: AgentMetrics;
  #fleet: Fleet | null = null;
  #samples: SampleReader | null = null;
  #sampled = 0;
  #metricsServer: HttpServer | null = null;
  #operationsServer: HttpServer | null = null;
  #watcher: BundleWatcher | null = null;
  #tick: NodeJS.Timeout | null = null;
  #lastSwap: SwapSummary | null = null;
  #refused: Refusal | null = null;
  /** performance.now() at which a set of files was first seen torn. */
  #tornSince: number | null = null;
  #retryAt: number | null = null;
  /** What stopped the first commit, where it was not the bundle's fault. */
  #startFault: unknown = null;
  #attachFault = "";
  #said = "";
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#pinPath = options.pinPath ?? DEFAULT_PIN_PATH;
    this.#trust = readTrust(options.trustKeys ?? [], options.allowUnsigned ?? false);
    this.#object = readProgramObject(options.objectPath ?? defaultObjectPath());
    this.#metrics = new AgentMetrics(VERSION, () => ({
      health: this.health(),
      accounts: this.#fleet?.accounts() ?? null,
      maps: this.#fleet?.mapUse() ?? [],
      samples: this.#sampled + (this.#samples?.count ?? 0),
      committedAtMs: this.#fleet?.journal.committedAtMs ?? 0,
    }));
  }

  get metricsAddress(): string {
    return this.#metricsServer?.address ?? "";
  }

  get operationsAddress(): string | null {
    return this.#operationsServer?.address ?? null;
  }

  async start(): Promise<void> {
    const { metricsAddress = ":9090", operationsAddress = "127.0.0.1:9091", bundlePath } = this.#options;
    this.#metricsServer = await serveMetrics(metricsAddress, this.#metrics, () => this.health());
    if (operationsAddress !== null) {
      this.#operationsServer = await serveOperations(operationsAddress, {
        rollback: () => this.rollback(),
        status: () => ({ ...this.health(), agent: { pid: process.pid } }),
        syncRules: () => this.syncRules(),
      });
    }
    // From here on a change is seen, also one that comes while the first bundle is being read.
    this.#watcher = watchBundle(bundlePath, () => void this.#exclusive(() => this.#sync()));
    await this.#exclusive(() => this.#takeOver());
    const first = await this.#exclusive(() => this.#sync());
    if (this.#startFault && !this.#fleet?.serving) throw this.#startFault;
    this.#startFault = null;
    this.#tick = setInterval(() => void this.#exclusive(async () => this.#onTick()), TICK_MS);
    this.#logger.info(
      {
        event: "started",
        metricsAddress: this.metricsAddress,
        operationsAddress: this.operationsAddress,
        fleet: this.#fleet?.name ?? null,
        generation: first.generation,
      },
      `agent started; metrics on ${this.metricsAddress}`,
    );
  }
  async stop(): Promise<void> {
    this.#logger.info(
      {
        event: "stopping",
        generation: this.#fleet?.serving?.generation ?? null,
        detach: this.#options.detachOnExit ?? false,
      },
      this.#options.detachOnExit ? "agent stops and detaches" : "agent stops; filtering goes on",
    );
    const fleet = this.#fleet?.name ?? null;
    await this.close();
    if (this.#options.detachOnExit && fleet !== null) detach(this.#pinPath, fleet);
  }

  async close(): Promise<void> {
    this.#watcher?.close();
    if (this.#tick) clearInterval(this.#tick);
    await this.#queue.catch(() => {});
    this.#samples?.close();
    await this.#metricsServer?.close();
    await this.#operationsServer?.close();
    await this.#fleet?.close();
    this.#fleet = null;
  }

  health(): HealthReport {
    const fleet = this.#fleet;
    const held = fleet?.journal.held ?? null;
    return healthReport({
      fleet: fleet?.name ?? null,
      serving: fleet?.serving ?? null,
      previous: fleet?.previous ?? null,
      held: held === null ? null : `sha256:${held}`,
      interfaces: fleet?.interfaces() ?? [],
      lastSwap: this.#lastSwap,
      refused: this.#refused,
      samplesRunning: this.#samples !== null,
    });
  }

  syncRules(): Promise<SyncResult> {
    return this.#exclusive(() => this.#sync());
  }

  rollback(): Promise<RollbackResult> {
    return this.#exclusive(async () => {
      const fleet = this.#fleet;
      if (!fleet) {
        throw new RuntimeFault({
          code: "no-previous",
          operation: "roll back",
          object: this.#pinPath,
          message: "no fleet is loaded, so there is nothing to roll back to",
          help: "put a bundle at the bundle path",
        });
      }
      const { from, to } = fleet.rollBack();
      this.#swapped(fleet, from, null);
      this.#metrics.swap(fleet.name, "rolled-back");
      this.#logger.warn(
        { event: "rolled-back", fleet: fleet.name, ...to, previous: from, held: fleet.journal.held },
        `rolled back to generation ${to.generation}; ${from} is held until the bundle path shows another bundle`,
      );
      return { from, generation: to.generation, bundleDigest: to.bundleDigest };
    });
  }

  /** One thing at a time: a sync, a roll-back, a tick. */
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work, work);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Finds what an earlier agent left running for these interfaces, without the help of a bundle. */
  async #takeOver(): Promise<void> {
    const { interfaces = [], fleet } = this.#options;
    const candidates = fleet
      ? [fleet]
      : pinnedFleets(this.#pinPath).filter((name) => {
          const pinned = pinnedInterfaces(this.#pinPath, name);
          return (
            pinned.length > 0 &&
            (interfaces.length === 0 || pinned.some((entry) => interfaces.includes(entry)))
          );
        });
    if (candidates.length === 1) await this.#openFleet(candidates[0]!);
  }

  async #openFleet(name: string): Promise<Fleet> {
    const fleet = await Fleet.open({
      pinPath: this.#pinPath,
      fleet: name,
      interfaces: this.#options.interfaces ?? [],
      mode: this.#options.mode ?? null,
      holder: () => ({ pid: process.pid, operations: this.operationsAddress }),
    });
    this.#fleet = fleet;
    this.#metrics.fleetKnown(name);
    const serving = fleet.serving;
    if (serving) {
      this.#attachMissing(fleet);
      for (const other of fleet.detachOthers())
        this.#logger.warn(
          { event: "detached", fleet: name, interface: other },
          `detached from ${other}, which is not to be served any more`,
        );
      this.#adopted(fleet);
      this.#logger.info(
        {
          event: "adopted",
          fleet: name,
          ...serving,
          rolledForward: fleet.rolledForward,
          interfaces: fleet.interfaces(),
        },
        `adopted generation ${serving.generation}, which was serving`,
      );
    }
    return fleet;
  }

  /** What the kernel says of a generation that this process did not commit. */
  #adopted(fleet: Fleet): void {
    const { committedAtMs } = fleet.journal;
    const serving = fleet.serving;
    this.#lastSwap = serving && {
      at: new Date(committedAtMs).toISOString(),
      generation: serving.generation,
      previous: fleet.previous?.generation ?? null,
      durationMs: null,
    };
    this.#readSamples(fleet);
  }

  #readSamples(fleet: Fleet): void {
    if (this.#samples || !fleet.samples) return;
    try {
      this.#samples = readSamples(fleet.samples, this.#logger, (id) => fleet.ruleName(id));
    } catch (error) {
      this.#logger.warn({ event: "samples-failed", ...describeFault(error) }, "cannot read samples");
    }
  }

  async #sync(): Promise<SyncResult> {
    this.#retryAt = null;
    const startedAt = performance.now();
    let verified: VerifiedBundle;
    try {
      verified = await readVerified(this.#options.bundlePath, this.#trust);
      this.#tornSince = null;
    } catch (error) {
      if (error instanceof TornBundle && this.#waitOut()) return this.#result("torn");
      if (!(error instanceof BundleRefused)) throw error;
      return this.#refuse(error, null);
    }
    const verify = Math.round((performance.now() - startedAt) * 100) / 100;
    try {
      return await this.#load(verified.bundle, verify, startedAt);
    } catch (error) {
      if (error instanceof BundleRefused) return this.#refuse(error, verified.bundle);
      return this.#failed(error, verified.bundle);
    }
  }

  async #load(bundle: Bundle, verify: number, startedAt: number): Promise<SyncResult> {
    const name = bundle.manifest.fleet.name;
    const fleet = this.#fleet ?? (await this.#openFleet(name));
    if (fleet.name !== name) {
      throw new BundleRefused("manifest", {
        code: "wrong-fleet",
        operation: "verify",
        object: this.#options.bundlePath,
        message: `the bundle is of fleet ${name}, and this node serves fleet ${fleet.name}`,
        help: "give the agent its fleet's bundle, or detach the other fleet first",
      });
    }
    if (fleet.refresh()) this.#adopted(fleet);
    const result = fleet.load(bundle, this.#object);
    this.#refused = null;
    if (result.kind === "committed") this.#committed(fleet, result, verify, performance.now() - startedAt);
    else this.#nothingToDo(fleet, result.kind, bundle);
    return this.#result(result.kind);
  }

  /** Said once for each bundle: the path is looked at more often than it changes. */
  #nothingToDo(fleet: Fleet, kind: "unchanged" | "held", bundle: Bundle): void {
    const said = `${kind} ${bundle.digest}`;
    if (this.#said === said) return;
    this.#said = said;
    const { generation, digest: bundleDigest } = bundle;
    const fields = { fleet: fleet.name, generation, bundleDigest };
    if (kind === "held") {
      const message = `bundle ${generation} was rolled back from and is not loaded`;
      this.#logger.info({ event: "bundle-held", ...fields }, message);
    } else {
      const message = `generation ${generation} is what the bundle path holds`;
      this.#logger.info({ event: "up-to-date", ...fields }, message);
    }
  }

  #committed(
    fleet: Fleet,
    result: LoadResult & { kind: "committed" },
    verify: number,
    totalMs: number,
  ): void {
    const durationMs = { verify, ...result.durationMs };
    const previous = result.previous?.bundle.slice(0, 12) ?? null;
    this.#said = `unchanged ${fleet.serving?.bundleDigest}`;
    this.#swapped(fleet, previous, durationMs);
    this.#metrics.swap(fleet.name, "committed", totalMs / 1000);
    this.#logger.info(
      {
        event: "generation-committed",
        fleet: fleet.name,
        ...fleet.serving,
        previous,
        durationMs,
        packetsProven: result.packetsProven,
        sharedTables: result.sharedTables,
        reused: result.reused,
        interfaces: fleet.interfaces(),
      },
      `generation ${fleet.serving?.generation} serves`,
    );
  }

  #swapped(fleet: Fleet, previous: string | null, durationMs: SwapSummary["durationMs"]): void {
    this.#lastSwap = {
      at: new Date(fleet.journal.committedAtMs).toISOString(),
      generation: fleet.serving?.generation ?? "",
      previous,
      durationMs,
    };
    this.#readSamples(fleet);
  }

  /** True while a set of files that does not fit together may still become whole. */
  #waitOut(): boolean {
    const now = performance.now();
    this.#tornSince ??= now;
    if (now - this.#tornSince > TORN_GRACE_MS) return false;
    this.#retryAt = now + TICK_MS;
    this.#logger.debug(
      { event: "bundle-torn", path: this.#options.bundlePath },
      "the bundle is being updated",
    );
    return true;
  }

  #refuse(error: BundleRefused, bundle: Bundle | null): SyncResult {
    const fleet = this.#fleet?.name ?? bundle?.manifest.fleet.name ?? "";
    this.#refused = {
      at: new Date().toISOString(),
      bundleDigest: bundle?.digest ?? null,
      part: error.part,
      code: error.code,
      message: error.message,
      help: error.help,
    };
    this.#metrics.refused(fleet, error.part);
    this.#metrics.swap(fleet, error.operation === "prove" ? "failed" : "refused");
    this.#logger.error(
      {
        event: "bundle-refused",
        part: error.part,
        ...describeFault(error),
        bundleDigest: bundle?.digest ?? null,
        serving: this.#fleet?.serving?.generation ?? null,
      },
      `bundle refused: ${error.message}; ${this.#servesOn()}`,
    );
    return this.#result("refused");
  }

  /** The kernel, not the bundle, was in the way: tried again after a while. */
  #failed(error: unknown, bundle: Bundle): SyncResult {
    const fault = error instanceof RuntimeFault ? error : null;
    this.#startFault = error;
    this.#retryAt = performance.now() + RETRY_MS;
    const refused: Refusal = {
      at: new Date().toISOString(),
      bundleDigest: bundle.digest,
      part: fault?.object ?? "kernel",
      code: fault?.code ?? errnoOf(error) ?? "unknown",
      message: messageOf(error),
      help: fault?.help ?? "the agent tries again",
    };
    const again = this.#refused?.message === refused.message && this.#refused.bundleDigest === bundle.digest;
    this.#refused = refused;
    if (again) return this.#result("failed");
    this.#metrics.swap(this.#fleet?.name ?? bundle.manifest.fleet.name, "failed");
    this.#logger.error(
      {
        event: "commit-failed",
        ...describeFault(error),
        bundleDigest: bundle.digest,
        serving: this.#fleet?.serving?.generation ?? null,
      },
      `generation ${bundle.generation} cannot serve: ${refused.message}; ${this.#servesOn()}`,
    );
    return this.#result("failed");
  }

  #servesOn(): string {
    const serving = this.#fleet?.serving;
    return serving ? `generation ${serving.generation} serves on` : "no generation serves";
  }

  #result(result: SyncResult["result"]): SyncResult {
    const serving = this.#fleet?.serving ?? null;
    return {
      result,
      generation: serving?.generation ?? null,
      bundleDigest: serving?.bundleDigest ?? null,
      refused: this.#refused,
    };
  }

  /** Looks whether the kernel is still as this process thinks. */
  async #onTick(): Promise<void> {
    const fleet = this.#fleet;
    if (fleet?.refresh()) {
      this.#adopted(fleet);
      this.#logger.info(
        { event: "adopted", fleet: fleet.name, ...fleet.serving, rolledForward: false },
        "another process has moved the fleet",
      );
    }
    if (fleet) this.#attachMissing(fleet);
    if (this.#retryAt !== null && performance.now() >= this.#retryAt) await this.#sync();
  }

  /** Tried at every tick, so a fault is said once. What serves elsewhere serves on. */
  #attachMissing(fleet: Fleet): void {
    try {
      for (const name of fleet.attachMissing())
        this.#logger.info(
          { event: "attached", fleet: fleet.name, interface: name },
          `attached to ${name}, which had no link`,
        );
      this.#attachFault = "";
    } catch (error) {
      const message = messageOf(error);
      if (this.#attachFault !== message)
        this.#logger.error(
          { event: "attach-failed", ...describeFault(error) },
          `${message}; ${this.#servesOn()}`,
        );
      this.#attachFault = message;
    }
  }
}

/** In a checkout build/filter.bpf.o, in a bundled agent beside it. */
function defaultObjectPath(): string {
  const places = ["./filter.bpf.o", "../../build/filter.bpf.o"].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  return places.find((path) => existsSync(path)) ?? places.at(-1)!;
}
