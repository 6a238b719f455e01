// The fleet that this agent serves, and a bundle's way to it: watch -> verify -> load -> prove -> commit. A bundle that fails
// anywhere on the way leaves the generation that serves in charge, and health and log say why.

import type { Bundle, OpenedBundle } from "../bundle/index.ts";
import type { AgentConfig } from "./config/index.ts";
import { BundleRefused, messageOf, RuntimeFault } from "./errors.ts";
import { damageOf, openTrusted, readTrust, TornBundle, type Trust } from "./intake/source.ts";
import { type BundleWatcher, watchBundle } from "./intake/watch.ts";
import { Fleet, type LoadResult } from "./kernel/fleet.ts";
import type { ProgramObject } from "./kernel/generation.ts";
import { pinnedFleets, pinnedInterfaces } from "./kernel/pins.ts";
import type { Refusal } from "./observe/health.ts";
import { BEAT_MS, every, type Timer } from "./pulse.ts";
import type { AgentReport } from "./report.ts";
import { Backoff, isTransient } from "./retry.ts";

export interface SyncResult {
  readonly result: "committed" | "unchanged" | "held" | "refused" | "failed" | "torn";
  readonly generation: string | null;
  readonly bundleDigest: string | null;
  readonly refused: Refusal | null;
}

export interface RollbackResult {
  readonly from: string | null;
  readonly generation: string;
  readonly bundleDigest: string;
}

/** Compares the kernel with what was put there. */
export interface DriftChecker {
  checkLinks(): void;
  check(): Promise<unknown>;
}

export interface ServingParts {
  readonly config: AgentConfig;
  readonly object: ProgramObject;
  readonly report: AgentReport;
  /** Throws BundleRefused. */
  readonly requireMemory: (bundle: Bundle) => void;
  readonly onCommit: () => void;
  /** For whoever asks who holds the fleet. */
  readonly operationsAddress: () => string | null;
}

const TICK_MS = 1000;
/** A set of files that does not fit together is waited out so long: kubelet writes a volume in far less. */
const TORN_GRACE_MS = 60_000;

export class Serving {
  readonly #parts: ServingParts;
  readonly #bundle: AgentConfig["bundle"];
  readonly #report: AgentReport;
  readonly #backoff: Backoff;
  /** Set by whoever checks. */
  drift: DriftChecker | null = null;
  #trust: Trust;
  #fleet: Fleet | null = null;
  #watcher: BundleWatcher | null = null;
  readonly #timers: Timer[] = [];
  /** What a glance saw waits for its turn. */
  #glanced = false;
  /** performance.now() at which a set of files was first seen torn. */
  #tornSince: number | null = null;
  /** performance.now() at which to look again, although nothing has changed. */
  #retryAt: number | null = null;
  /** What stopped the last commit, where it was not the bundle's fault. */
  #commitFault: unknown = null;
  #queue: Promise<unknown> = Promise.resolve();
  #stopping = false;

  /** Throws a RuntimeFault where a trusted key cannot be read. */
  constructor(parts: ServingParts) {
    const { bundle, retry } = parts.config;
    this.#parts = parts;
    this.#bundle = bundle;
    this.#report = parts.report;
    this.#trust = readTrust(bundle.trustKeys, bundle.allowUnsigned);
    this.#backoff = new Backoff(retry);
  }

  /** null before a generation was found or loaded. */
  get fleet(): Fleet | null {
    return this.#fleet;
  }

