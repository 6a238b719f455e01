// What it costs to put one dropped packet in a thousand into the ring buffer: what each of the others pays for finding the budget
// of its jiffy spent, and a thousandth of a sample.

import { strict as assert } from "node:assert";
import type { Bundle } from "../../bundle/index.ts";
import { sampleTotals } from "../../runtime/events/stats.ts";
import { compiled } from "../compile.ts";
import { dropFleet } from "../fleets.ts";
import { Rig, toLines } from "../object.ts";
import { FRAME4 } from "../packets.ts";
import { networkOrder, random32 } from "../prefixes.ts";
import { middle } from "../timing.ts";
import { costInTurns } from "../turns.ts";
import { type BenchContext, figure, type Row } from "../types.ts";

const SOURCES = 1024;
const PACKETS_A_SAMPLE = 1000;

/** Where its code and its memory lie changes what an instance costs: the mean of so many of each. */
const INSTANCES = 4;

/** Turns for each round of the scale, of 1,024 packets: about 30 µs. */
const TURNS_A_ROUND = 256;
const TURN_SHIFT = 10;

/** All packets of every other turn are sampled, and nobody reads: the ring has room for all. */
const SAMPLED = { count: 256, shift: 7 } as const;
const RING_BYTES = 4 << 20;
const EVERY_PACKET = 0xffffffff;

export const samples: Row = {
  name: "samples",
  title: "samples to the ring buffer, one packet in 1,000",
  run: async ({ scale, folder }: BenchContext) => {
    const bundle = await compiled(dropFleet(), folder);
    const costs = Array.from({ length: INSTANCES }, () =>
      costsOf(bundle, TURNS_A_ROUND * scale.rounds.count),
    );
    const [spent, sample, nothing] = (["spent", "sample", "nothing"] as const).map((part) =>
      middle(costs.map((cost) => cost[part])),
    ) as [number, number, number];
    const others = (spent * (PACKETS_A_SAMPLE - 1)) / PACKETS_A_SAMPLE;
    return {
      figures: [
        figure("samples", others + sample / PACKETS_A_SAMPLE, "ns", { atMost: 2 }),
        figure("one sample", sample, "ns"),
        figure("two instances without samples, one over the other", nothing, "ns"),
      ],
    };
  },
};

interface Costs {
  /** Of a packet that finds its jiffy's budget spent. */
  readonly spent: number;
  /** Of one that is sampled. */
  readonly sample: number;
  /** Of a second instance without samples: how wrong the others may be. */
  readonly nothing: number;
}

/** Nanoseconds over an instance without samples. */
function costsOf(bundle: Bundle, count: number): Costs {
  const random = random32(9);
  const feed = toLines(
    networkOrder(Uint32Array.from({ length: SOURCES }, () => 0x01000000 + (random() >>> 1))),
  );
  const options = { bundle, feed, feedEntries: SOURCES };
  const sampling = { ...options, maxEntries: { samples: RING_BYTES } };
  using off = new Rig(options);
  using second = new Rig(options);
  using one = new Rig({ ...sampling, samplesPerJiffy: 1 });
  using every = new Rig({ ...sampling, samplesPerJiffy: EVERY_PACKET });
  const turns = { count, shift: TURN_SHIFT };
  const costs = {
    nothing: costInTurns(off, second, FRAME4, turns),
    spent: costInTurns(off, one, FRAME4, turns),
    sample: costInTurns(off, every, FRAME4, SAMPLED),
  };
  const { taken, lost } = sampleTotals(every.map("sample_state").lookup(new Uint8Array(4))!);
  assert(taken > 0 && lost === 0, "each packet was sampled");
  return costs;
}
