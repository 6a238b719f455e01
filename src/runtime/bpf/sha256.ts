// SHA-256 of bytes that are still arriving, on another thread: a large file is hashed while it is read, and while what was
// read is looked at.

import { loadAddon, type NativeSha256 } from "./addon.ts";

export class Sha256 {
  readonly #native: NativeSha256;

  private constructor(handle: NativeSha256) {
    this.#native = handle;
  }

  /** Of `bytes`, from the first on, as far as they will have arrived. Close it, or finish it: it keeps them until then. */
  static begin(bytes: Uint8Array): Sha256 {
    return new Sha256(loadAddon().beginSha256(bytes));
  }

  /** So many bytes have arrived, and do not change any more. */
  advance(bytes: number): void {
    this.#native.advance(bytes);
  }

  /** 32 bytes, of what has arrived. Waits for what is not hashed yet, and closes. */
  finish(): Uint8Array {
    return this.#native.finish();
  }

  get closed(): boolean {
    return this.#native.isClosed();
  }

  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
