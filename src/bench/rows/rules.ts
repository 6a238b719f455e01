// What thousands of rules cost over eight: one rule for each service and port. Half of the packets are for a rule chosen at
// random, the others for no rule.

import { compiled } from "../compile.ts";
import { FIRST_PORT, PORTS_PER_SERVICE, type ServiceRule, serviceAddress, servicesFleet } from "../fleets.ts";
import { Rig, toLines } from "../object.ts";
import { FRAME4, type Tuple, tupleFeed } from "../packets.ts";
import { random32 } from "../prefixes.ts";
import { costOver, timeInTurn } from "../timing.ts";
import { type BenchContext, figure, type Row } from "../types.ts";

const FEW = 8;
const TUPLES = 4096;

function inOrder(count: number): ServiceRule[] {
  return Array.from({ length: count }, (_, i) => ({
    service: Math.floor(i / PORTS_PER_SERVICE),
    port: i % PORTS_PER_SERVICE,
  }));
}

function shuffled<T>(items: readonly T[]): T[] {
  const random = random32(6);
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random() % (i + 1);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

function packetsFor(rules: readonly ServiceRule[]): Tuple[] {
  const random = random32(7);
  return Array.from({ length: TUPLES }, (): Tuple => {
    const { service, port } = rules[random() % rules.length]!;
    const isHit = random() % 2 === 0;
    return {
      source: random(),
      destination: (serviceAddress(service) | (random() & 0xff)) >>> 0,
      sourcePort: 32_768 + (random() % 28_000),
      destinationPort: FIRST_PORT + port + (isHit ? 0 : PORTS_PER_SERVICE),
    };
  });
}

export const rules: Row = {
  name: "rules",
  title: "4,096 rules against 8 rules",
  run: async ({ scale, folder, progress }: BenchContext) => {
    const many = inOrder(scale.rules);
    const few = many.slice(0, FEW);
    const rigs: Rig[] = [];
    try {
      for (const list of [few, many, shuffled(many)]) {
        progress(`compiling ${list.length} rules`);
        const bundle = await compiled(servicesFleet(list), folder);
        const feed = toLines(tupleFeed(packetsFor(list)));
        rigs.push(new Rig({ bundle, feed, feedEntries: TUPLES }));
      }
      const timed = (rig: number, name: string) => ({ program: rigs[rig]!.program(name), packet: FRAME4 });
      const times = timeInTurn(
        {
          drop: timed(0, "tuple_drop"),
          few: timed(0, "tuple_filter"),
          many: timed(1, "tuple_filter"),
          anyOrder: timed(2, "tuple_filter"),
        },
        scale.rounds,
      );
      const eight = costOver(times.drop, times.few);
      const all = costOver(times.drop, times.many);
      const any = costOver(times.drop, times.anyOrder);
      return {
        figures: [
          figure(`${FEW} rules`, eight, "ns"),
          figure(`${scale.rules} rules, services one after the other`, all, "ns"),
          figure(`${scale.rules} rules, in any order`, any, "ns"),
          figure("4,096 rules / 8 rules", all / eight, "×", { atMost: 1.3 }),
          figure("4,096 rules in any order / 8 rules", any / eight, "×"),
        ],
      };
    } finally {
      for (const rig of rigs) rig.close();
    }
  },
};
