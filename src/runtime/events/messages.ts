// What the two threads of the collector say to each other. Numbers that change all the time stand in shared memory
// (counts.ts) instead.

import type { BreakerState, SinkName } from "../../metrics/event-labels.ts";
import type { DegradationLevel } from "./degradation.ts";
import type { CollectorOptions } from "./options.ts";
import type { Top } from "./top-k.ts";

/** Names for what records hold as numbers. */
export interface Names {
  /** By stable id, 16 hex digits. */
  readonly rules: ReadonlyMap<string, { readonly id: string; readonly backend: string | null }>;
  /** First 16 hex digits of the digests of the bundles that this agent has put in charge. */
  readonly generations: readonly string[];
  /** Where the fleet is managed: protocol << 16 | port. */
  readonly services: readonly number[];
}

export interface WorkerInput {
  readonly options: CollectorOptions;
  /** Path of the pinned ring buffer. */
  readonly path: string;
  readonly counts: SharedArrayBuffer;
  readonly names: Names | null;
}

export type ToWorker =
  | { readonly kind: "names"; readonly names: Names }
  | { readonly kind: "close"; readonly deadlineMs: number }
  /** For tests: a fault of the worker's own. */
  | { readonly kind: "fail"; readonly how: "throw" | "exit" | "memory" | "hang" };

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "top"; readonly sources: readonly Top[]; readonly backends: readonly Top[] }
  | {
      readonly kind: "breaker";
      readonly sink: SinkName;
      readonly state: BreakerState;
      readonly cause: string | null;
    }
  | { readonly kind: "level"; readonly level: DegradationLevel; readonly from: DegradationLevel }
  | { readonly kind: "backpressure"; readonly active: boolean; readonly depth: number }
  | { readonly kind: "closed" };
