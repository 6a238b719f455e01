// A file descriptor to bytes in order, a window at a time: captures of any size take the memory of their largest block.
// Reads are synchronous: whoever judges packets has nothing else to do meanwhile, and a promise for each packet would cost
// more than its verdict.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { CaptureError } from "./errors.ts";

const WINDOW_BYTES = 1 << 20;
/** Standard input that is a terminal or a pipe in non-blocking mode has nothing yet. */
const WAIT_MS = 5;

export interface ByteSource {
  /** Reads up to `into.length` bytes; 0 at the end. */
  read(into: Uint8Array): number;
  /** null where it is not known: a pipe. */
  readonly totalBytes: number | null;
  close(): void;
}

/** `-`: standard input. Throws CaptureError. */
export function openFile(path: string): ByteSource {
  const failed = (error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    return new CaptureError(
      "unreadable",
      `${path}: ${code === "ENOENT" ? "no such file" : `cannot be read (${code ?? message})`}`,
      "give the path of a pcap or pcapng file, or - for standard input",
    );
  };
  try {
    const fd = path === "-" ? 0 : openSync(path, "r");
    const stat = fstatSync(fd);
    return {
      read: (into) => {
        try {
          return readWaiting(fd, into);
        } catch (error) {
          throw failed(error);
        }
      },
      totalBytes: stat.isFile() ? stat.size : null,
      close: () => {
        if (fd !== 0) closeSync(fd);
      },
    };
  } catch (error) {
    throw failed(error);
  }
}

function readWaiting(fd: number, into: Uint8Array): number {
  for (;;) {
    try {
      return readSync(fd, into);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  }
}

export function fromBytes(bytes: Uint8Array): ByteSource {
  let at = 0;
  return {
    totalBytes: bytes.length,
    read(into) {
      const part = bytes.subarray(at, at + into.length);
      into.set(part);
      at += part.length;
      return part.length;
    },
    close() {},
  };
}

/** The window over a source. `bytes`, `view` and `at` hold until the next want() or skip(). */
export class ByteReader {
  readonly #source: ByteSource;
  /** Only these bytes of the window are of the source. */
  #filled = 0;
  /** Offset in the source of the window's first byte. */
  #base = 0;
  #ended = false;
  bytes: Uint8Array = new Uint8Array(WINDOW_BYTES);
  view: DataView = new DataView(this.bytes.buffer);
  /** Index in `bytes` of the next byte to be taken. */
  at = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Offset in the source. */
  get offset(): number {
    return this.#base + this.at;
  }

  /** Bytes that the window holds from `at` on. */
  get available(): number {
    return this.#filled - this.at;
  }

  get totalBytes(): number | null {
    return this.#source.totalBytes;
  }

  /** True where the next `count` bytes stand in the window; false where the source ends before. */
  want(count: number): boolean {
    if (this.available >= count) return true;
    this.#makeRoom(count);
    while (this.available < count && !this.#ended) this.#fill();
    return this.available >= count;
  }

  /** Goes on by so many bytes, whether they are in the window or not. False where the source ends before. */
  skip(count: number): boolean {
    let left = count;
    while (left > this.available) {
      left -= this.available;
      this.at = this.#filled;
      if (!this.want(1)) return false;
    }
    this.at += left;
    return true;
  }

  #makeRoom(count: number): void {
    const kept = this.bytes.subarray(this.at, this.#filled);
    const target = count > this.bytes.length ? new Uint8Array(count + WINDOW_BYTES) : this.bytes;
    target.set(kept);
    if (target !== this.bytes) {
      this.bytes = target;
      this.view = new DataView(target.buffer);
    }
    this.#base += this.at;
    this.#filled = kept.length;
    this.at = 0;
  }

  #fill(): void {
    const read = this.#source.read(this.bytes.subarray(this.#filled));
    if (read === 0) this.#ended = true;
    this.#filled += read;
  }
}
