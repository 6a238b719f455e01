// Lines of the log to a file descriptor that may fail: the disk behind it is full, nobody reads the pipe any more. No line
// is worth the agent: what cannot be written is counted, and the count is the first thing that is written again.

import { writeSync } from "node:fs";

export class LogOutput {
  readonly #fd: number;
  readonly #lostLine: (lost: number) => string;
  #lost = 0;

  /** @param lostLine what is said, with its newline, before the first line after `lost` others. */
  constructor(fd: number, lostLine: (lost: number) => string) {
    this.#fd = fd;
    this.#lostLine = lostLine;
  }

  /** Synchronous: what was said before a crash is what one wants to read after it. */
  write(line: string): void {
    try {
      // The newline ends what of an earlier line got through.
      if (this.#lost > 0) writeAll(this.#fd, `\n${this.#lostLine(this.#lost)}`);
      this.#lost = 0;
      writeAll(this.#fd, line);
    } catch {
      this.#lost++;
    }
  }
}

function writeAll(fd: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
}
