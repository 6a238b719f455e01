// The source step of lists as they are: a threat feed, whose addresses crowd, alone and with the lists of all countries in one fleet.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compiled } from "../compile.ts";
import { FEEDS, listsFleet } from "../fleets.ts";
import { Rig, toLines } from "../object.ts";
import { FRAME4 } from "../packets.ts";
import { networkOrder, readFeed4, sources4 } from "../prefixes.ts";
import { costOver, timeInTurn } from "../timing.ts";
import { fillTrie4 } from "../trie.ts";
import { type BenchContext, type Figure, figure, type Row } from "../types.ts";

/** Beside the repository; not part of it. */
const DATA = "../shared/data";
const pathOf = (...names: string[]) =>
  join(fileURLToPath(new URL("../../..", import.meta.url)), DATA, ...names);

const COSTS: Readonly<Record<string, string>> = {
  step: "source step",
  trie: "LPM trie of the feed",
  whole: "whole program",
};

export const realLists: Row = {
  name: "real-lists",
  title: "source step, a threat feed and all countries",
  run: async (context: BenchContext) => {
    if (!existsSync(pathOf("ipsum.txt"))) return { figures: [], missing: [`${DATA} is not there`] };
    const countries = readdirSync(pathOf("country"))
      .map((code) => pathOf("country", code, "ipv4.txt"))
      .filter((path) => existsSync(path));
    return {
      figures: [
        ...(await figuresOf(context, "feed", [], true)),
        ...(await figuresOf(context, "feed and countries", countries, false)),
      ],
    };
  },
};

async function figuresOf(
  { scale, folder }: BenchContext,
  what: string,
  countries: readonly string[],
  /** The feed's LPM trie is the same whatever else the fleet has. */
  withTrie: boolean,
): Promise<Figure[]> {
  const own = join(folder, what.replaceAll(" ", "-"));
  mkdirSync(own);
  copyFileSync(pathOf("ipsum.txt"), join(own, FEEDS.deny));
  const names = countries.map((path, i) => {
    copyFileSync(path, join(own, `country-${i}.feed`));
    return `country-${i}.feed`;
  });
  const bundle = await compiled(listsFleet(names), own);
  const denied = readFeed4(readFileSync(pathOf("ipsum.txt"), "utf8"));
  const measure = (sources: string, hits: number): Figure[] => {
    const feed = toLines(networkOrder(sources4(denied, scale.sources, hits)));
    const size = { bench_trie4: denied.firsts.length };
    using rig = new Rig({ bundle, feed, feedEntries: scale.sources, maxEntries: size });
    const timed = (name: string) => ({ program: rig.program(name), packet: FRAME4 });
    const programs = {
      drop: timed("source4_drop"),
      step: timed("source4_class_step"),
      whole: timed("source4_filter"),
    };
    const costs = <N extends string>({ drop, ...times }: Record<"drop" | N, readonly number[]>) =>
      Object.entries<readonly number[]>(times).map(([name, each]) =>
        figure(`${what}: ${COSTS[name]}, ${sources}`, costOver(drop, each), "ns"),
      );
    if (!withTrie) return costs(timeInTurn(programs, scale.rounds));
    fillTrie4(rig.map("bench_trie4"), denied);
    return costs(timeInTurn({ ...programs, trie: timed("source4_lpm") }, scale.rounds));
  };
  return [...measure("listed sources", 1), ...measure("other sources", 0)];
}
