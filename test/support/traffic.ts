// Continuous numbered traffic through a lab node, and the account of what came of it.

import type { LabNode } from "../../src/lab/lab-node.ts";
import { frameBatch } from "../../src/lab/packet-socket.ts";
import { KINDS, numberedFrame, readNumber } from "./two-policies.ts";

/** Frames of each kind in one burst. */
const BURST = 16;

/** Of each kind, for a test that says what becomes of a kind: it goes on until so many are sent, however slow its machine is. */
export const SENT_LEAST = 10_000;

export interface TrafficAccount {
  /** Packets sent of each kind, and which numbers of it arrived. */
  readonly sent: readonly number[];
  readonly arrived: readonly ReadonlySet<number>[];
  readonly duplicates: number;
}

/** Sends until stopped: every kind, one burst after the other, with the event loop free in between. */
export class NumberedTraffic {
  readonly #node: LabNode;
  readonly #sent = KINDS.map(() => 0);
  readonly #arrived = KINDS.map(() => new Set<number>());
  #duplicates = 0;
  #running = true;
  readonly #ended: Promise<void>;

  constructor(node: LabNode) {
    this.#node = node;
    this.#ended = this.#run();
  }

  /** Packets sent of each kind so far. */
  get sentOfEach(): number {
    return Math.min(...this.#sent);
  }

  async #run(): Promise<void> {
    while (this.#running) {
      const frames: Uint8Array[] = [];
      for (let i = 0; i < BURST; i++)
        for (const kind of KINDS.keys()) frames.push(numberedFrame(kind, this.#sent[kind]!++));
      this.#node.send(frameBatch(frames));
      this.#take(this.#node.edge.drain());
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  #take(frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      const number = readNumber(frame);
      if (!number) continue;
      const seen = this.#arrived[number.kind]!;
      if (seen.has(number.sequence)) this.#duplicates++;
      seen.add(number.sequence);
    }
  }

  async stop(): Promise<TrafficAccount> {
    this.#running = false;
    await this.#ended;
    this.#take(await this.#node.arrived());
    return { sent: this.#sent, arrived: this.#arrived, duplicates: this.#duplicates };
  }
}

/** Numbers of this kind that were sent and did not arrive. */
export function missing(account: TrafficAccount, kind: number): number {
  return account.sent[kind]! - account.arrived[kind]!.size;
}
