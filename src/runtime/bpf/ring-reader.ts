// Records that a BPF program wrote to a ring buffer, taken when somebody asks: no object for each record.
// For readers that sleep between batches; ring-buffer.ts is for those that want each record at once.

import { loadAddon, type NativeRingReader } from "./addon.ts";
import { BpfMap } from "./map.ts";

/** Where records go: record i to `bytes` from i * slotBytes on, cut to slotBytes, its real size to sizes[i]. */
export interface RecordSlots {
  readonly bytes: Uint8Array;
  readonly slotBytes: number;
  readonly sizes: Uint32Array;
}

/** Bytes since the map was made, eight for each record's header among them. The kernel keeps both, whoever reads. */
export interface RingPositions {
  readonly read: number;
  readonly written: number;
}

export class RingReader {
  readonly #native: NativeRingReader;

  private constructor(handle: NativeRingReader) {
    this.#native = handle;
  }

  /** The map may be closed afterwards. Two readers of one map take records from each other. */
  static open(map: BpfMap): RingReader {
    return new RingReader(loadAddon().openRingReader(BpfMap.nativeOf(map)));
  }

  /**
   * Takes as many records as there are and as the slots hold, `most` at most, and returns their number. `total[0]` grows by it in the same
   * step as the records leave the ring: in shared memory it tells another thread of records that this one took and died
   * with.
   */
  drain(slots: RecordSlots, total: Float64Array, most: number = slots.sizes.length): number {
    return this.#native.drain(slots.bytes, slots.slotBytes, slots.sizes, total, most);
  }

  /**
   * Calls `onReadable` once, as soon as there is a record: for a reader that has found none. The event loop does not wait
   * for it. A later call takes the place of an earlier one.
   */
  wait(onReadable: () => void): void {
    this.#native.wait(onReadable);
  }

  positions(): RingPositions {
    return this.#native.positions();
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
