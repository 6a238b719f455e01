// What the agent tells the world of what it does: log lines, metrics, and the parts of /health that are memory.

import type { Bundle } from "../bundle/index.ts";
import { RESOURCES } from "../metrics/catalogue.ts";
import { VERSION } from "../version.ts";
import { BackendChecks } from "./backends/checks.ts";
import { type BundleRefused, describeFault, errnoOf, messageOf, RuntimeFault } from "./errors.ts";
import type { EventCollector } from "./events/collector.ts";
import type { ActiveBlock, Unblocked } from "./kernel/blocks.ts";
import type { Fleet, LoadResult } from "./kernel/fleet.ts";
import type { Garbage } from "./kernel/garbage.ts";
import type { Logger } from "./log.ts";
import { Components, degraded, OK } from "./observe/components.ts";
import type { DriftReport, WantedBundle } from "./observe/drift.ts";
import {
  type HealthInput,
  type HealthReport,
  healthReport,
  type Refusal,
  SERVING_COMPONENTS,
  type SwapSummary,
} from "./observe/health.ts";
import { AgentMetrics } from "./observe/metrics.ts";
import { type Stats, TrafficStats } from "./observe/stats.ts";
import { pressureText, type ResourceReading, resourceState } from "./resources/resources.ts";

/** What a reading of resources is asked of. */
export interface ResourceSource {
  reading(): ResourceReading;
}

type Committed = Extract<LoadResult, { kind: "committed" }>;

