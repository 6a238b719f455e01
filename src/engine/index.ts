// What other rooms import of the engines.

export { evaluatorOfBundle } from "./bundle-evaluator.ts";
export { ENGINE_NAMES, type Engine, type EngineName, type Outcome } from "./engine.ts";
export { kernelEngine, kernelUnavailable } from "./kernel.ts";
export { modelEngine } from "./model.ts";
export { type DroppedSource, type OutcomeCount, Tally } from "./tally.ts";
