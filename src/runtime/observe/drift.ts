// Three things that should be one: what the kernel runs, what this agent put in charge, and what the bundle path wants.
// Compared at an interval and on demand; what can be put right is, and what was found is said once in the log, counted,
// and part of health.

import { messageOf } from "../errors.ts";
import {
  type DriftFinding,
  type DriftSubject,
  findDrift,
  findLinkDrift,
  findTableDrift,
  mend,
  programsOf,
  type SettledFinding,
} from "../kernel/drift.ts";
import type { Logger } from "../log.ts";
import { type ComponentReading, type Components, degraded, OK } from "./components.ts";
import type { AgentMetrics } from "./metrics.ts";

/** behind: the path wants another bundle than serves. kernel-differs: something was found that could not be put right. */
export type DriftState = "unknown" | "in-sync" | "behind" | "kernel-differs";

/** What the bundle path holds, as far as it could be read. */
export interface WantedBundle {
  /** null where it cannot be read so far. */
  readonly bundleDigest: string | null;
  /** Why it is not what serves; null where it is. */
  readonly reason: "refused" | "held" | "torn" | "failed" | null;
}

export interface DriftReport {
  readonly state: DriftState;
  readonly reason: string | null;
  /** RFC 3339 of the last whole check; null before the first. */
  readonly checkedAt: string | null;
  /** By the constants of the program that runs; null before the first check. */
  readonly kernelDigest: string | null;
  readonly servingDigest: string | null;
  readonly wanted: WantedBundle | null;
  readonly programs: ReturnType<typeof programsOf>;
  /** Of the last whole check, and those of links since. */
  readonly findings: readonly SettledFinding[];
}

export interface DriftParts {
  readonly subject: () => DriftSubject | null;
  readonly wanted: () => WantedBundle | null;
  /** Runs it while nothing else changes the kernel. */
  readonly exclusive: <T>(work: () => Promise<T>) => Promise<T>;
  readonly metrics: AgentMetrics;
  readonly components: Components;
  readonly logger: Logger;
}

/** The start has other work to do. */
const FIRST_MS = 2_000;

export class DriftMonitor {
  readonly #parts: DriftParts;
  readonly #endComponent: () => void;
  readonly #first: NodeJS.Timeout;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<DriftReport> | null = null;
  /** Who has asked since that one began. */
  #next: Promise<DriftReport> | null = null;
  #findings: SettledFinding[] = [];
  #checkedAtMs: number | null = null;
  #kernelDigest: string | null = null;
  #fault: string | null = null;
  /** What was last said, so that it is said once. */
  #said = "";
  #closed = false;

  constructor(parts: DriftParts, intervalSeconds: number) {
    this.#parts = parts;
    this.#endComponent = parts.components.register("drift", () => this.#reading());
    this.every(intervalSeconds);
    this.#first = setTimeout(() => this.#inTurn(), FIRST_MS);
    this.#first.unref();
  }

