// Frames from the `world` namespace to the `edge`, where none is lost on the way: a veth pair keeps 256 of them in between and drops
// what is above (VETH_RING_SIZE of drivers/net/veth.c), which a receiver that has to wait for its CPU would make look like the
// filter's work.

import { closeSync, openSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Namespaces } from "./namespaces.ts";
import { inNetworkNamespace } from "./own-namespace.ts";
import { type FrameBatch, PacketSocket } from "./packet-socket.ts";

/** Frames on the way at any time. */
const ON_THE_WAY_MAX = 128;
/** What was not taken for so long is lost, and the caller's counts will say so. */
const LOST_MS = 5_000;
/** From the filter to the socket: the rest of a turn of the kernel's. */
const SETTLE_MS = 50;

export class Wire implements Disposable {
  readonly world: PacketSocket;
  readonly edge: PacketSocket;
  /** /proc/net/dev of the edge's namespace: whoever has it open reads that one from anywhere. */
  readonly #counters: number;
  readonly #line: RegExp;
  readonly #buffer = Buffer.alloc(4096);
  /** What #received() is once all that was sent is taken. */
  #expected: number;

  /** Of the interface that is there now: one that is plugged in later needs a wire of its own. */
  constructor(namespaces: Namespaces) {
    const { edge, world, interface: name } = namespaces;
    this.world = new PacketSocket(name, world);
    this.edge = new PacketSocket(name, edge);
    this.#counters = inNetworkNamespace(edge, () => openSync("/proc/thread-self/net/dev", "r"));
    this.#line = new RegExp(`^\\s*${name}:\\s*\\d+\\s+(\\d+)`, "m");
    this.#expected = this.#received();
  }

  /** Sends frames from the world to the edge, no faster than they are taken: dropped, passed, it is the same here. */
  send({ bytes, ends }: FrameBatch): void {
    for (let first = 0; first < ends.length; first += ON_THE_WAY_MAX) {
      const begin = first === 0 ? 0 : ends[first - 1]!;
      const part = ends.subarray(first, first + ON_THE_WAY_MAX).map((end) => end - begin);
      this.world.send({ bytes: bytes.subarray(begin), ends: part });
      this.#expected += part.length;
      this.#waitUntilTaken();
    }
  }

  /** Frames that the filter let through since the last call, once all that was sent has had time to come. */
  async arrived(): Promise<Uint8Array[]> {
    this.#waitUntilTaken();
    await sleep(SETTLE_MS);
    return this.edge.drain();
  }

  /** Holds the thread: nearly always the kernel has done it by the time that it is asked. */
  #waitUntilTaken(): void {
    let last = this.#received();
    let deadline = performance.now() + LOST_MS;
    while (last < this.#expected) {
      Atomics.wait(NEVER, 0, 0, 1);
      const now = this.#received();
      if (now > last) deadline = performance.now() + LOST_MS;
      else if (performance.now() > deadline) this.#expected = now;
      last = now;
    }
  }

  /** Packets that the interface has taken, those that its program dropped included. */
  #received(): number {
    const length = readSync(this.#counters, this.#buffer, 0, this.#buffer.length, 0);
    return Number(this.#line.exec(this.#buffer.toString("latin1", 0, length))?.[1]);
  }

  close(): void {
    this.world.close();
    this.edge.close();
    closeSync(this.#counters);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What nobody changes: waiting for it is sleeping. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));
