// What the agent knows about itself to what it says on /health, /healthz and /readyz. No system calls here.

import { generationOf } from "../../bundle/digest.ts";
import type { COMPONENTS } from "../../metrics/catalogue.ts";
import type { BackendHealth } from "../backends/checker.ts";
import {
  type ComponentHealth,
  type ComponentReading,
  Components,
  type ConfigState,
  degraded,
  failed,
  OK,
} from "./components.ts";
import type { DriftReport } from "./drift.ts";

export type Component = (typeof COMPONENTS)[number];
export type ComponentState = "ok" | "degraded" | "failed";
/** 0 normal, 1 reduced, 2 minimal, 3 emergency: what of the events is kept. Filtering is the same at each. */
export type Degradation = 0 | 1 | 2 | 3;

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
}

/** What the agent's parts say of themselves, beside what serves. */
export interface HealthParts {
  readonly components: ReadonlyMap<Component, ComponentHealth>;
  readonly degradationLevel: Degradation;
  readonly lastEventAtMs: number | null;
  readonly config: ConfigState | null;
  readonly backends: readonly BackendHealth[];
  readonly drift: DriftReport | null;
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
  /** Those that this agent has. */
  readonly components: Readonly<Partial<Record<Component, ComponentHealth>>>;
  readonly degradationLevel: Degradation;
  /** RFC 3339: when the last sample of a packet was read. */
  readonly lastEventAt: string | null;
  readonly config: ConfigState | null;
  /** Those with a health check. What they are is no fault of the agent's, and does not change `status`. */
  readonly backends: readonly BackendHealth[];
  /** null where no agent runs, which would compare. */
  readonly drift: DriftReport | null;
}

export function healthReport(input: HealthInput, parts: HealthParts): HealthReport {
  const components = Object.fromEntries(parts.components) as HealthReport["components"];
  const { lastEventAtMs } = parts;
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
    degradationLevel: parts.degradationLevel,
    lastEventAt: lastEventAtMs === null ? null : new Date(lastEventAtMs).toISOString(),
    config: parts.config,
    backends: parts.backends,
    drift: parts.drift,
  };
}

/**
 * Ready: a generation serves, on every interface that it should. A refused bundle does not make a node unready, unless
 * the question names the generation that a roll-out waits for (docs/adr/0005): then that one must serve, or be the one
 * that an operator rolled back from, which must not stop the roll-out of the next.
 */
export function isReady(report: HealthReport, generation: string | null = null): boolean {
  const serves = report.components.program?.state === "ok" && report.components.interfaces?.state === "ok";
  const held = report.held === null ? null : generationOf(report.held);
  return serves && (generation === null || generation === report.generation || generation === held);
}

/** The parts that this file knows by itself, for Components.register. */
export const SERVING_COMPONENTS = {
  bundle: ({ refused, serving }: HealthInput): ComponentReading => {
    if (refused === null) return OK;
    return (serving ? degraded : failed)(`the newest bundle is not served: ${refused.code}, ${refused.part}`);
  },
  program: ({ serving }: HealthInput): ComponentReading =>
    serving ? OK : failed("no generation serves: packets are not filtered"),
  interfaces: ({ interfaces }: HealthInput): ComponentReading => {
    const missing = interfaces.filter((entry) => !entry.attached).map((entry) => entry.name);
    if (missing.length === interfaces.length)
      return failed(
        interfaces.length === 0 ? "no interface is known" : `not attached: ${missing.join(", ")}`,
      );
    return missing.length === 0 ? OK : degraded(`not attached: ${missing.join(", ")}`);
  },
} as const;

/** Of a fleet that no agent looks after: what the kernel holds, and nothing that is an agent's. */
export function servingParts(input: HealthInput): HealthParts {
  const components = new Components();
  for (const name of ["bundle", "program", "interfaces"] as const)
    components.register(name, () => SERVING_COMPONENTS[name](input));
  return {
    components: components.read(),
    degradationLevel: 0,
    lastEventAtMs: null,
    config: null,
    backends: [],
    drift: null,
  };
}

function overall(input: HealthInput, components: HealthReport["components"]): Status {
  if (input.serving === null && input.refused === null) return "starting";
  if (components.program?.state === "failed" || components.interfaces?.state === "failed") return "failed";
  return Object.values(components).every(({ state }) => state === "ok") ? "ok" : "degraded";
}
