// piston replay: every packet of a capture judged, in order, by the time of its timestamp, by the model or by the kernel.

import { once } from "node:events";
import { Capture, CaptureError, openFile, type PacketBatch } from "../capture/index.ts";
import { ENGINE_NAMES, type Engine, type EngineName, type Outcome } from "../engine/engine.ts";
import { modelEngine } from "../engine/model.ts";
import { Tally } from "../engine/tally.ts";
import { CommandError, defineCommand, UsageError } from "./command.ts";
import { createProgress } from "./progress.ts";
import { formatReplay, summaryOf } from "./replay-report.ts";
import { loadTarget, type Target } from "./target.ts";

export default defineCommand({
  summary: "Judge every packet of a capture by policies or by a bundle",
  positionals: ["POLICY|BUNDLE", "CAPTURE"],
  options: {
    engine: {
      type: "string",
      value: "ENGINE",
      default: "model",
      help: "model: the evaluator; kernel: the XDP program, as root",
    },
    against: {
      type: "string",
      value: "POLICY|BUNDLE",
      help: "which packets these would give another verdict",
    },
    fleet: { type: "string", value: "NAME", help: "which fleet, where the policies have several" },
    json: { type: "boolean", help: "print one JSON line a packet, then one with the summary" },
  },
  notes:
    "CAPTURE is pcap or pcapng, Ethernet or raw IP, of any size; - is standard input.\n" +
    "Limits and blocks go by the capture's timestamps. They begin full and empty, as on a node that has just started.\n" +
    "What is damaged is named with its offset, and what can be read is judged.",
  async run({ engine: engineName, against, fleet, json }, [named, path]) {
    const name = ENGINE_NAMES.find((one) => one === engineName);
    if (!name)
      throw new UsageError(`--engine is ${ENGINE_NAMES.join(" or ")}, not ${JSON.stringify(engineName)}`);
    const target = await loadTarget(named, { fleet, json });
    const other = against === undefined ? null : await loadTarget(against, { fleet, json });
    if (!target || (against !== undefined && !other)) return 1;

    const source = openCapture(path!);
    const engines: Engine[] = [];
    try {
      const capture = new Capture(source);
      const engine = await openEngine(name, target);
      engines.push(engine);
      const second = other && (await openEngine(name, other));
      if (second) engines.push(second);
      const tally = new Tally();
      const progress = createProgress(capture);
      const write = json ? lineWriter(second !== null) : null;
      try {
        for (const batch of capture.batches()) {
          const outcomes = engine.judge(batch);
          const others = second?.judge(batch) ?? null;
          tally.add(batch, outcomes);
          if (others) tally.compare(batch, outcomes, others);
          if (write) await write(batch, outcomes, others);
          progress.show();
        }
      } finally {
        progress.end();
      }
      const replay = { target, other, capture, tally };
      for (const note of engines.flatMap((one) => one.notes()))
        process.stderr.write(`piston: note: ${note}\n`);
      process.stdout.write(
        json ? `${JSON.stringify({ summary: summaryOf(replay) })}\n` : formatReplay(replay),
      );
      return 0;
    } catch (error) {
      if (error instanceof CaptureError) throw new CommandError(error.message, error.help);
      throw error;
    } finally {
      for (const engine of engines) engine.close();
      source.close();
    }
  },
});

function openCapture(path: string) {
  try {
    return openFile(path);
  } catch (error) {
    if (error instanceof CaptureError) throw new CommandError(error.message, error.help);
    throw error;
  }
}

async function openEngine(name: EngineName, { bundle, evaluator }: Target): Promise<Engine> {
  if (name === "model") return modelEngine(evaluator());
  const { kernelEngine, kernelUnavailable } = await import("../engine/kernel.ts");
  const reason = kernelUnavailable();
  if (reason !== null) throw new CommandError(`--engine kernel: ${reason}`, "use --engine model");
  return kernelEngine(bundle, evaluator);
}

/** Lines of a batch to standard output, which is waited for: a slow reader must not fill the memory. */
function lineWriter(
  compared: boolean,
): (batch: PacketBatch, outcomes: readonly Outcome[], others: readonly Outcome[] | null) => Promise<void> {
  // What a line says after its index is the same for all packets of an outcome.
  const tails: string[] = [];
  const otherTails: string[] = [];
  const decision = ({ verdict, rule, reason }: Outcome) => JSON.stringify({ verdict, rule, reason });
  return async (batch, outcomes, others) => {
    let text = "";
    for (let i = 0; i < batch.count; i++) {
      const outcome = outcomes[i]!;
      const tail = (tails[outcome.index] ??= decision(outcome).slice(1, -1));
      text += `{"index":${batch.first + i},${tail}`;
      if (compared) {
        const other = others![i]!;
        text += `,"against":${(otherTails[other.index] ??= decision(other))}`;
      }
      text += "}\n";
    }
    if (!process.stdout.write(text)) await once(process.stdout, "drain");
  };
}
