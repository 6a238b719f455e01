// What it costs to put one dropped packet in a thousand into the ring buffer.

import { setTimeout as sleep } from "node:timers/promises";
import type { Bundle } from "../../bundle/index.ts";
import { RingBuffer } from "../../runtime/bpf/index.ts";
import { compiled } from "../compile.ts";
import { dropFleet } from "../fleets.ts";
import { Rig, toLines } from "../object.ts";
import { FRAME4 } from "../packets.ts";
import { networkOrder, random32 } from "../prefixes.ts";
import { middle } from "../timing.ts";
import { type BenchContext, figure, type Row, type Scale } from "../types.ts";

const SOURCES = 1024;
const WANTED_SHARE = 1 / 1000;
const RING_BYTES = 4 << 20;

export const samples: Row = {
  name: "samples",
  title: "samples to the ring buffer, one packet in 1,000",
  run: async ({ scale, folder }: BenchContext) => {
    const bundle = await compiled(dropFleet(), folder);
    const perSecond = await time(bundle, 1, scale); // one a jiffy: as many as the kernel has jiffies
    const perJiffy = Math.max(
      1,
      Math.round((1e9 / perSecond.ns / perSecond.samplesPerSecond) * WANTED_SHARE),
    );
    const { costNs, share } = await time(bundle, perJiffy, scale);
    return {
      figures: [
        figure("samples", costNs, "ns", { atMost: 2 }),
        figure("packets a sample", 1 / share, "packets"),
      ],
    };
  },
};

interface SampleTimes {
  /** A packet, with samples. */
  readonly ns: number;
  /** Over the same program without. */
  readonly costNs: number;
  readonly samplesPerSecond: number;
  /** Samples a packet. */
  readonly share: number;
}

async function time(bundle: Bundle, samplesPerJiffy: number, scale: Scale): Promise<SampleTimes> {
  const random = random32(9);
  const feed = toLines(
    networkOrder(Uint32Array.from({ length: SOURCES }, () => 0x01000000 + (random() >>> 1))),
  );
  const options = { bundle, feed, feedEntries: SOURCES };
  using off = new Rig(options);
  using on = new Rig({ ...options, samplesPerJiffy, maxEntries: { samples: RING_BYTES } });
  let samples = 0;
  using _reader = RingBuffer.open(on.map("samples"), () => samples++);
  const [without, with_] = [off.program("source4_filter"), on.program("source4_filter")];
  const repeat = Math.ceil(
    (scale.rounds.ms * 1e6) / Math.max(1, without.measure(FRAME4, { repeat: 20_000 }).durationNs),
  );
  const differences: number[] = [];
  const total = { ns: 0, packets: 0 };
  for (let round = 0; round < scale.rounds.count; round++) {
    const base = without.measure(FRAME4, { repeat }).durationNs;
    const { durationNs } = with_.measure(FRAME4, { repeat });
    differences.push(durationNs - base);
    total.ns += durationNs * repeat;
    total.packets += repeat;
    await drained(() => samples);
  }
  const seen = Math.max(1, samples);
  return {
    ns: total.ns / total.packets,
    costNs: middle(differences),
    samplesPerSecond: (seen * 1e9) / total.ns,
    share: seen / total.packets,
  };
}

/** Lets the ring buffer's reader run until nothing more comes. */
async function drained(count: () => number): Promise<void> {
  for (let before = -1; before !== count(); ) {
    before = count();
    await sleep(2);
  }
}
