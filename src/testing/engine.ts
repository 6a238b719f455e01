// A subject to what judges its packets: the model, or the kernel beside the model. The kernel decides then, the model gives
// the trace, and a difference between the two fails the test whatever it expects.

import type { Bundle } from "../bundle/index.ts";
import { readBundle } from "../bundle/index.ts";
import type { PacketBatch } from "../capture/index.ts";
import { emitBundle } from "../compiler/emit/bundle/index.ts";
import { createEvaluator, type Decision, type Evaluator, formatTrace } from "../compiler/evaluate.ts";
import { ENGINE_NAMES, type EngineName } from "../engine/engine.ts";
import { type KernelEngine, kernelEngine, kernelUnavailable } from "../engine/kernel.ts";
import type { CheckedFleet, FleetIr } from "../ir/nodes.ts";

/** `engine: "kernel"` where the kernel cannot be had. kernelUnavailable() says so beforehand. */
export class KernelUnavailableError extends Error {
  readonly code = "kernel-unavailable";

  constructor(reason: string) {
    super(`engine "kernel" cannot judge here: ${reason}`);
    this.name = "KernelUnavailableError";
  }
}

/** Model and kernel differ: a bug of PistonProtection, whatever the test expects. */
export class EngineDisagreement extends Error {
  readonly code = "engine-disagreement";

  constructor(model: Decision, kernel: Omit<Decision, "trace">) {
    const say = ({ verdict, rule, reason }: Omit<Decision, "trace">) =>
      `${verdict} by ${rule}, reason ${reason}`;
    super(
      `the model says ${say(model)}; the kernel says ${say(kernel)}\n` +
        `this is a bug of PistonProtection: report it with the packet\n\n${formatTrace(model.trace).join("\n")}`,
    );
    this.name = "EngineDisagreement";
  }
}

/** `PISTON_ENGINE`, which `piston test` sets, else the model. */
export function defaultEngine(): EngineName {
  const named = process.env.PISTON_ENGINE;
  if (named === undefined || named === "") return "model";
  const found = ENGINE_NAMES.find((name) => name === named);
  if (!found)
    throw new RangeError(`PISTON_ENGINE is ${ENGINE_NAMES.join(" or ")}, not ${JSON.stringify(named)}`);
  return found;
}

export type Judge = Pick<Evaluator, "explain" | "block" | "unblock" | "counters">;

/** State of its own, counters included. Throws KernelUnavailableError. */
export function createJudge(fleet: FleetIr, engine: EngineName): Judge {
  return engine === "model" ? createEvaluator(fleet) : besideKernel(fleet, openKernel(fleet, STATE_ENTRIES));
}

const shared = new WeakMap<FleetIr, KernelEngine>();

/** For one packet on empty state: loading the program for each would cost more than a hundred of them. */
export function judgeOnce(fleet: FleetIr, engine: EngineName, frame: Uint8Array, nowNs: bigint): Decision {
  if (engine === "model") return createEvaluator(fleet).explain(frame, nowNs);
  let kernel = shared.get(fleet);
  if (!kernel) shared.set(fleet, (kernel = openKernel(fleet, ONE_PACKET_ENTRIES)));
  kernel.clear();
  return besideKernel(fleet, kernel).explain(frame, nowNs);
}

function besideKernel(fleet: FleetIr, kernel: KernelEngine): Judge {
  const model = createEvaluator(fleet);
  return {
    explain(frame, nowNs) {
      const expected = model.explain(frame, nowNs);
      const { verdict, rule, reason } = kernel.judge(batchOf(frame, nowNs))[0]!;
      const same = verdict === expected.verdict && rule === expected.rule && reason === expected.reason;
      if (!same) throw new EngineDisagreement(expected, { verdict, rule, reason });
      return { verdict, rule, reason, trace: expected.trace };
    },
    block(source, untilNs) {
      model.block(source, untilNs); // throws where it is no address
      kernel.block(source, untilNs);
    },
    unblock(source) {
      kernel.unblock(source);
      return model.unblock(source);
    },
    counters: () => kernel.counters(),
  };
}

function batchOf(frame: Uint8Array, nowNs: bigint): PacketBatch {
  return {
    first: 0,
    count: 1,
    bytes: frame,
    offsets: Uint32Array.of(0, frame.length),
    timesNs: BigUint64Array.of(nowNs),
  };
}

const STATE_ENTRIES = 65_536;
/** Is emptied before each packet. */
const ONE_PACKET_ENTRIES = 1024;
const bundles = new WeakMap<FleetIr, Bundle>();

/** Its handles are closed when it is collected. */
function openKernel(fleet: FleetIr, entries: number): KernelEngine {
  const reason = kernelUnavailable();
  if (reason !== null) throw new KernelUnavailableError(reason);
  let bundle = bundles.get(fleet);
  if (!bundle) {
    // No check has seen the fleet: a test may judge one with a rule that is never reached, as the model does.
    const unchecked = fleet as CheckedFleet;
    bundle = readBundle(emitBundle(unchecked, { revision: `sha256:${"0".repeat(64)}`, witnesses: [] }));
    bundles.set(fleet, bundle);
  }
  return kernelEngine(bundle, () => createEvaluator(fleet), entries);
}
