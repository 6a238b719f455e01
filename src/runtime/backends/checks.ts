// The setting that turns health checks on and off → a checker or none, its component of health, and a log line for each
// origin that changes.

import type { ManifestBackend } from "../../bundle/manifest.generated.ts";
import type { Logger } from "../log.ts";
import { type Components, degraded, OK } from "../observe/components.ts";
import { BackendChecker, type BackendHealth, type OriginHealth } from "./checker.ts";

export class BackendChecks {
  readonly #components: Components;
  readonly #logger: Logger;
  /** Of the generation that serves; known while nothing is checked. */
  #backends: readonly ManifestBackend[] = [];
  /** null: turned off. */
  #running: { readonly checker: BackendChecker; readonly unregister: () => void } | null = null;

  constructor(components: Components, logger: Logger) {
    this.#components = components;
    this.#logger = logger;
  }

  turn(on: boolean): void {
    if (on === (this.#running !== null)) return;
    if (on) this.#start();
    else this.close();
  }

  /** Checks these from now on, where checks are on. */
  update(backends: readonly ManifestBackend[]): void {
    this.#backends = backends;
    this.#running?.checker.update(backends);
  }

  states(): BackendHealth[] {
    return this.#running?.checker.states() ?? [];
  }

  close(): void {
    this.#running?.unregister();
    this.#running?.checker.close();
    this.#running = null;
  }

  #start(): void {
    const checker = new BackendChecker({ onChange: (backend, origin) => this.#changed(backend, origin) });
    const unregister = this.#components.register("backends", () =>
      checker.localFault === null ? OK : degraded(`origins cannot be checked: ${checker.localFault}`),
    );
    this.#running = { checker, unregister };
    checker.update(this.#backends);
  }

  #changed(backend: string, { origin, state, reason }: OriginHealth): void {
    const fields = { backend, origin, reason };
    if (state === "unhealthy")
      this.#logger.warn(
        { event: "origin-unhealthy", ...fields },
        `origin ${origin} of backend ${backend} is unhealthy: ${reason}`,
      );
    else
      this.#logger.info(
        { event: "origin-healthy", ...fields },
        `origin ${origin} of backend ${backend} is healthy`,
      );
  }
}