  /** From now on at this interval. */
  every(seconds: number): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#inTurn(), seconds * 1000);
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#first);
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#endComponent();
  }

  /** A whole check that begins after the question: one that runs may be past what is asked about, so then it is the next. */
  check(): Promise<DriftReport> {
    if (this.#running) {
      const again = () => {
        this.#next = null;
        return this.check();
      };
      this.#next ??= this.#running.then(again, again);
      return this.#next;
    }
    clearTimeout(this.#first);
    this.#running = this.#check().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  #inTurn(): void {
    if (!this.#running) void this.check();
  }

  /** Only the links, which is cheap: for every tick, within which nothing else changes the kernel. */
  checkLinks(): void {
    const subject = this.#parts.subject();
    if (!subject) return;
    const found = findLinkDrift(subject).map(mend);
    if (found.length === 0) return;
    this.#findings = [...this.#findings.filter(({ part }) => part !== "link"), ...found];
    this.#tell(subject, found);
  }

  report(): DriftReport {
    const { subject, wanted } = this.#parts;
    const current = subject();
    const [state, reason] = this.#state(wanted());
    return {
      state,
      reason,
      checkedAt: this.#checkedAtMs === null ? null : new Date(this.#checkedAtMs).toISOString(),
      kernelDigest: this.#kernelDigest,
      servingDigest: current && `sha256:${current.serving.key.bundle}`,
      wanted: wanted(),
      programs: current ? programsOf(current) : [],
      findings: this.#findings,
    };
  }

  async #check(): Promise<DriftReport> {
    const subject = this.#parts.subject();
    if (!subject) return this.report();
    const isCurrent = () => !this.#closed && this.#parts.subject()?.serving === subject.serving;
    let result: "clean" | "differs" | "mended" | "failed";
    try {
      // Outside the agent's queue: it takes as long as the tables are large, and changes nothing.
      const tables = await findTableDrift(subject, isCurrent);
      const settled = await this.#parts.exclusive(async () => {
        const now = this.#parts.subject();
        if (tables === null || !now || !isCurrent()) return null;
        return [...tables, ...findDrift(now)].map((finding: DriftFinding) => mend(finding));
      });
      if (settled === null) return this.report();
      this.#fault = null;
      this.#findings = settled;
      this.#checkedAtMs = Date.now();
      const strange = settled.some(({ part, mended }) => part === "constants" && !mended);
      this.#kernelDigest = strange ? null : `sha256:${subject.serving.key.bundle}`;
      this.#tell(subject, settled);
      const open = settled.some(({ mended }) => !mended);
      result = open ? "differs" : settled.length > 0 ? "mended" : "clean";
    } catch (error) {
      this.#fault = messageOf(error);
      this.#parts.components.error("drift", "drift-check-failed");
      this.#say(`the drift check failed: ${this.#fault}`, () =>
        this.#parts.logger.error(
          { event: "drift-check-failed", fault: this.#fault },
          `the kernel's state cannot be compared: ${this.#fault}`,
        ),
      );
      result = "failed";
    }
    this.#parts.metrics.driftChecked(result);
    return this.report();
  }

  #tell(subject: DriftSubject, findings: readonly SettledFinding[]): void {
    const { components, logger, metrics } = this.#parts;
    for (const finding of findings) {
      components.error("drift", `drift-${finding.part}`);
      metrics.driftFound(finding.part);
    }
    const text = findings.map(({ message, mended }) => `${message} ${mended}`).join("\n");
    this.#say(text, () => {
      const serving = subject.serving.key.bundle.slice(0, 12);
      for (const { part, object, message, help, mended } of findings) {
        const fields = { event: mended ? "drift-mended" : "drift-found", part, object, serving };
        if (mended) logger.warn(fields, `changed from outside, and put right: ${message}`);
        else logger.error({ ...fields, help }, `changed from outside: ${message}`);
      }
    });
  }

  /** Something that was put right is news each time; what stays as it is was said. */
  #say(text: string, log: () => void): void {
    const again = text === this.#said && !text.includes(" true");
    this.#said = text;
    if (text !== "" && !again) log();
  }

  #state(wanted: WantedBundle | null): [DriftState, string | null] {
    const open = this.#findings.find(({ mended }) => !mended);
    if (open) return ["kernel-differs", open.message];
    if (!this.#parts.subject()) return ["unknown", "no generation serves"];
    if (wanted?.reason) return ["behind", `the bundle path's bundle is ${wanted.reason}`];
    if (this.#checkedAtMs === null) return ["unknown", "no check has run yet"];
    return ["in-sync", null];
  }

  #reading(): ComponentReading {
    if (this.#fault !== null) return degraded(`the drift check failed: ${this.#fault}`);
    const open = this.#findings.filter(({ mended }) => !mended);
    return open.length === 0 ? OK : degraded(open.map(({ message }) => message).join("; "));
  }
}