export class AgentReport {
  readonly metrics: AgentMetrics;
  /** Where the agent's parts register what health says of them. */
  readonly components = new Components();
  /** Of the policies' origins. */
  readonly backends: BackendChecks;
  /** Set by whoever compares. */
  drift: () => DriftReport | null = () => null;
  readonly #logger: Logger;
  readonly #events: EventCollector;
  #fleet: Fleet | null = null;
  readonly #traffic = new TrafficStats({
    accounts: () => this.#fleet?.accounts() ?? null,
    sources: (k) => this.components.facts.topSources(k),
    backends: (k) => this.components.facts.topBackends(k),
  });
  #lastSwap: SwapSummary | null = null;
  #wanted: WantedBundle | null = null;
  #eventsBegun = false;
  #refused: Refusal | null = null;
  /** What was last said of a bundle that changes nothing, and of an interface that cannot be attached. */
  #saidOfBundle = "";
  #saidOfInterfaces = "";
  /** Why pins that are missing cannot be made. */
  #pinFault: string | null = null;

  constructor(
    logger: Logger,
    options: {
      readonly events: EventCollector;
      readonly resources: ResourceSource;
      readonly backendChecks: boolean;
    },
  ) {
    this.#logger = logger;
    this.#events = options.events;
    this.#registerComponents();
    this.components.register("resources", () => resourceState(options.resources.reading()));
    this.backends = new BackendChecks(this.components, logger);
    this.backends.turn(options.backendChecks);
    this.metrics = new AgentMetrics(VERSION, () => ({
      health: this.health(),
      accounts: this.#fleet?.accounts() ?? null,
      maps: this.#fleet?.mapUse() ?? [],
      events: options.events.stats(),
      recentLatency: options.events.recentLatency(),
      committedAtMs: this.#fleet?.journal.committedAtMs ?? 0,
      resources: options.resources.reading(),
    }));
  }

  /** What the bundle path held when it was last read. */
  get wanted(): WantedBundle | null {
    return this.#wanted;
  }

  stats(): Stats {
    const { fleet, generation } = this.#generation();
    return this.#traffic.stats({ fleet, generation });
  }

  get refused(): Refusal | null {
    return this.#refused;
  }

  health(): HealthReport {
    const { facts } = this.components;
    return healthReport(this.#healthInput(), {
      components: this.components.read(),
      degradationLevel: facts.degradationLevel(),
      lastEventAtMs: facts.lastEventAtMs(),
      config: facts.config(),
      backends: this.backends.states(),
      drift: this.drift(),
    });
  }

  #healthInput(): HealthInput {
    const fleet = this.#fleet;
    const held = fleet?.journal.held ?? null;
    return {
      fleet: fleet?.name ?? null,
      serving: fleet?.serving ?? null,
      previous: fleet?.previous ?? null,
      held: held === null ? null : `sha256:${held}`,
      interfaces: fleet?.interfaces() ?? [],
      lastSwap: this.#lastSwap,
      refused: this.#refused,
    };
  }

  #registerComponents(): void {
    for (const name of ["bundle", "program", "interfaces"] as const)
      this.components.register(name, () => SERVING_COMPONENTS[name](this.#healthInput()));
    this.components.register("events", () => this.#events.health());
    this.components.provide({
      degradationLevel: () => this.#events.stats().level,
      lastEventAtMs: () => this.#events.stats().lastEventAtMs,
      topSources: (k) =>
        this.#events.topSources(k).map(({ key, count, error }) => ({ source: key, samples: count, error })),
      topBackends: (k) =>
        this.#events.topBackends(k).map(({ key, count, error }) => ({ backend: key, samples: count, error })),
    });
    this.components.register("pins", () =>
      this.#pinFault === null ? OK : degraded(`filtering ends with this agent: ${this.#pinFault}`),
    );
  }

  // ---- The agent's life ------------------------------------------------------------------------------------------------

  started(metricsAddress: string, operationsAddress: string | null): void {
    const fields = { metricsAddress, operationsAddress, ...this.#generation() };
    this.#logger.info({ event: "started", ...fields }, `agent started; metrics on ${metricsAddress}`);
  }

  stopping(detach: boolean): void {
    const message = detach ? "agent stops and detaches" : "agent stops; filtering goes on";
    this.#logger.info({ event: "stopping", detach, ...this.#generation() }, message);
  }

  fleetOpened(fleet: Fleet): void {
    this.#fleet = fleet;
    this.metrics.fleetKnown(fleet.name);
    this.#traffic.start();
  }

  /** Samples stop, and nothing more is known of a fleet. */
  close(): void {
    this.backends.close();
    this.#traffic.close();
    this.#fleet = null;
  }

  pressureChanged(reading: ResourceReading, before: ResourceReading["pressure"]): void {
    for (const resource of RESOURCES) {
      const level = reading.pressure[resource];
      if (level === before[resource]) continue;
      const fields = { event: "pressure", resource, level, before: before[resource] };
      const message = pressureText(reading, resource);
      if (level > before[resource]) this.#logger.warn(fields, message);
      else this.#logger.info(fields, message);
    }
  }

  // ---- Generations -----------------------------------------------------------------------------------------------------

  /** A generation that this process did not commit. */
  adopted(fleet: Fleet, note: string): void {
    if (!fleet.serving) return;
    this.#swapped(fleet, fleet.previous?.generation ?? null, null);
    const { rolledForward } = fleet;
    this.#logger.info(
      {
        event: "adopted",
        fleet: fleet.name,
        ...fleet.serving,
        rolledForward,
        interfaces: fleet.interfaces(),
      },
      `adopted generation ${fleet.serving.generation}, ${note}`,
    );
  }

  committed(fleet: Fleet, result: Committed, verifyMs: number, totalMs: number): void {
    const { previous: before, durationMs, packetsProven, sharedTables, reused } = result;
    const stages = { verify: verifyMs, ...durationMs };
    const previous = before?.bundle.slice(0, 12) ?? null;
    this.#refused = null;
    this.#saidOfBundle = `unchanged ${fleet.serving?.bundleDigest}`;
    this.#wanted = { bundleDigest: fleet.serving?.bundleDigest ?? null, reason: null };
    this.#swapped(fleet, previous, stages);
    this.metrics.swap(fleet.name, "committed", totalMs / 1000);
    const fields = { fleet: fleet.name, ...fleet.serving, previous, durationMs: stages };
    const details = { packetsProven, sharedTables, reused, interfaces: fleet.interfaces() };
    this.#logger.info(
      { event: "generation-committed", ...fields, ...details },
      `generation ${fleet.serving?.generation} serves`,
    );
  }

  /** Said once for each bundle: the path is looked at more often than it changes. */
  nothingToDo(fleet: Fleet, kind: "unchanged" | "held", bundle: Bundle): void {
    this.#refused = null;
    this.#wanted = { bundleDigest: bundle.digest, reason: kind === "held" ? "held" : null };
    const said = `${kind} ${bundle.digest}`;
    if (this.#saidOfBundle === said) return;
    this.#saidOfBundle = said;
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

  rolledBack(fleet: Fleet, from: string | null): void {
    this.#swapped(fleet, from, null);
    const { held } = fleet.journal;
    if (held !== null) this.#wanted = { bundleDigest: `sha256:${held}`, reason: "held" };
    this.metrics.swap(fleet.name, "rolled-back");
    this.#logger.warn(
      { event: "rolled-back", fleet: fleet.name, ...fleet.serving, previous: from, held: fleet.journal.held },
      `rolled back to generation ${fleet.serving?.generation}; ${from} is held until the bundle path shows another bundle`,
    );
  }

  blocked(block: ActiveBlock): ActiveBlock {
    const { source, remainingSeconds } = block;
    this.#logger.warn(
      { event: "blocked", source, seconds: remainingSeconds },
      `an operator blocked ${source}`,
    );
    return block;
  }

  collected(garbage: Garbage): Garbage {
    const { blocks, generations, tables, links, freedBytes } = garbage;
    const pins = generations.length + tables.length + links.length;
    this.#logger.info(
      { event: "garbage-collected", blocks: blocks.freed, generations, tables, links, freedBytes },
      `freed ${blocks.freed} blocks whose time was over, and ${pins} pins that nobody needed`,
    );
    return garbage;
  }

  unblocked(result: Unblocked): Unblocked {
    this.#logger.warn({ event: "unblocked", ...result }, `an operator ended the block of ${result.source}`);
    return result;
  }

  #swapped(fleet: Fleet, previous: string | null, durationMs: SwapSummary["durationMs"]): void {
    const at = new Date(fleet.journal.committedAtMs).toISOString();
    this.#lastSwap = { at, generation: fleet.serving?.generation ?? "", previous, durationMs };
    this.backends.update(fleet.backends);
    const names = fleet.sampleNames;
    if (names) this.#events.describe(names);
    this.#readEvents(fleet);
  }

  /** The last step of start-up. A fleet that comes later is read from at once. */
  beginEvents(): void {
    this.#eventsBegun = true;
    if (this.#fleet) this.#readEvents(this.#fleet);
  }

  #readEvents(fleet: Fleet): void {
    if (!this.#eventsBegun || this.#events.started || !fleet.samples) return;
    try {
      this.#events.start(fleet.samples);
    } catch (error) {
      this.components.error("events", codeOf(error));
      this.#logger.warn({ event: "samples-failed", ...describeFault(error) }, "cannot read samples");
    }
  }

  // ---- What went wrong -------------------------------------------------------------------------------------------------

  torn(path: string): void {
    this.#wanted = { bundleDigest: null, reason: "torn" };
    this.#logger.debug({ event: "bundle-torn", path }, "the bundle is being updated");
  }

  refusedBundle(error: BundleRefused, bundle: Bundle | null): void {
    const { part, code, message, help } = error;
    // What cannot be read is tried again and again: said once while it stays the same.
    if (code === "unreadable" && this.#refused?.message === message) return;
    this.#saidOfBundle = "";
    const bundleDigest = bundle?.digest ?? null;
    this.#wanted = { bundleDigest, reason: "refused" };
    this.#refused = { at: new Date().toISOString(), bundleDigest, part, code, message, help };
    const fleet = this.#fleet?.name ?? bundle?.manifest.fleet.name ?? "";
    this.metrics.refused(fleet, part);
    this.components.error("bundle", code);
    this.metrics.swap(fleet, error.operation === "prove" ? "failed" : "refused");
    this.#logger.error(
      { event: "bundle-refused", part, ...describeFault(error), bundleDigest, ...this.#serving() },
      `bundle refused: ${message}; ${this.#servesOn()}`,
    );
  }

  /** The kernel, not the bundle, was in the way. Said once while it stays the same. */
  commitFailed(error: unknown, bundle: Bundle): void {
    const fault = error instanceof RuntimeFault ? error : null;
    const message = messageOf(error);
    this.#wanted = { bundleDigest: bundle.digest, reason: "failed" };
    const again = this.#refused?.message === message && this.#refused.bundleDigest === bundle.digest;
    this.#refused = {
      at: new Date().toISOString(),
      bundleDigest: bundle.digest,
      part: fault?.object ?? "kernel",
      code: codeOf(error),
      message,
      help: fault?.help ?? "the agent tries again",
    };
    this.components.error("bundle", this.#refused.code);
    if (again) return;
    this.metrics.swap(this.#fleet?.name ?? bundle.manifest.fleet.name, "failed");
    this.#logger.error(
      { event: "commit-failed", ...describeFault(error), bundleDigest: bundle.digest, ...this.#serving() },
      `generation ${bundle.generation} cannot serve: ${message}; ${this.#servesOn()}`,
    );
  }

  // ---- Interfaces ------------------------------------------------------------------------------------------------------

  attached(fleet: Fleet, name: string): void {
    const fields = { event: "attached", fleet: fleet.name, interface: name };
    this.#logger.info(fields, `attached to ${name}, which had no link`);
  }

  detached(fleet: Fleet, name: string): void {
    const fields = { event: "detached", fleet: fleet.name, interface: name };
    this.#logger.warn(fields, `detached from ${name}, which is not to be served any more`);
  }

  interfacesLookedAfter(): void {
    this.#saidOfInterfaces = "";
  }

  /** Filtering goes on while this process holds what was pinned; said once. */
  pinsMissing(error: unknown): void {
    const message = messageOf(error);
    if (this.#pinFault === message) return;
    this.#pinFault = message;
    this.components.error("pins", codeOf(error));
    this.#logger.error(
      { event: "pins-missing", ...describeFault(error), ...this.#serving() },
      `pins are missing and cannot be made: ${message}; ${this.#servesOn()}, until this agent ends`,
    );
  }

  pinsLookedAfter(): void {
    if (this.#pinFault === null) return;
    this.#pinFault = null;
    this.#logger.info({ event: "pins-restored", ...this.#serving() }, "pins are there again");
  }

  /** Tried at every tick, so a fault is said once. */
  attachFailed(error: unknown): void {
    const message = messageOf(error);
    this.components.error("interfaces", codeOf(error));
    if (this.#saidOfInterfaces === message) return;
    this.#saidOfInterfaces = message;
    this.#logger.error(
      { event: "attach-failed", ...describeFault(error) },
      `${message}; ${this.#servesOn()}`,
    );
  }

  #generation(): { fleet: string | null; generation: string | null } {
    return { fleet: this.#fleet?.name ?? null, generation: this.#fleet?.serving?.generation ?? null };
  }

  #serving(): { serving: string | null } {
    return { serving: this.#fleet?.serving?.generation ?? null };
  }

  #servesOn(): string {
    const serving = this.#fleet?.serving;
    return serving ? `generation ${serving.generation} serves on` : "no generation serves";
  }
}

/** Stable: what errors are counted by. */
function codeOf(error: unknown): string {
  return error instanceof RuntimeFault ? error.code : (errnoOf(error) ?? "unexpected");
}
