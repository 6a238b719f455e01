// The whole program with ten rules, on packets that several of them decide.

import { compiled } from "../compile.ts";
import { tenRulesFleet } from "../fleets.ts";
import { Rig, toLines } from "../object.ts";
import { FRAME4, type Tuple, tupleFeed } from "../packets.ts";
import { random32 } from "../prefixes.ts";
import { costOver, timeInTurn } from "../timing.ts";
import { type BenchContext, figure, type Row } from "../types.ts";

/** 16 KiB of feed: hot caches. */
const TUPLES = 1024;
const SERVICE = (203 << 24) | (113 << 8) | 9;

/** 60 % to the service, from 64 sources; the rest from bogons, abusers, partners, and reflectors, in equal parts. */
function mixture(): Tuple[] {
  const random = random32(5);
  const sources = [
    (10 << 24) >>> 0, // bogons
    (198 << 24) | (18 << 16), // abusers
    (198 << 24) | (51 << 16) | (100 << 8), // partners
  ];
  return Array.from({ length: TUPLES }, (): Tuple => {
    const dice = random() % 10;
    const low = random() % 64;
    const usual = {
      source: ((81 << 24) | low) >>> 0,
      destination: SERVICE >>> 0,
      sourcePort: 32_768 + (random() % 28_000),
      destinationPort: 27_000 + (random() % 1000),
    };
    if (dice < 6) return usual;
    if (dice < 9) return { ...usual, source: (sources[dice - 6]! | low) >>> 0 };
    return { ...usual, sourcePort: 123 };
  });
}

export const decision: Row = {
  name: "decision",
  title: "whole decision, hot caches: parse, both address steps, 10 rules, one limit, counters",
  run: async ({ scale, folder }: BenchContext) => {
    const bundle = await compiled(tenRulesFleet(), folder);
    const tuples = mixture();
    const mixed = costs(bundle, tuples);
    const one = costs(
      bundle,
      tuples.map(() => ({ ...tuples[0]!, source: ((81 << 24) | 7) >>> 0, sourcePort: 40_000 })),
    );
    return {
      figures: [
        figure("mixed packets", mixed.filter, "ns", { atMost: 45 }),
        figure("one packet, to the service", one.filter, "ns"),
        figure("parse only, mixed packets", mixed.parse, "ns"),
      ],
    };

    function costs(of: typeof bundle, feed: readonly Tuple[]) {
      using rig = new Rig({ bundle: of, feed: toLines(tupleFeed(feed)), feedEntries: TUPLES });
      const timed = (name: string) => ({ program: rig.program(name), packet: FRAME4 });
      const times = timeInTurn(
        { drop: timed("tuple_drop"), parse: timed("tuple_parse"), filter: timed("tuple_filter") },
        scale.rounds,
      );
      return { filter: costOver(times.drop, times.filter), parse: costOver(times.drop, times.parse) };
    }
  },
};
