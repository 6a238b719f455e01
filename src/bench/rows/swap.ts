// What a swap takes in a running agent, from the bundle's bytes to the link: the million-prefix fleet as a whole, and one
// rule of it that changed. The agent's own stages, as it logs them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentProcess } from "../../lab/agent-process.ts";
import { LabNode } from "../../lab/lab-node.ts";
import { bundleOf, compileApart } from "../compile.ts";
import { limitFleet } from "../fleets.ts";
import { middle } from "../timing.ts";
import { type BenchContext, type Figure, figure, type Row } from "../types.ts";

const STAGES = ["verify", "build", "prove", "commit"] as const;
type Stages = Readonly<Record<(typeof STAGES)[number], number>>;
const TIMEOUT_MS = 60_000;
/** As many as let neither the generation that serves nor the one before be the one that comes. */
const VARIANTS = [4000, 4001, 4002] as const;

export const swap: Row = {
  name: "swap",
  title: "verify, build, prove, commit: the million-prefix fleet, and one changed rule in it",
  run: async ({ scale, folder, inputs, progress }: BenchContext) => {
    const input = inputs.v4(scale.manyPrefixes);
    progress("compiling the fleets that are swapped");
    const jobs = VARIANTS.map((port) => ({ args: [port], output: join(folder, `edge-${port}.bundle`) }));
    compileApart("edgeFleet", input.folder, ...jobs);
    const large = jobs.map(({ output }) => readFileSync(output));
    // Two of them in a row take the large table out of the kernel: only two generations are kept.
    const small = [await bundleOf(limitFleet(true), folder), await bundleOf(limitFleet(false), folder)];

    const node = new LabNode("piston-bench", "bench");
    try {
      const agent = node.startAgent();
      const whole: Stages[] = [];
      const changed: Stages[] = [];
      for (let round = 0; round < scale.repeats; round++) {
        progress("swapping");
        whole.push(await swapTo(node, agent, large[0]!));
        changed.push(await swapTo(node, agent, large[1]!), await swapTo(node, agent, large[2]!));
        for (const bundle of small) await swapTo(node, agent, bundle);
      }
      return {
        figures: [
          ...stageFigures("million prefixes", whole, 150),
          ...stageFigures("one changed rule", changed, 40),
        ],
      };
    } finally {
      await node.close();
    }
  },
};

async function swapTo(node: LabNode, agent: AgentProcess, bundle: Uint8Array): Promise<Stages> {
  const after = agent.log.length;
  node.publish(bundle);
  const line = await agent.event("generation-committed", after, TIMEOUT_MS);
  return line["durationMs"] as Stages;
}

function stageFigures(what: string, swaps: readonly Stages[], atMost: number): Figure[] {
  const total = middle(swaps.map((one) => STAGES.reduce((sum, stage) => sum + one[stage], 0)));
  return [
    figure(what, total, "ms", { atMost }),
    ...STAGES.map((stage) => figure(`  ${stage}`, middle(swaps.map((one) => one[stage])), "ms")),
  ];
}
