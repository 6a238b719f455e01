// File descriptors kept for the day when there are none: given back when the last are gone, so that health can be asked and
// the interfaces be looked after, and taken again when there is room.

import { closeSync, openSync } from "node:fs";

export class DescriptorReserve {
  readonly #wanted: number;
  #held: number[] = [];

  /** Opened now, while the process has few others, so that their numbers stay below a limit that is lowered later. */
  constructor(wanted: number) {
    this.#wanted = wanted;
    this.take();
  }

  get held(): number {
    return this.#held.length;
  }

  /** Opens as many as are missing and can be had. */
  take(): void {
    try {
      while (this.#held.length < this.#wanted) this.#held.push(openSync("/dev/null", "r"));
    } catch {
      // Exhausted still: what was opened is kept, the rest is tried again.
    }
  }

  release(): void {
    for (const fd of this.#held.splice(0)) closeSync(fd);
  }
}
