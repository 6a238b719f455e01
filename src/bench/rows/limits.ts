// What a limit by source adds to the program, against a token bucket in an LRU hash: one source, and a million of them.

import { LIMIT_BUCKET, LINE_BYTES } from "../../bundle/abi.ts";
import type { Bundle } from "../../bundle/index.ts";
import { SERVING_BUCKET_BITS } from "../../runtime/kernel/limit-table.ts";
import { compiled } from "../compile.ts";
import { limitFleet } from "../fleets.ts";
import { Rig, toLines } from "../object.ts";
import { FRAME4 } from "../packets.ts";
import { networkOrder, random32 } from "../prefixes.ts";
import { costOver, timeInTurn } from "../timing.ts";
import { type BenchContext, figure, type Rounds, type Row } from "../types.ts";

const HOT_SOURCES = 16;
const LIMIT_TABLE_LINES = (2 ** SERVING_BUCKET_BITS * LIMIT_BUCKET.bytes) / LINE_BYTES;

interface Costs {
  readonly limit: number;
  readonly bucket: number;
  /** One access to memory as large as the limit's table, which waits for the one of the packet before. */
  readonly access: number;
}

export const limits: Row = {
  name: "limits",
  title: "limit by source: hot, and 1,000,000 active sources",
  run: async ({ scale, folder }: BenchContext) => {
    const limited = await compiled(limitFleet(true), folder);
    const unlimited = await compiled(limitFleet(false), folder);
    const hot = costs(limited, unlimited, HOT_SOURCES, scale.rounds);
    const many = costs(limited, unlimited, scale.sources, scale.longRounds);
    return {
      figures: [
        figure("limit, hot", hot.limit, "ns", { atMost: 20 }),
        figure("token bucket in LRU_HASH, hot", hot.bucket, "ns"),
        figure("limit, 1,000,000 sources", many.limit, "ns", { atMost: 100 }),
        figure("token bucket in LRU_HASH, 1,000,000 sources", many.bucket, "ns"),
        figure("one access to the table's size, waited for", many.access, "ns"),
        figure("limit / token bucket, 1,000,000 sources", many.limit / many.bucket, "×", { atMost: 1 / 3 }),
      ],
    };
  },
};

/** What the limit adds to the same program with the same other rule; the bucket's over the program that drops. */
function costs(limited: Bundle, unlimited: Bundle, sources: number, rounds: Rounds): Costs {
  const random = random32(8);
  const feed = toLines(
    networkOrder(Uint32Array.from({ length: sources }, () => 0x01000000 + (random() >>> 1))),
  );
  const options = { feed, feedEntries: sources };
  // Twice the sources: a hash that is too small would evict, and be measured at that.
  using withLimit = new Rig({
    ...options,
    bundle: limited,
    maxEntries: { bench_buckets: 2 * sources + 1024, bench_chased: LIMIT_TABLE_LINES },
  });
  using without = new Rig({ ...options, bundle: unlimited });
  const programs = {
    drop: without.program("source4_drop"),
    without: without.program("source4_filter"),
    limit: withLimit.program("source4_filter"),
    bucket: withLimit.program("source4_bucket"),
    access: withLimit.program("source4_chase"),
  };
  // Every source is known before the first timing.
  for (const program of [programs.limit, programs.bucket]) program.measure(FRAME4, { repeat: 2 * sources });
  const timed = (program: typeof programs.drop) => ({ program, packet: FRAME4 });
  const times = timeInTurn(
    {
      drop: timed(programs.drop),
      without: timed(programs.without),
      limit: timed(programs.limit),
      bucket: timed(programs.bucket),
      access: timed(programs.access),
    },
    rounds,
  );
  return {
    limit: costOver(times.without, times.limit),
    bucket: costOver(times.drop, times.bucket),
    access: costOver(times.drop, times.access),
  };
}
