// The parts of the agent that health speaks of. Each part registers how it is asked for its state, once, and tells of its
// errors; /health, the metrics and `piston status` read them all from here. No part knows another.

import type { Component, ComponentState, Degradation } from "./health.ts";
import type { SampledBackend, TopSource } from "./stats.ts";

/** What a part says of itself. */
export interface ComponentReading {
  readonly state: ComponentState;
  /** Why it is not ok, in a few words; null where it is. */
  readonly reason: string | null;
}

export interface ComponentHealth extends ComponentReading {
  /** Errors that it has told of since the agent started. */
  readonly errors: number;
  /** Stable code of the last one. */
  readonly lastError: string | null;
  /** RFC 3339. */
  readonly lastErrorAt: string | null;
}

/** The configuration that is in force. */
export interface ConfigState {
  readonly profile: string;
  /** Path of the file; null where there is none. */
  readonly file: string | null;
  /** RFC 3339. */
  readonly loadedAt: string;
  /** Why the last reload was not taken; null where it was. */
  readonly refused: string | null;
}

/** What health says beside the components. Each is asked at each report. */
export interface Facts {
  degradationLevel(): Degradation;
  /** Milliseconds since 1970 of the last sample that was read; null before the first. */
  lastEventAtMs(): number | null;
  config(): ConfigState | null;
  /** Whose packets were not passed, by samples, the most first: at most `k`. */
  topSources(k: number): readonly TopSource[];
  /** Whose rules did not pass them. */
  topBackends(k: number): readonly SampledBackend[];
}

const NO_FACTS: Facts = {
  degradationLevel: () => 0,
  lastEventAtMs: () => null,
  config: () => null,
  topSources: () => [],
  topBackends: () => [],
};

interface Errors {
  count: number;
  lastError: string;
  lastErrorAtMs: number;
}

export class Components {
  readonly #readers = new Map<Component, () => ComponentReading>();
  readonly #errors = new Map<Component, Errors>();
  #facts: Facts = NO_FACTS;

  /** From now on health has this part; a second registration takes the first one's place. Returns what ends it. */
  register(name: Component, read: () => ComponentReading): () => void {
    this.#readers.set(name, read);
    return () => {
      if (this.#readers.get(name) === read) this.#readers.delete(name);
    };
  }

  /** Adds to what health says: the collector gives levels and events, the configuration its state. */
  provide(facts: Partial<Facts>): void {
    this.#facts = { ...this.#facts, ...facts };
  }

  /** Counts an error of a part. `code` is stable: `bad-digest`, `ENOSPC`. */
  error(name: Component, code: string): void {
    const count = (this.#errors.get(name)?.count ?? 0) + 1;
    this.#errors.set(name, { count, lastError: code, lastErrorAtMs: Date.now() });
  }

  get facts(): Facts {
    return this.#facts;
  }

  /** Each registered part's state. A part that cannot be asked has failed; it does not take health with it. */
  read(): ReadonlyMap<Component, ComponentHealth> {
    const states = new Map<Component, ComponentHealth>();
    for (const [name, read] of this.#readers) {
      let reading: ComponentReading;
      try {
        reading = read();
      } catch (error) {
        reading = { state: "failed", reason: error instanceof Error ? error.message : String(error) };
      }
      const errors = this.#errors.get(name);
      states.set(name, {
        state: reading.state,
        reason: reading.reason,
        errors: errors?.count ?? 0,
        lastError: errors?.lastError ?? null,
        lastErrorAt: errors ? new Date(errors.lastErrorAtMs).toISOString() : null,
      });
    }
    return states;
  }
}

export const OK: ComponentReading = Object.freeze({ state: "ok", reason: null });

export function degraded(reason: string): ComponentReading {
  return { state: "degraded", reason };
}

export function failed(reason: string): ComponentReading {
  return { state: "failed", reason };
}
