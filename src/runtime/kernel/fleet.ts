// One fleet on this node: its lock, its state in the kernel, and the generation that serves. The agent drives it, and so
// do `piston rollback` and `piston status` where no agent runs.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { OpenedBundle } from "../../bundle/index.ts";
import type { BpfMap } from "../bpf/index.ts";
import { RuntimeFault } from "../errors.ts";
import type { SampleSource } from "../events/collector.ts";
import type { Names } from "../events/messages.ts";
import { namesOf } from "../events/names.ts";
import type { GenerationSummary, InterfaceState, StageDurations } from "../observe/health.ts";
import type { MapUse } from "../observe/metrics.ts";
import { type Accounts, account, passMaskOf } from "./accounting.ts";
import { Attachment, type AttachmentOptions } from "./attachment.ts";
import { commitGeneration, recover, rollBack, sweep } from "./commit.ts";
import type { DriftSubject } from "./drift.ts";
import { collectGarbage, type Garbage } from "./garbage.ts";
import { buildGeneration, openGeneration, type PinnedGeneration, type ProgramObject } from "./generation.ts";
import { type GenerationKey, generationName, type Journal, sameGeneration } from "./journal.ts";
import type { Placement } from "./links.ts";
import { type AgentLock, acquireLock, type LockHolder } from "./lock.ts";
import { createLayout, generationPath, pinLayout } from "./pins.ts";
import { prove } from "./prove.ts";
import { SlotOwners } from "./slot-owners.ts";
import { FleetState, PROGRAM_STATE } from "./state.ts";

/** Moving links takes milliseconds, and some hundred where the machine has much else to do. */
const COMMIT_MS_MAX = 10_000;

export interface FleetOptions extends AttachmentOptions {
  readonly pinPath: string;
  readonly fleet: string;
  readonly holder: () => LockHolder;
}

export type LoadResult =
  | { readonly kind: "unchanged" }
  | { readonly kind: "held" }
  | {
      readonly kind: "committed";
      readonly previous: GenerationKey | null;
      readonly durationMs: Omit<StageDurations, "verify">;
      readonly packetsProven: number;
      readonly sharedTables: number;
      /** It was still pinned from before, and proven then. */
      readonly reused: boolean;
    };

interface MadeGeneration {
  readonly packets: number;
  readonly sharedTables: number;
  readonly buildMs: number;
  readonly proveMs: number;
  close(): void;
}

export class Fleet {
  readonly name: string;
  readonly #options: FleetOptions;
  readonly #lock: AgentLock;
  readonly #state: FleetState;
  readonly #attachment: Attachment;
  #journal: Journal;
  #serving: PinnedGeneration | null;
  /** Since when the kernel's journal has named a target of another process's; null where it names none. */
  #moveSeenAtMs: number | null = null;
  readonly #owners: SlotOwners;
  /** What the start found: links that were left behind by an interrupted commit have been moved on. */
  readonly rolledForward: boolean;

  private constructor(options: FleetOptions, lock: AgentLock, state: FleetState) {
    this.name = options.fleet;
    this.#options = options;
    this.#lock = lock;
    this.#state = state;
    const recovery = recover(state);
    this.#journal = recovery.journal;
    this.#serving = recovery.serving;
    this.rolledForward = recovery.rolledForward;
    this.#attachment = new Attachment(state.layout, options);
    this.#owners = new SlotOwners(state, (key) => this.#open(key));
    this.#settleLedger();
  }

