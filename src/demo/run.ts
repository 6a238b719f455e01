// `npm start`: the whole way on this machine. Compiles the policies, filters real traffic in XDP, compares every counter with what the
// evaluator says, then swaps to an edited policy under traffic. Exit code 0 only where every figure is right.

import type { Server } from "node:net";
import { readBundle } from "../bundle/format.ts";
import type { CheckedFleet } from "../ir/nodes.ts";
import { LabNode } from "../lab/lab-node.ts";
import { aborted } from "../runtime/stop-signal.ts";
import type { Range } from "./expect.ts";
import { forward, port } from "./forward.ts";
import { type CounterRow, judge, printCounters, printStreams } from "./judge.ts";
import { bundleOf, type SwapOptions, type SwapReport, showSwap } from "./swap.ts";
import { ordinaryStream, witnessStreams } from "./traffic.ts";
import { count, describeDuration, mark, range, within } from "./words.ts";

export interface DemoOptions extends SwapOptions {
  /** Keep the agent running, and resolve only when this is aborted. */
  readonly stay: AbortSignal | null;
}

export interface DemoReport {
  readonly ok: boolean;
  readonly fleets: readonly FleetReport[];
}

export interface FleetReport {
  readonly fleet: string;
  readonly generation: string;
  readonly bundleDigest: string;
  readonly counters: readonly CounterRow[];
  readonly sentPackets: number;
  readonly expectedPassed: Range;
  readonly arrivedPackets: number;
  readonly swap: SwapReport;
}

export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const fleets: FleetReport[] = [];
  for (const fleet of options.compiled.fleets) fleets.push(await showFleet(fleet, options));
  return { ok: fleets.every(isRight), fleets };
}

function isRight(report: FleetReport): boolean {
  return (
    report.counters.every((row) => row.ok) &&
    within(report.arrivedPackets, report.expectedPassed) &&
    report.swap.ok
  );
}

async function showFleet(fleet: CheckedFleet, options: DemoOptions): Promise<FleetReport> {
  const { say } = options;
  const bytes = bundleOf(options.compiled, fleet.name);
  const bundle = readBundle(bytes);
  say(
    `\nFleet ${fleet.name}: generation ${bundle.generation}, ${bundle.manifest.rules.length} rules, ${bundle.manifest.witnesses.length} witnesses`,
  );
  const node = new LabNode("piston-demo", fleet.name);
  let stayServer: Server | null = null;
  try {
    node.publish(bytes);
    node.startAgent();
    const committed = await node.agent.event("generation-committed");
    say(
      `agent: proven and committed in ${describeDuration(committed.durationMs)}, native XDP on a veth pair`,
    );

    const ordinary = fleet.backends.map((backend) => ordinaryStream(fleet, backend));
    const attacks = witnessStreams(fleet, bundle.manifest.witnesses);
    const judged = await judge(node, fleet, [...ordinary, ...attacks]);
    printStreams(ordinary, say);
    printCounters(judged.counters, say);
    say(
      `sent ${count(judged.sent)} packets; let through ${count(judged.arrived)}, expected ${range(judged.expectedPassed)}: ${mark(within(judged.arrived, judged.expectedPassed))}`,
    );

    const swap = await showSwap(node, fleet, ordinary, judged.expectation, options);
    if (options.stay) {
      stayServer = await forward(node.agent.metricsSocket);
      say(
        `\nstaying: metrics at http://127.0.0.1:${port(stayServer)}/metrics, health at /health; Ctrl-C ends it`,
      );
      await aborted(options.stay);
    }
    return {
      fleet: fleet.name,
      generation: bundle.generation,
      bundleDigest: bundle.digest,
      counters: judged.counters,
      sentPackets: judged.sent,
      expectedPassed: judged.expectedPassed,
      arrivedPackets: judged.arrived,
      swap,
    };
  } finally {
    stayServer?.close();
    await node.close();
  }
}
