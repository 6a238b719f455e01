// What the kernel says of this process, read so that it can be asked when no file descriptor is left: the files are opened
// once, and read again from their beginning; what counts descriptors and threads is asked by stat, which needs none.

import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";

/** A file of /proc that gives new text at each reading. */
export class LiveFile {
  readonly #fd: number | null;
  readonly #bytes: Buffer;

  /** A file that is not there, or may not be read, reads as null. */
  constructor(path: string, bytesMax = 4096) {
    this.#bytes = Buffer.allocUnsafeSlow(bytesMax);
    this.#fd = opened(path);
  }

  read(): string | null {
    if (this.#fd === null) return null;
    try {
      return this.#bytes.toString("latin1", 0, readSync(this.#fd, this.#bytes, 0, this.#bytes.length, 0));
    } catch {
      return null; // pressure files answer EOPNOTSUPP where the kernel was started with psi=0
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
  }
}

function opened(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch {
    return null;
  }
}

export interface ProcessReading {
  readonly rssBytes: number;
  /** User and system, since it began. */
  readonly cpuMicroseconds: number;
  readonly fds: number;
  /** RLIMIT_NOFILE, soft: anybody with the right may change it while this process runs. */
  readonly fdLimit: number;
  readonly threads: number;
}

export class ProcessFiles {
  readonly #limits = new LiveFile("/proc/self/limits");
  readonly #status = new LiveFile("/proc/self/status");

  read(): ProcessReading {
    const status = this.#status.read() ?? "";
    const { user, system } = process.cpuUsage();
    return {
      rssBytes: 1024 * (numberAfter("\nVmRSS:", status) ?? 0),
      cpuMicroseconds: user + system,
      fds: openFds(),
      fdLimit: numberAfter("\nMax open files", this.#limits.read() ?? "") ?? Number.POSITIVE_INFINITY, // "unlimited"
      threads: numberAfter("\nThreads:", status) ?? 0,
    };
  }

  close(): void {
    this.#limits.close();
    this.#status.close();
  }
}

/** The number that stands after `label` and blanks; null where none does. Cheaper than an expression for each. */
function numberAfter(label: string, text: string): number | null {
  const at = text.indexOf(label);
  const number =
    at < 0 ? Number.NaN : Number.parseInt(text.slice(at + label.length, at + label.length + 32), 10);
  return Number.isNaN(number) ? null : number;
}

/** Since kernel 6.2 the directory's size is the number; before, it has to be listed, which takes one. */
function openFds(): number {
  const { size } = statSync("/proc/self/fd");
  if (size > 0) return size;
  try {
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return Number.POSITIVE_INFINITY; // no descriptor left to count them with
  }
}

/**
 * `full avg10` of a file of pressure stall information, as a ratio: the share of the last ten seconds in which nobody got
 * on because memory was being reclaimed. null where the kernel does not say.
 */
export function stallRatio(text: string | null): number | null {
  const at = text?.indexOf("full avg10=") ?? -1;
  if (!text || at < 0) return null;
  return Number.parseFloat(text.slice(at + "full avg10=".length)) / 100;
}