  /** Takes over what is pinned, then reads the bundle path. Throws what only a hand can mend. */
  async start(): Promise<void> {
    // From here on a change is seen, also one that comes while the first bundle is being read.
    this.#watcher = watchBundle(this.#bundle.path, () => this.#syncSoon());
    await this.exclusive(() => this.#takeOver());
    await this.syncRules();
    // What may be gone at the next attempt is tried again; anything else needs a hand, and an agent that says so and ends.
    const fault = this.#commitFault;
    if (fault && !this.#fleet?.serving && !isTransient(fault)) throw fault;
  }

  /** From now on looks by itself whether the kernel is as it should be. */
  lookAfter(): void {
    this.#timers.push(
      every(TICK_MS, () => void this.exclusive(() => this.#onTick())),
      // Traffic of an interface that has lost its link is not filtered until the agent sees it.
      every(BEAT_MS, () => this.#glanceAtLinks()),
    );
  }

  /** What is asked from now on is refused; what was, goes on. */
  stopAccepting(): void {
    this.#watcher?.close();
    for (const timer of this.#timers) timer.stop();
    this.#stopping = true;
  }

  async drained(): Promise<void> {
    await this.#queue.catch(nothing);
  }

  /** Leaves everything pinned and attached. */
  async close(): Promise<void> {
    await this.#fleet?.close();
    this.#fleet = null;
  }

  /** Throws where a key cannot be read; then the keys of before stay. A bundle refused for its signature is judged anew. */
  trust({ trustKeys, allowUnsigned }: AgentConfig["bundle"]): void {
    this.#trust = readTrust(trustKeys, allowUnsigned);
    this.#syncSoon();
  }

  /** For those who do not wait for it. */
  #syncSoon(): void {
    this.syncRules().catch(nothing);
  }

  syncRules(): Promise<SyncResult> {
    return this.exclusive(() => this.#sync());
  }

  rollback(): Promise<RollbackResult> {
    return this.exclusive(async () => {
      const fleet = this.#loadedFleet();
      const { from, to } = fleet.rollBack();
      this.#report.rolledBack(fleet, from);
      return { from, generation: to.generation, bundleDigest: to.bundleDigest };
    });
  }

  /** Throws a RuntimeFault where none is loaded. */
  onFleet<T>(work: (fleet: Fleet) => T): Promise<T> {
    return this.exclusive(async () => work(this.#loadedFleet()));
  }

  #loadedFleet(): Fleet {
    if (!this.#fleet) throw nothingLoaded(this.#bundle.pinPath);
    return this.#fleet;
  }

  /** One thing at a time: a sync, a roll-back, a tick. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    if (this.#stopping) return Promise.reject(stopping());
    const result = this.#queue.then(work, work);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Finds what an earlier agent left running for these interfaces, without the help of a bundle. */
  async #takeOver(): Promise<void> {
    const { interfaces, fleet } = this.#bundle;
    const serves = (name: string) => {
      const pinned = pinnedInterfaces(this.#bundle.pinPath, name);
      if (interfaces.length === 0) return pinned.length > 0;
      return pinned.some((entry) => interfaces.includes(entry));
    };
    const candidates = fleet ? [fleet] : pinnedFleets(this.#bundle.pinPath).filter(serves);
    if (candidates.length === 1) await this.#openFleet(candidates[0]!);
  }

  async #openFleet(name: string): Promise<Fleet> {
    const fleet = await Fleet.open({
      pinPath: this.#bundle.pinPath,
      fleet: name,
      interfaces: this.#bundle.interfaces,
      mode: this.#bundle.mode,
      holder: () => ({ pid: process.pid, operations: this.#parts.operationsAddress() }),
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
    let bundle: OpenedBundle | null = null;
    try {
      ({ bundle } = await openTrusted(this.#bundle.path, this.#trust));
      this.#tornSince = null;
      const result = await this.#load(bundle, startedAt);
      this.#backoff.reset();
      return this.#result(result);
    } catch (thrown) {
      const damage = bundle && damageOf(this.#bundle.path, bundle);
      if (damage) bundle = null;
      const error = damage ?? thrown;
      if (error instanceof TornBundle && this.#waitOut()) return this.#result("torn");
      if (error instanceof BundleRefused) {
        this.#tornSince = null;
        // The watcher sees no change when a disk or a permission is mended.
        if (error.code === "unreadable") this.#tryAgain();
        this.#report.refusedBundle(error, bundle);
        return this.#result("refused");
      }
      if (!bundle) {
        this.#report.refusedBundle(unexpected(this.#bundle.path, error), null);
        return this.#result("refused");
      }
      this.#commitFault = error;
      this.#tryAgain();
      this.#report.commitFailed(error, bundle);
      return this.#result("failed");
    }
  }

  async #load(bundle: OpenedBundle, startedAt: number): Promise<LoadResult["kind"]> {
    const verifyMs = Math.round((performance.now() - startedAt) * 100) / 100;
    const name = bundle.manifest.fleet.name;
    const fleet = this.#fleet ?? (await this.#openFleet(name));
    if (fleet.name !== name) throw wrongFleet(this.#bundle.path, name, fleet.name);
    if (fleet.refresh()) this.#report.adopted(fleet, "which another process has put in charge");
    this.#parts.requireMemory(bundle);
    const result = fleet.load(bundle, this.#parts.object);
    if (result.kind === "committed") {
      this.#report.committed(fleet, result, verifyMs, performance.now() - startedAt);
      fleet.sweep();
      this.#parts.onCommit();
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
    this.#report.torn(this.#bundle.path);
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
        void this.drift?.check(); // what it found meanwhile is no more
      }
    }
    if (this.#retryAt !== null && performance.now() >= this.#retryAt) await this.#sync();
  }

  #glanceAtLinks(): void {
    const fleet = this.#fleet;
    if (!fleet || this.#glanced || isAttached(fleet)) return;
    this.#glanced = true;
    void this.exclusive(async () => {
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
      this.drift?.checkLinks();
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
