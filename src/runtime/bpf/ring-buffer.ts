// Records that a BPF program wrote to a ring buffer, given to a function as the event loop finds them.

import { loadAddon, type NativeRingBuffer } from "./addon.ts";
import { BpfMap } from "./map.ts";

export class RingBuffer {
  readonly #native: NativeRingBuffer;

  /** Use open. */
  constructor(handle: NativeRingBuffer) {
    this.#native = handle;
  }

  /**
   * `onRecord` gets a copy of each record, at most 256 in one turn of the event loop. While it is open the event loop
   * stays alive, unless unref() is called. What it throws is an uncaught exception. The map may be closed meanwhile.
   */
  static open(map: BpfMap, onRecord: (bytes: Uint8Array) => void): RingBuffer {
    return new RingBuffer(loadAddon().openRingBuffer(BpfMap.nativeOf(map), onRecord));
  }

  get closed(): boolean {
    return this.#native.isClosed();
  }

  /** The event loop waits for it. */
  ref(): this {
    this.#native.ref();
    return this;
  }

  /** The event loop does not wait for it. */
  unref(): this {
    this.#native.unref();
    return this;
  }

  /** No record comes after this, not even one that was read already. */
  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
