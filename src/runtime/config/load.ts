// Layers of values to one effective configuration, where every value knows where it came from: defaults, profile, file,
// environment, flags; the last one wins.

import type { AgentConfig } from "./config.generated.ts";
import { CONFIG_KEYS } from "./config-keys.generated.ts";
import { ConfigError, type ConfigFault } from "./faults.ts";
import type { ConfigKey } from "./key.ts";
import { PROFILES } from "./profiles.ts";
import {
  type Layer,
  put,
  type Read,
  readEnvironment,
  readFileLayer,
  readFlags,
  readSettings,
  type Sourced,
} from "./sources.ts";

export interface ConfigInput {
  /** YAML or JSON. null: none. */
  readonly file: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `KEY=VALUE`. */
  readonly settings: readonly string[];
  /** Values of the flags that have a name of their own. */
  readonly flags: Layer;
}

export interface EffectiveConfig {
  readonly config: AgentConfig;
  /** Key path to the place that said it: `default`, `profile constrained`, `piston.yaml:4:3`, `PISTON_LOG_LEVEL`, `--log-level`. */
  readonly sources: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
  /** Keys without a value. Empty, unless they were allowed. */
  readonly missing: readonly ConfigFault[];
}

/** A part of a configuration, as tests and programs write it. */
export type PartialConfig = DeepPartial<AgentConfig>;
type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/** Throws ConfigError with every fault of every source. `allowMissing`: to show what there is. */
export async function loadConfig(input: ConfigInput, allowMissing = false): Promise<EffectiveConfig> {
  const reads = [
    input.file === null ? null : await readFileLayer(input.file),
    readEnvironment(input.environment),
    readSettings(input.settings),
    readFlags(input.flags),
  ].filter((read) => read !== null);
  return join(reads, allowMissing);
}

/** Defaults with these values over them. Throws ConfigError. */
export function configOf(values: PartialConfig): AgentConfig {
  const flags = new Map<string, Sourced>();
  for (const { path, type } of CONFIG_KEYS) {
    const value = path
      .split(".")
      .reduce<unknown>((here, part) => (here as Record<string, unknown> | null | undefined)?.[part], values);
    if (value === undefined) continue;
    flags.set(path, { value: type === "object" && value !== null ? {} : value, place: path });
  }
  return join([readFlags(flags)], false).config;
}

function join(reads: readonly Read[], allowMissing: boolean): EffectiveConfig {
  const faults = reads.flatMap((read) => read.faults);
  const profile =
    reads.findLast((read) => read.layer.has("profile"))?.layer.get("profile")?.value ?? "default";
  const values = new Map<string, Sourced>();
  const layers = [profileLayer(profile as AgentConfig["profile"]), ...reads.map((read) => read.layer)];
  for (const layer of layers) for (const [path, sourced] of layer) lay(values, path, sourced);

  const config: Record<string, unknown> = {};
  const sources = new Map<string, string>();
  const missing: ConfigFault[] = [];
  for (const key of CONFIG_KEYS) {
    const parent = parentOf(key);
    if (parent && (values.get(parent.path)?.value ?? null) === null) continue;
    const { value, place } = values.get(key.path) ?? { value: key.default, place: "default" };
    if (value === undefined) missing.push(missingFault(key, parent && values.get(parent.path)?.place));
    put(config, key.path.split("."), key.type === "object" && value !== null ? {} : (value ?? null));
    sources.set(key.path, value === undefined ? "missing" : place);
  }
  const effective = config as unknown as AgentConfig;
  // A source with a fault may be the one that has it.
  if (!allowMissing && faults.length === 0) faults.push(...missing);
  if (faults.length === 0) faults.push(...conflicts(effective, sources));
  if (faults.length > 0) throw new ConfigError(faults);
  const warnings = reads.flatMap((read) => read.warnings);
  return { config: freeze(effective), sources, warnings, missing };
}

function profileLayer(profile: AgentConfig["profile"]): Layer {
  const place = `profile ${profile}`;
  return new Map(Object.entries(PROFILES[profile] ?? {}).map(([path, value]) => [path, { value, place }]));
}

/** A key within an object that may be null makes the object; null takes its keys away. */
function lay(values: Map<string, Sourced>, path: string, sourced: Sourced): void {
  const key = CONFIG_KEYS.find((one) => one.path === path)!;
  const parent = parentOf(key);
  if (parent && (values.get(parent.path)?.value ?? null) === null)
    values.set(parent.path, { value: {}, place: sourced.place });
  if (key.type === "object" && sourced.value === null)
    for (const { path: child } of CONFIG_KEYS) if (child.startsWith(`${path}.`)) values.delete(child);
  values.set(path, sourced);
}

function parentOf(key: ConfigKey): ConfigKey | undefined {
  const above = key.path.slice(0, key.path.lastIndexOf("."));
  return CONFIG_KEYS.find((one) => one.type === "object" && one.path === above);
}

function missingFault(key: ConfigKey, place: string | undefined): ConfigFault {
  const flag = key.path === "bundle.path" ? "--bundle PATH" : `--set ${key.path}=VALUE`;
  return {
    code: "config-missing",
    place: place ?? "configuration",
    message: `\`${key.path}\` is missing`,
    help: `give ${flag}, ${key.environment}, or \`${key.path}\` in a file that --config names`,
  };
}

/** Pairs of which the first must not be above the second. */
const ORDERED: readonly (readonly [string, string])[] = [
  ["events.rateLimit.minPerSecond", "events.rateLimit.perSecond"],
  ["events.rateLimit.perSecond", "events.rateLimit.maxPerSecond"],
  ["events.backpressure.lowRatio", "events.backpressure.highRatio"],
  ["events.batchSize", "events.bufferSize"],
  ["retry.initialMs", "retry.maxMs"],
];

function conflicts(config: AgentConfig, sources: ReadonlyMap<string, string>): ConfigFault[] {
  return ORDERED.flatMap(([low, high]) => {
    if (low.includes("rateLimit") || high.includes("rateLimit"))
      if (!config.events.rateLimit.adaptive) return [];
    const [least, most] = [numberAt(config, low), numberAt(config, high)];
    if (least <= most) return [];
    const place = [sources.get(low), sources.get(high)].find((one) => one !== "default") ?? "default";
    return {
      code: "config-conflict",
      place,
      message: `\`${low}\` is ${least} (${sources.get(low)}), above \`${high}\`, ${most} (${sources.get(high)})`,
      help: `raise \`${high}\` or lower \`${low}\``,
    };
  });
}

function numberAt(config: AgentConfig, path: string): number {
  return Number(valueAt(config, path));
}

/** The value of a key; undefined within an object that is null. */
export function valueAt(config: AgentConfig, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((here, part) => (here as Record<string, unknown> | null | undefined)?.[part], config);
}

function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}
