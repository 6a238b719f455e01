// What packets get while generations change: swaps between two fleets under traffic that both drop, or that both pass.
// test/e2e/swap-under-traffic.test.ts asserts the same of more kinds of packets.

import { setTimeout as sleep } from "node:timers/promises";
import { LabNode } from "../../lab/lab-node.ts";
import { frameBatch } from "../../lab/packet-socket.ts";
import { udp } from "../../packet/helpers.ts";
import { bundleOf } from "../compile.ts";
import { alternatingFleet, BOTH_DROP, BOTH_PASS } from "../fleets.ts";
import { type BenchContext, figure, type Row } from "../types.ts";

/** Frames of each kind in one burst; more would overrun the veth's ring of 256. */
const BURST = 64;
/** First byte of the payload: which kind it is. */
const KIND_OFFSET = 14 + 20 + 8;
const DROPPED = 0xd0;
const PASSED = 0xa0;

export const mixture: Row = {
  name: "mixture",
  title: "commit under traffic: verdicts of a mixture, packets lost that both generations pass",
  run: async ({ scale, folder }: BenchContext) => {
    const bundles = [
      await bundleOf(alternatingFleet(true), folder),
      await bundleOf(alternatingFleet(false), folder),
    ];
    const node = new LabNode("piston-bench", "bench");
    try {
      node.publish(bundles[0]!);
      const agent = node.startAgent();
      await agent.event("generation-committed");
      const traffic = new Traffic(node);
      for (let swap = 1; swap <= scale.swaps; swap++) {
        const after = agent.log.length;
        node.publish(bundles[swap % 2]!);
        await agent.operation("POST", "/internal/sync-rules");
        await agent.event("generation-committed", after);
      }
      const { sent, passed, mixed } = await traffic.stop();
      return {
        figures: [
          figure("verdicts of a mixture", mixed, "packets", { atMost: 0 }),
          figure("lost that both pass", sent - passed, "packets", { atMost: 0 }),
          figure("sent of either kind", sent, "packets"),
          figure("swaps", scale.swaps, ""),
        ],
      };
    } finally {
      await node.close();
    }
  },
};

class Traffic {
  readonly #node: LabNode;
  #sent = 0;
  #passed = 0;
  #mixed = 0;
  #running = true;
  readonly #ended: Promise<void>;

  constructor(node: LabNode) {
    this.#node = node;
    this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    const frame = (source: string, kind: number) =>
      udp({
        from: `${source}:40000`,
        to: "203.0.113.9:4000",
        payload: Uint8Array.of(kind, ...Buffer.alloc(17)),
      });
    const pair = [frame(BOTH_DROP, DROPPED), frame(BOTH_PASS, PASSED)];
    const burst = frameBatch(Array.from({ length: BURST }, () => pair).flat());
    while (this.#running) {
      this.#node.send(burst);
      this.#sent += BURST;
      this.#take(this.#node.edge.drain());
      await sleep(0);
    }
  }

  #take(frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      if (frame[KIND_OFFSET] === PASSED) this.#passed++;
      if (frame[KIND_OFFSET] === DROPPED) this.#mixed++;
    }
  }

  async stop() {
    this.#running = false;
    await this.#ended;
    this.#take(await this.#node.arrived());
    return { sent: this.#sent, passed: this.#passed, mixed: this.#mixed };
  }
}
