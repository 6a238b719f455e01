// The package entry `pistonprotection/testing`: policy tests under vitest. Packets are built, judged by the same evaluator
// that the XDP program is compared with, and compared with what the author expects.
//
//   expect.extend(pistonMatchers);
//   expect(decide(edge, udp({ from: "198.51.100.7:53", to: "203.0.113.53:4000" }))).toDrop("hygiene/amplified-answers");

export { CaptureError } from "../capture/index.ts";
export {
  type Count,
  type CounterKind,
  type Counters,
  type Decision,
  formatTrace,
  type TraceStep,
  type Verdict,
} from "../compiler/evaluate.ts";
export type { EngineName } from "../engine/engine.ts";
export { kernelUnavailable } from "../engine/kernel.ts";
export * from "../packet/index.ts";
export { EngineDisagreement, KernelUnavailableError } from "./engine.ts";
export { type Case, type ExpectedDecision, pistonMatchers } from "./matchers.ts";
export {
  type DecideOptions,
  decide,
  type EngineOptions,
  type PacketInput,
  type RepeatOptions,
  type ReplayedPacket,
  type Simulation,
  simulate,
  type TimeOptions,
} from "./simulate.ts";
export { FaultyPolicyError, type Subject } from "./subject.ts";
