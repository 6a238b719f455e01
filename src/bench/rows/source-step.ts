// The source step: an address to its class, against the kernel's trie over the same prefixes and against one random
// access to memory, all in the same rounds.

import { strict as assert } from "node:assert";
import type { BpfProgram } from "../../runtime/bpf/index.ts";
import { Rig, toLines } from "../object.ts";
import { FRAME4, FRAME6 } from "../packets.ts";
import { networkOrder, sources4, sources6 } from "../prefixes.ts";
import { costOver, timeInTurn } from "../timing.ts";
import { fillTrie4, fillTrie6 } from "../trie.ts";
import { type BenchContext, type Figure, figure, type Row, type Scale } from "../types.ts";

interface Bounds {
  readonly stepNs: number;
  /** Of the trie's cost. */
  readonly trieShare: number;
  /** Of the cost of one random access. */
  readonly touches: number | null;
}

function sourceRow4(name: string, title: string, count: (scale: Scale) => number, bounds: Bounds): Row {
  return {
    name,
    title,
    run: ({ scale, inputs }: BenchContext) => {
      const { prefixes, bundle } = inputs.v4(count(scale));
      const feed = toLines(networkOrder(sources4(prefixes, scale.sources)));
      const size = { bench_trie4: prefixes.firsts.length };
      using rig = new Rig({ bundle, feed, feedEntries: scale.sources, maxEntries: size });
      fillTrie4(rig.map("bench_trie4"), prefixes);
      const programs = {
        drop: rig.program("source4_drop"),
        parse: rig.program("source4_parse"),
        step: rig.program("source4_class_step"),
        trie: rig.program("source4_lpm"),
        touch: rig.program("source4_touch"),
        filter: rig.program("source4_filter"),
      };
      assertAgree(rig, programs.step, programs.trie, FRAME4, scale.sources);
      return Promise.resolve({ figures: stepFigures(programs, FRAME4, scale, bounds) });
    },
  };
}

const sourceRow6: Row = {
  name: "source-100k-ipv6",
  title: "source step, 100,000 IPv6 prefixes",
  run: ({ scale, inputs }: BenchContext) => {
    const { prefixes, bundle } = inputs.v6(scale.somePrefixes);
    const sources = scale.sources / 4; // 16 bytes each: the same memory as IPv4's
    const feed = toLines(networkOrder(sources6(prefixes, sources)));
    const size = { bench_trie6: prefixes.lengths.length };
    using rig = new Rig({ bundle, feed, feedEntries: sources, maxEntries: size });
    fillTrie6(rig.map("bench_trie6"), prefixes);
    const programs = {
      drop: rig.program("source6_drop"),
      step: rig.program("source6_class_step"),
      trie: rig.program("source6_lpm"),
    };
    assertAgree(rig, programs.step, programs.trie, FRAME6, sources);
    const figures = stepFigures(programs, FRAME6, scale, { stepNs: 30, trieShare: 1 / 15, touches: null });
    const bytes = bundle.manifest.sections
      .filter((section) => section.name.startsWith("source6"))
      .reduce((sum, section) => sum + section.length, 0);
    return Promise.resolve({ figures: [...figures, figure("table", bytes / 2 ** 20, "MiB", { atMost: 2 })] });
  },
};

/** The figures mean nothing where the two do not find the same sources listed. */
function assertAgree(
  rig: Rig,
  step: BpfProgram,
  trie: BpfProgram,
  packet: Uint8Array,
  sources: number,
): void {
  const sums = [step, trie].map((program) => {
    rig.clear();
    program.measure(packet, { repeat: sources });
    return Number(rig.sum);
  });
  const [found, listed] = sums as [number, number];
  // Class 1 is "listed" or "not listed", as the compiler numbers them.
  assert(
    found === listed || found === sources - listed,
    `the step finds ${found}, the trie ${listed} of ${sources}`,
  );
}

function stepFigures(
  programs: Readonly<Record<"drop" | "step" | "trie", BpfProgram>> & Partial<Record<string, BpfProgram>>,
  packet: Uint8Array,
  scale: Scale,
  { stepNs, trieShare, touches }: Bounds,
): Figure[] {
  const timed = Object.fromEntries(
    Object.entries(programs).map(([name, program]) => [name, { program: program!, packet }]),
  );
  const times = timeInTurn(timed, scale.longRounds);
  const cost = (name: string) => (times[name] ? costOver(times["drop"]!, times[name]) : null);
  const step = cost("step")!;
  const trie = cost("trie")!;
  const touch = cost("touch");
  const parse = cost("parse");
  const filter = cost("filter");
  return [
    figure("source step", step, "ns", { atMost: stepNs }),
    figure("LPM trie", trie, "ns"),
    figure("source step / trie", step / trie, "×", { atMost: trieShare }),
    ...(touch === null ? [] : [figure("one random access to 4 MiB", touch, "ns")]),
    ...(isMeasured(touch) && touches !== null
      ? [figure("source step / random access", step / touch, "×", { atMost: touches })]
      : []),
    ...(parse === null ? [] : [figure("parse only", parse, "ns")]),
    ...(filter === null ? [] : [figure("whole program", filter, "ns")]),
    ...(filter !== null && isMeasured(parse)
      ? [figure("whole program / parse only", filter / parse, "×")]
      : []),
  ];
}

/** In whole nanoseconds, of few packets, what takes little may take nothing: there is no ratio to that. */
function isMeasured(cost: number | null): cost is number {
  return cost !== null && cost > 0;
}

export const sourceSteps: readonly Row[] = [
  sourceRow4("source-100k", "source step, 100,000 IPv4 prefixes", (scale) => scale.somePrefixes, {
    stepNs: 25,
    trieShare: 1 / 25,
    touches: null,
  }),
  sourceRow4("source-1m", "source step, 1,000,000 IPv4 prefixes", (scale) => scale.manyPrefixes, {
    stepNs: 60,
    trieShare: 1 / 20,
    touches: 1.5,
  }),
  sourceRow6,
];
