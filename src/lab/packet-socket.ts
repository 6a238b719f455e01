// Frames in and out of a namespace, over the addon's raw packet socket.

import { loadAddon } from "../runtime/bpf/addon.ts";

interface NativePacketSocket {
  send(bytes: Uint8Array, ends: Uint32Array): number;
  drain(): { bytes: Uint8Array; ends: Uint32Array };
  dropped(): number;
  close(): void;
}

/** Frames one after the other, ready to be sent: making them costs more than sending them. */
export interface FrameBatch {
  readonly bytes: Uint8Array;
  /** Where each frame ends. */
  readonly ends: Uint32Array;
}

export function frameBatch(frames: readonly Uint8Array[]): FrameBatch {
  const ends = new Uint32Array(frames.length);
  let total = 0;
  for (const [i, frame] of frames.entries()) {
    total += frame.length;
    ends[i] = total;
  }
  const bytes = new Uint8Array(total);
  for (const [i, frame] of frames.entries()) bytes.set(frame, ends[i]! - frame.length);
  return { bytes, ends };
}

export class PacketSocket implements Disposable {
  readonly #native: NativePacketSocket;

  /** @param namespace path of a network namespace; this process's own where it is missing. */
  constructor(interfaceName: string, namespace = "") {
    const { PacketSocket: Native } = loadAddon() as unknown as {
      PacketSocket: new (interfaceName: string, namespace: string) => NativePacketSocket;
    };
    this.#native = new Native(interfaceName, namespace);
  }

  send(batch: FrameBatch): void {
    this.#native.send(batch.bytes, batch.ends);
  }

  /** Frames that have come in since the last call, without those sent from here. */
  drain(): Uint8Array[] {
    const { bytes, ends } = this.#native.drain();
    return Array.from(ends, (end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
  }

  /** Frames lost since the last call because nobody drained. */
  dropped(): number {
    return this.#native.dropped();
  }

  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
