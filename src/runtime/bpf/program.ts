// Loaded BPF programs, and running one on packets of our own (BPF_PROG_TEST_RUN).

import { loadAddon, type NativeProgram, type ProgramInfo } from "./addon.ts";

export interface TestRunOptions {
  /** XDP metadata before the packet: a multiple of 4, at most 32 bytes on every kernel. */
  readonly metadata?: Uint8Array;
  /** How often, exactly, each time on the same packet and metadata. 1 where it is not given. */
  readonly repeat?: number;
}

export interface TestRunResult {
  /** XDP action, or what the program returned. */
  readonly returnCode: number;
  /** The packet as the program left it. */
  readonly data: Uint8Array;
  /** The metadata as the program left it. */
  readonly metadata: Uint8Array;
}

const NOTHING = new Uint8Array(0);

export class BpfProgram {
  readonly #native: NativeProgram;

  /** Use openPinned, fromId or BpfObject.program. */
  constructor(handle: NativeProgram) {
    this.#native = handle;
  }

  static openPinned(path: string): BpfProgram {
    return new BpfProgram(loadAddon().openPinnedProgram(path));
  }

  static fromId(id: number): BpfProgram {
    return new BpfProgram(loadAddon().programFromId(id));
  }

  get info(): ProgramInfo {
    return this.#native.info();
  }

  get closed(): boolean {
    return this.#native.isClosed();
  }

  /** EINVAL for packets below 14 bytes (an Ethernet header); a program is shown no more than 3,520 bytes of longer ones (where a page is 4 KiB). */
  testRun(packet: Uint8Array, options: TestRunOptions = {}): TestRunResult {
    const run = this.#native.testRun(packet, options.metadata ?? NOTHING, options.repeat ?? 1);
    return {
      returnCode: run.returnCode,
      metadata: run.output.subarray(0, run.metadataBytes),
      data: run.output.subarray(run.metadataBytes),
    };
  }

  /**
   * Runs it once on each packet, in order. Packet i is `packets[offsets[i], offsets[i + 1])`: `offsets` has one more
   * entry than there are packets. `metadata` holds the same number of bytes for each packet and is updated in place
   * with what the program left. Returns the return codes. A refused packet throws, and names its index; the metadata
   * of those before it is updated.
   */
  testRunMany(packets: Uint8Array, offsets: Uint32Array, metadata: Uint8Array = NOTHING): Uint32Array {
    const codes = new Uint32Array(Math.max(0, offsets.length - 1));
    this.#native.testRunMany(packets, offsets, metadata, codes);
    return codes;
  }

  /**
   * Mean time of `repeat` runs by the kernel's clock. Each run gets what the one before left; a run that is broken off
   * by a signal begins again, so this counts more packets than it is told. Use testRun where that matters.
   */
  measure(
    packet: Uint8Array,
    options: TestRunOptions & { readonly repeat: number },
  ): { returnCode: number; durationNs: number } {
    return this.#native.measure(packet, options.metadata ?? NOTHING, options.repeat);
  }

  /**
   * Runs it on live frames: what it returns is done, XDP_TX and XDP_REDIRECT included. Returns nanoseconds a packet.
   * EINVAL before kernel 5.18. For benchmarks.
   */
  testRunLive(
    packet: Uint8Array,
    options: { readonly repeat: number; readonly batchFrames?: number },
  ): number {
    return this.#native.testRunLive(packet, options.repeat, options.batchFrames ?? 64);
  }

  /** Gives it a name in bpffs, which keeps it alive. EEXIST where the path is taken. */
  pin(path: string): void {
    this.#native.pin(path);
  }

  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** For siblings: what the addon holds. */
  static nativeOf(program: BpfProgram): NativeProgram {
    return program.#native;
  }
}
