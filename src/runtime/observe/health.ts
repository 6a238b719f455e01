// What the agent knows about itself to what it says on /health, /healthz and /readyz. No system calls here.

import { generationOf } from "../../bundle/digest.ts";
import { COMPONENTS } from "../../metrics/catalogue.ts";

export type Component = (typeof COMPONENTS)[number];
export type ComponentState = "ok" | "degraded" | "failed";

export interface InterfaceState {
  readonly name: string;
  readonly mode: "native" | "generic";
  readonly attached: boolean;
  readonly programId: number | null;
}

export interface StageDurations {
  readonly verify: number;
  readonly build: number;
  readonly prove: number;
  readonly commit: number;
}

export interface GenerationSummary {
  /** First 12 hex digits of the bundle digest. */
  readonly generation: string;
  readonly bundleDigest: string;
  readonly revision: string;
}

export interface SwapSummary {
  /** RFC 3339. */
  readonly at: string;
  readonly generation: string;
  readonly previous: string | null;
  /** Milliseconds; null where the swap was made by an agent that has ended, or was a roll-back. */
  readonly durationMs: StageDurations | null;
}

export interface Refusal {
  readonly at: string;
  readonly bundleDigest: string | null;
  readonly part: string;
  readonly code: string;
  readonly message: string;
  readonly help: string;
}

export interface HealthInput {
  readonly fleet: string | null;
  readonly serving: GenerationSummary | null;
  readonly previous: Pick<GenerationSummary, "generation" | "bundleDigest"> | null;
  /** Digest of the bundle that was rolled back from. */
  readonly held: string | null;
  readonly interfaces: readonly InterfaceState[];
  readonly lastSwap: SwapSummary | null;
  readonly refused: Refusal | null;
  readonly samplesRunning: boolean;
}

export type Status = "ok" | "degraded" | "failed" | "starting";

export interface HealthReport {
  readonly status: Status;
  readonly fleet: string | null;
  readonly generation: string | null;
  readonly bundleDigest: string | null;
  readonly revision: string | null;
  readonly previous: HealthInput["previous"];
  readonly held: string | null;
  readonly interfaces: readonly InterfaceState[];
  readonly lastSwap: SwapSummary | null;
  readonly refused: Refusal | null;
  readonly components: Readonly<Record<Component, ComponentState>>;
}

export function healthReport(input: HealthInput): HealthReport {
  const components = componentStates(input);
  return {
    status: overall(input, components),
    fleet: input.fleet,
    generation: input.serving?.generation ?? null,
    bundleDigest: input.serving?.bundleDigest ?? null,
    revision: input.serving?.revision ?? null,
    previous: input.previous,
    held: input.held,
    interfaces: input.interfaces,
    lastSwap: input.lastSwap,
    refused: input.refused,
    components,
  };
}

/**
 * Ready: a generation serves, on every interface that it should. A refused bundle does not make a node unready, unless
 * the question names the generation that a roll-out waits for (docs/adr/0005): then that one must serve, or be the one
 * that an operator rolled back from, which must not stop the roll-out of the next.
 */
export function isReady(report: HealthReport, generation: string | null = null): boolean {
  const serves = report.components.program === "ok" && report.components.interfaces === "ok";
  const held = report.held === null ? null : generationOf(report.held);
  return serves && (generation === null || generation === report.generation || generation === held);
}

function componentStates(input: HealthInput): Record<Component, ComponentState> {
  const attached = input.interfaces.filter((entry) => entry.attached).length;
  return {
    bundle: input.refused === null ? "ok" : input.serving ? "degraded" : "failed",
    program: input.serving ? "ok" : "failed",
    interfaces: attached === 0 ? "failed" : attached < input.interfaces.length ? "degraded" : "ok",
    samples: input.samplesRunning ? "ok" : "degraded",
  };
}

function overall(input: HealthInput, components: Record<Component, ComponentState>): Status {
  if (input.serving === null && input.refused === null) return "starting";
  if (components.program === "failed" || components.interfaces === "failed") return "failed";
  return COMPONENTS.every((name) => components[name] === "ok") ? "ok" : "degraded";
}
