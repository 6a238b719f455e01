// The agent's configuration for the rest of the runtime.

export type { AgentConfig } from "./config.generated.ts";
export { ConfigError, type ConfigFault, formatFault } from "./faults.ts";
export { type ConfigInput, configOf, type EffectiveConfig, loadConfig, type PartialConfig } from "./load.ts";
export { printJson, printYaml } from "./print.ts";
export type { Layer, Sourced } from "./sources.ts";
export { type ConfigChanges, type ConfigPath, ConfigStore, NO_CHANGES, type Reload } from "./store.ts";
