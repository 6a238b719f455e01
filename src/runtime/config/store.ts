// The configuration of a running agent: what is in force, who listens to changes, and what SIGHUP does.

import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../errors.ts";
import type { ConfigState } from "../observe/components.ts";
import type { AgentConfig } from "./config.generated.ts";
import { CONFIG_KEYS } from "./config-keys.generated.ts";
import { type EffectiveConfig, valueAt } from "./load.ts";
import { put } from "./sources.ts";

/** A section, or a part of one: `log`, `events.rateLimit`, `bundle.trustKeys`. */
export type ConfigPath = keyof AgentConfig | `${keyof AgentConfig}.${string}`;
/** May throw: then the path keeps its old values, and the fault is reported. */
export type ConfigListener = (config: AgentConfig, previous: AgentConfig) => void;

export interface ConfigChanges {
  /** Called after a reload that changed a key of the path. Returns what ends it. */
  onChange(path: ConfigPath, listener: ConfigListener): () => void;
  /** Called at every reload, for files that the configuration only names: keys, certificates, tokens. */
  onReload(path: ConfigPath, listener: ConfigListener): () => void;
  /** For health. null where nothing can change. */
  state(): ConfigState | null;
}

export interface Reload {
  /** Keys that changed and are in force. */
  readonly applied: readonly string[];
  /** Keys that changed and wait for a restart: nobody can take them while the agent runs. */
  readonly restart: readonly string[];
  readonly failures: readonly { readonly path: string; readonly error: unknown }[];
  readonly warnings: readonly string[];
}

interface Subscription {
  readonly path: ConfigPath;
  readonly listener: ConfigListener;
  readonly always: boolean;
}

export class ConfigStore implements ConfigChanges {
  readonly #read: () => Promise<EffectiveConfig>;
  readonly #subscriptions = new Set<Subscription>();
  readonly #file: string | null;
  #current: AgentConfig;
  #loadedAt = new Date();
  #refused: string | null = null;

  /** `read` gives what the sources say now, or throws ConfigError. */
  constructor(first: AgentConfig, read: () => Promise<EffectiveConfig>, file: string | null = null) {
    this.#current = first;
    this.#file = file;
    this.#read = read;
  }

  /** What is in force. Keys that wait for a restart have their old values. */
  get current(): AgentConfig {
    return this.#current;
  }

  onChange(path: ConfigPath, listener: ConfigListener): () => void {
    return this.#subscribe({ path, listener, always: false });
  }

  onReload(path: ConfigPath, listener: ConfigListener): () => void {
    return this.#subscribe({ path, listener, always: true });
  }

  state(): ConfigState {
    return {
      profile: this.#current.profile,
      file: this.#file,
      loadedAt: this.#loadedAt.toISOString(),
      refused: this.#refused,
    };
  }

  /** Whether a change of the key reaches somebody. */
  isLive(path: string): boolean {
    return path === "profile" || [...this.#subscriptions].some((one) => covers(one.path, path));
  }

  /** Throws ConfigError where a source has a fault; then nothing changes. */
  async reload(): Promise<Reload> {
    let wanted: EffectiveConfig;
    try {
      wanted = await this.#read();
    } catch (error) {
      this.#refused = messageOf(error);
      throw error;
    }
    const previous = this.#current;
    const changed = CONFIG_KEYS.map((key) => key.path).filter(
      (path) => !isDeepStrictEqual(valueAt(wanted.config, path), valueAt(previous, path)),
    );
    const restart = changed.filter((path) => !this.isLive(path));
    let next = keepOld(wanted.config, previous, restart);
    const failures: { path: string; error: unknown }[] = [];
    for (const { path, listener, always } of this.#subscriptions) {
      if (!always && !changed.some((key) => covers(path, key) && !restart.includes(key))) continue;
      try {
        listener(next, previous);
      } catch (error) {
        failures.push({ path, error });
        next = keepOld(
          next,
          previous,
          changed.filter((key) => covers(path, key)),
        );
      }
    }
    this.#current = next;
    this.#loadedAt = new Date();
    this.#refused = failures.length > 0 ? failures.map(({ error }) => messageOf(error)).join("; ") : null;
    const applied = changed.filter((path) =>
      isDeepStrictEqual(valueAt(next, path), valueAt(wanted.config, path)),
    );
    return { applied, restart, failures, warnings: wanted.warnings };
  }

  #subscribe(subscription: Subscription): () => void {
    this.#subscriptions.add(subscription);
    return () => void this.#subscriptions.delete(subscription);
  }
}

/** For agents that no file and no signal changes: tests, and programs of one's own. */
export const NO_CHANGES: ConfigChanges = {
  onChange: () => () => {},
  onReload: () => () => {},
  state: () => null,
};

function covers(path: string, key: string): boolean {
  return key === path || key.startsWith(`${path}.`) || path.startsWith(`${key}.`);
}

/** `config` with the old values at these paths. */
function keepOld(config: AgentConfig, old: AgentConfig, paths: readonly string[]): AgentConfig {
  if (paths.length === 0) return config;
  const result = structuredClone(config) as unknown as Record<string, unknown>;
  for (const path of paths) {
    // A key within an object that is or was null goes with the whole object.
    const nullable = CONFIG_KEYS.find((key) => key.type === "object" && path.startsWith(`${key.path}.`));
    const whole = nullable?.path ?? path;
    put(result, whole.split("."), structuredClone(valueAt(old, whole)));
  }
  return result as unknown as AgentConfig;
}