  /** Takes the lock, and takes over what is pinned. */
  static async open(options: FleetOptions): Promise<Fleet> {
    const layout = pinLayout(options.pinPath, options.fleet);
    createLayout(options.pinPath, layout);
    const lock = await acquireLock(options.pinPath, options.fleet, options.holder);
    try {
      return new Fleet(options, lock, new FleetState(layout));
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Leaves everything pinned and attached. */
  async close(): Promise<void> {
    this.#serving?.close();
    this.#attachment.links.close();
    this.#state.close();
    await this.#lock.release();
  }

  get journal(): Journal {
    return this.#journal;
  }

  get serving(): GenerationSummary | null {
    return this.#serving && summary(this.#serving);
  }

  get previous(): Pick<GenerationSummary, "generation" | "bundleDigest"> | null {
    const key = this.#journal.previous;
    return key && { generation: key.bundle.slice(0, 12), bundleDigest: `sha256:${key.bundle}` };
  }

  /** Where the program's samples are read; null before the first generation was built. */
  get samples(): SampleSource | null {
    const map = this.#state.programMap("samples");
    return map && { map, path: this.#state.pathOf("samples"), totals: () => this.#state.readSampleTotals() };
  }

  /** What samples speak of. */
  get sampleNames(): Names | null {
    const { serving, previous } = this;
    if (!this.#serving || !serving) return null;
    const digests = [serving.bundleDigest, ...(previous ? [previous.bundleDigest] : [])];
    return namesOf(this.#serving.manifest, digests);
  }

  /** null before the first generation was built. */
  get blocks(): BpfMap | null {
    return this.#state.programMap("blocks");
  }

  announceBlock(untilNs: bigint): void {
    this.#state.announceBlock(untilNs);
  }

  /** Of the serving generation. */
  get backends(): PinnedGeneration["manifest"]["backends"] {
    return this.#serving?.manifest.backends ?? [];
  }

  ruleName(stableId: string): string | null {
    return this.#serving?.manifest.rules.find((rule) => rule.stableId === stableId)?.id ?? null;
  }

  /**
   * Builds, proves and commits; or finds that there is nothing to do. Where it throws, what served before serves on. After
   * a commit the caller calls sweep().
   */
  load(bundle: OpenedBundle, object: ProgramObject): LoadResult {
    const key: GenerationKey = { bundle: bundle.digest.slice("sha256:".length), object: object.digest };
    if (this.#serving && sameGeneration(this.#serving.key, key) && this.#isPinned(this.#serving.key))
      return { kind: "unchanged" };
    if (this.#journal.held === key.bundle) return { kind: "held" };
    const previous = this.#journal.current;
    const placement = this.#attachment.placementOf(bundle, this.#serving);
    const clock = stopwatch();
    const pinned = sameGeneration(this.#journal.previous, key) ? this.#open(key) : null;
    const made = pinned ? null : this.#make(bundle, object);
    try {
      const next = pinned ?? this.#open(key);
      if (!next) throw vanished(key);
      clock.lap();
      this.#commit(next, placement);
      return {
        kind: "committed",
        previous,
        durationMs: { build: made?.buildMs ?? 0, prove: made?.proveMs ?? 0, commit: clock.lap() },
        packetsProven: made?.packets ?? 0,
        sharedTables: made?.sharedTables ?? 0,
        reused: pinned !== null,
      };
    } finally {
      made?.close(); // not before: a link update waits for what the kernel has begun to free
    }
  }

  #commit(next: PinnedGeneration, placement: Placement): void {
    try {
      this.#journal = commitGeneration(this.#state, next, placement, null);
    } catch (error) {
      next.close();
      sweep(this.#state, this.#state.readJournal());
      throw error;
    }
    this.#serving?.close();
    this.#serving = next;
    this.#attachment.links.renew();
    this.#settleLedger();
  }

  /** Removes what load() has left behind: generations and tables that nobody needs any more. */
  sweep(): void {
    sweep(this.#state, this.#journal);
  }

  /** Frees what is of no use any more, and says what. */
  collectGarbage(): Garbage {
    return collectGarbage(this.#state, this.#journal);
  }

  /** A generation in the kernel, proven and pinned. The caller closes what it was made with. */
  #make(bundle: OpenedBundle, object: ProgramObject): MadeGeneration {
    const clock = stopwatch();
    const built = buildGeneration(this.#state, bundle, object, this.#owners.slotsFor(bundle, this.#journal));
    try {
      const buildMs = clock.lap();
      const packets = prove(built.manifest, built.proof);
      built.pin();
      const { sharedTables } = built;
      return { packets, sharedTables, buildMs, proveMs: clock.lap(), close: () => built.close() };
    } catch (error) {
      built.close();
      throw error;
    }
  }

  /** The previous generation takes over. Throws a fault where there is none. */
  rollBack(): { readonly from: string | null; readonly to: GenerationSummary } {
    const from = this.serving?.generation ?? null;
    this.#journal = rollBack(this.#state);
    this.#attachment.links.renew();
    this.#adoptCurrent();
    const to = this.serving;
    if (!to) throw vanished(this.#journal.current);
    return { from, to };
  }

  /** True where another process has moved the fleet to another generation; then that one is taken over. */
  refresh(): boolean {
    const journal = this.#state.readJournal();
    if (journal.target === null) this.#moveSeenAtMs = null;
    // One that goes back, or names no generation, was written by nobody of ours: the drift check sees to it.
    if (journal.sequence <= this.#journal.sequence || journal.current === null) return false;
    this.#journal = journal;
    this.#attachment.links.renew();
    this.#adoptCurrent();
    return true;
  }

  /**
   * True while another process moves the fleet (from another network namespace it does not see this one's lock), or has done so
   * and refresh() does not know of it yet. False again where it has not ended after COMMIT_MS_MAX: it never will.
   */
  #isBeingMoved(): boolean {
    const { sequence, current, target } = this.#state.readJournal();
    if (sequence > this.#journal.sequence && current !== null) return true;
    if (target === null) return false;
    this.#moveSeenAtMs ??= performance.now();
    return performance.now() - this.#moveSeenAtMs < COMMIT_MS_MAX;
  }

  #adoptCurrent(): void {
    this.#serving?.close();
    const current = this.#journal.current;
    this.#serving = current && this.#open(current);
    this.#settleLedger();
  }

  #open(key: GenerationKey): PinnedGeneration | null {
    return openGeneration(this.#state.layout, generationName(key));
  }

  #isPinned(key: GenerationKey): boolean {
    return existsSync(join(generationPath(this.#state.layout, generationName(key)), "program"));
  }

  /** False where the agent should look after its interfaces: a link is off, or an interface without one has come (back). */
  get attachedWherePossible(): boolean {
    return !this.#serving || this.#attachment.isCompleteFor(this.#serving);
  }

  /**
   * Gives what has lost its pin (by an `rm`, by an unmounted bpffs) a pin again, as far as this process holds it. True
   * where the generation itself must be built anew, by load(). Throws a fault where there is no BPF file system.
   */
  restorePins(): boolean {
    const serving = this.#serving;
    const { layout } = this.#state;
    const whole =
      this.#attachment.links.pinned && this.#state.hasPins && (!serving || this.#isPinned(serving.key));
    if (whole) return false;
    createLayout(this.#options.pinPath, layout);
    this.#state.pin();
    this.#attachment.links.pin();
    if (!serving || this.#isPinned(serving.key)) return false;
    const previous =
      this.#journal.previous && this.#isPinned(this.#journal.previous) ? this.#journal.previous : null;
    this.#journal = this.#state.writeJournal({ ...this.#journal, previous, target: null });
    return true;
  }

  /** Attaches the serving generation where an interface of the fleet has come (back) without a link. */
  attachMissing(): string[] {
    return this.#serving ? this.#attachment.attachMissing(this.#serving) : [];
  }

  /** Takes links off that earlier agents made on interfaces which this one is not to serve. */
  detachOthers(): string[] {
    return this.#serving ? this.#attachment.detachOthers(this.#serving) : [];
  }

  interfaces(): InterfaceState[] {
    return this.#attachment.states(this.#serving);
  }

  accounts(): Accounts | null {
    const serving = this.#serving;
    const directory = this.#state.readSlots();
    let slots = 0;
    for (const slot of directory.values()) slots = Math.max(slots, slot + 1);
    const counts = serving && this.#state.readCounts(slots);
    if (!serving || !counts) return null;
    return account({
      fleet: this.name,
      counts,
      directory,
      manifest: serving.manifest,
      config: serving.config,
      slots: serving.slots,
      ledger: this.#state.readLedger(),
    });
  }

  /** Whatever the serving generation's verdicts are, the ledger is of these from now on. */
  #settleLedger(): void {
    if (this.#serving) this.#state.settleLedger(passMaskOf(this.#serving.config));
  }

  /** What a drift check looks at; null where nothing serves. */
  driftSubject(): DriftSubject | null {
    const state = this.#state;
    const serving = this.#serving;
    if (!serving) return null;
    return {
      layout: state.layout,
      state,
      serving,
      journal: this.#journal,
      links: this.#attachment.links.attached(),
      isBeingMoved: () => this.#isBeingMoved(),
    };
  }

  mapUse(): MapUse[] {
    return PROGRAM_STATE.flatMap((name): MapUse[] => {
      const map = this.#state.programMap(name);
      if (!map) return [];
      const { maxEntries, memoryBytes } = map.info;
      const use = name === "limit_state" || name === "blocks" ? this.#state.entriesOf(name) : null;
      return [{ name, entries: null, maxEntries, ...use, memoryBytes }];
    });
  }
}

function summary(generation: PinnedGeneration): GenerationSummary {
  return {
    generation: generation.key.bundle.slice(0, 12),
    bundleDigest: `sha256:${generation.key.bundle}`,
    revision: generation.manifest.revision,
  };
}

function vanished(key: GenerationKey | null): RuntimeFault {
  return new RuntimeFault({
    code: "pins-vanished",
    operation: "open generation",
    object: key ? generationName(key) : "generation",
    message: "the generation's pins are not there or cannot be read",
    help: "see who else writes below the pin path; the agent builds it anew with the next bundle",
  });
}

/** Milliseconds since the last lap. */
function stopwatch(): { lap(): number } {
  let last = performance.now();
  return {
    lap() {
      const now = performance.now();
      const elapsed = now - last;
      last = now;
      return Math.round(elapsed * 100) / 100;
    },
  };
}
