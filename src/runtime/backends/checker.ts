// Health checks of the serving generation's backends, each origin by itself: spread in time, few at once, so that the agent
// opens few descriptors whatever the policies say. Nothing is asked before update() names backends.

import type { ManifestBackend, ManifestHealthCheck } from "../../bundle/manifest.generated.ts";
import { messageOf } from "../errors.ts";
import { later, type Timer } from "../pulse.ts";
import { type Finding, type HealthCheck, LocalFault, probe } from "./probe.ts";

export type OriginState = "unknown" | "healthy" | "unhealthy";
export type BackendStatus = "unknown" | "healthy" | "degraded" | "unhealthy";

export interface OriginHealth {
  /** `host:port` as the policy names it. */
  readonly origin: string;
  readonly state: OriginState;
  /** Why not healthy; null where it is, or nobody has asked. */
  readonly reason: string | null;
  /** RFC 3339; null before the first check. */
  readonly checkedAt: string | null;
}

export interface BackendHealth {
  readonly backend: string;
  /** unknown until each origin has a verdict. healthy: all origins; unhealthy: none. */
  readonly status: BackendStatus;
  readonly healthyOrigins: number;
  readonly totalOrigins: number;
  readonly origins: readonly OriginHealth[];
}

export interface CheckerOptions {
  /** An origin turned healthy or unhealthy, its first verdict included. */
  readonly onChange?: (backend: string, origin: OriginHealth) => void;
  /** Checks that run at once. */
  readonly concurrency?: number;
  /** Fraction of the interval that each wait is longer or shorter. */
  readonly jitter?: number;
  /** The first check of an origin comes within so long. */
  readonly spreadMs?: number;
  readonly random?: () => number;
  readonly probe?: (host: string, check: HealthCheck) => Promise<Finding>;
}

interface Target {
  readonly backend: string;
  readonly origin: string;
  readonly host: string;
  readonly check: ManifestHealthCheck;
  state: OriginState;
  reason: string | null;
  failures: number;
  checkedAtMs: number | null;
  timer: Timer | null;
  /** No longer a target: what its last check finds is not told. */
  gone: boolean;
}

export class BackendChecker {
  readonly #options: Required<CheckerOptions>;
  #targets = new Map<string, Target>();
  #running = 0;
  readonly #waiting: Target[] = [];
  #localFault: string | null = null;

  constructor(options: CheckerOptions = {}) {
    const defaults = { onChange: () => {}, concurrency: 8, jitter: 0.1, spreadMs: 1000 };
    this.#options = { ...defaults, random: Math.random, probe, ...options };
  }

  /** Checks these from now on. An origin that stays, with the same check, keeps its verdict. */
  update(backends: readonly ManifestBackend[]): void {
    const before = this.#targets;
    const after = new Map<string, Target>();
    for (const { name, origins, healthCheck } of backends) {
      // A generation that an earlier version pinned has no such field.
      if (!healthCheck) continue;
      for (const origin of origins) {
        const key = JSON.stringify([name, origin, healthCheck]);
        after.set(key, before.get(key) ?? newTarget(name, origin, healthCheck));
      }
    }
    this.#targets = after;
    for (const [key, target] of before) if (!after.has(key)) retire(target);
    for (const [key, target] of after) if (!before.has(key)) this.#schedule(target, this.#firstDelay(target));
  }

  /** By backend, in the manifest's order. */
  states(): BackendHealth[] {
    const byBackend = new Map<string, Target[]>();
    for (const target of this.#targets.values())
      byBackend.set(target.backend, [...(byBackend.get(target.backend) ?? []), target]);
    return [...byBackend].map(([backend, targets]) => ({
      backend,
      status: statusOf(targets),
      healthyOrigins: targets.filter(({ state }) => state === "healthy").length,
      totalOrigins: targets.length,
      origins: targets.map(describe),
    }));
  }

  /** Why the last check said nothing about its origin; null where it did. */
  get localFault(): string | null {
    return this.#localFault;
  }

  close(): void {
    for (const target of this.#targets.values()) retire(target);
    this.#targets.clear();
    this.#waiting.length = 0;
  }

  #firstDelay(target: Target): number {
    return this.#options.random() * Math.min(this.#options.spreadMs, target.check.intervalSeconds * 1000);
  }

  #schedule(target: Target, delayMs: number): void {
    if (target.gone) return;
    target.timer = later(delayMs, () => {
      target.timer = null;
      this.#waiting.push(target);
      this.#startWaiting();
    });
  }

  #startWaiting(): void {
    while (this.#running < this.#options.concurrency) {
      const target = this.#waiting.shift();
      if (!target) return;
      if (!target.gone) void this.#check(target);
    }
  }

  async #check(target: Target): Promise<void> {
    const { check, host } = target;
    this.#running++;
    try {
      const finding = await this.#options.probe(host, check);
      this.#localFault = null;
      if (!target.gone) this.#judge(target, finding);
    } catch (error) {
      // Says nothing of the origin: its verdict stands.
      this.#localFault = error instanceof LocalFault ? error.message : `unexpected: ${messageOf(error)}`;
    } finally {
      this.#running--;
    }
    const { jitter, random } = this.#options;
    this.#schedule(target, check.intervalSeconds * 1000 * (1 + jitter * (2 * random() - 1)));
    this.#startWaiting();
  }

  #judge(target: Target, finding: Finding): void {
    const before = target.state;
    target.checkedAtMs = Date.now();
    target.reason = finding;
    target.failures = finding === null ? 0 : target.failures + 1;
    if (finding === null) target.state = "healthy";
    else if (target.failures >= target.check.unhealthyThreshold) target.state = "unhealthy";
    if (target.state !== before) this.#options.onChange(target.backend, describe(target));
  }
}

function newTarget(backend: string, origin: string, check: ManifestHealthCheck): Target {
  return {
    backend,
    origin,
    host: hostOf(origin),
    check,
    state: "unknown",
    reason: null,
    failures: 0,
    checkedAtMs: null,
    timer: null,
    gone: false,
  };
}

function retire(target: Target): void {
  target.gone = true;
  target.timer?.stop();
  target.timer = null;
}

/** `10.0.0.1:53`, `[2001:db8::1]:53`. The port is the service's; the check has its own. */
function hostOf(origin: string): string {
  return origin.slice(0, origin.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
}

function statusOf(targets: readonly Target[]): BackendStatus {
  if (targets.some(({ state }) => state === "unknown")) return "unknown";
  const healthy = targets.filter(({ state }) => state === "healthy").length;
  if (healthy === targets.length) return "healthy";
  return healthy === 0 ? "unhealthy" : "degraded";
}

function describe({ origin, state, reason, checkedAtMs }: Target): OriginHealth {
  const checkedAt = checkedAtMs === null ? null : new Date(checkedAtMs).toISOString();
  return { origin, state, reason, checkedAt };
}
