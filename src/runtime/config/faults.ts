// What is wrong with a configuration: place, key, what was expected, help. All faults of one source are found in one run.

import { suggest } from "../../nearest.ts";
import { CONFIG_KEYS } from "./config-keys.generated.ts";
import type { ConfigKey } from "./key.ts";
import fits, { type ConfigFault as SchemaFault } from "./validate-config.generated.js";

export interface ConfigFault {
  /** `config-unreadable`, `config-syntax`, `config-unknown-key`, `config-value`, `config-missing`, `config-conflict`. */
  readonly code: string;
  /** `piston.yaml:4:3`, `PISTON_LOG_LEVEL`, `--log-level`. */
  readonly place: string;
  readonly message: string;
  readonly help: string;
}

export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];
  readonly help: string;

  constructor(faults: readonly ConfigFault[]) {
    super(faults.map(({ place, message }) => `${place}: ${message}`).join("; "));
    this.name = "ConfigError";
    this.faults = faults;
    this.help = faults[0]?.help ?? "";
  }
}

/** As a person reads it in a terminal. */
export function formatFault({ code, place, message, help }: ConfigFault): string {
  return `${place}  error  ${code}\n  ${message}\n${help ? `  help: ${help}\n` : ""}`;
}

/** `value`: one source's part of a configuration. `placeOf` gives the place of a path, for the faults. */
export function faultsOf(value: unknown, placeOf: (path: readonly string[]) => string): ConfigFault[] {
  if (fits(value)) return [];
  const seen = new Set<string>();
  return (fits.errors ?? []).flatMap((error) => {
    const path = pathOf(error);
    const key = path.join(".");
    if (seen.has(key)) return [];
    seen.add(key);
    const place = placeOf(path);
    return error.keyword === "additionalProperties"
      ? unknownKey(path, place)
      : { code: "config-value", place, ...valueFault(path, at(value, path)) };
  });
}

function pathOf({ instancePath, keyword, params }: SchemaFault): string[] {
  const path = instancePath.split("/").slice(1);
  return keyword === "additionalProperties" ? [...path, String(params.additionalProperty)] : path;
}

function at(value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const part of path) here = (here as Record<string, unknown> | null)?.[part];
  return here;
}

function unknownKey(path: readonly string[], place: string): ConfigFault {
  const parent = path.slice(0, -1).join(".");
  const prefix = parent === "" ? "" : `${parent}.`;
  const siblings = CONFIG_KEYS.filter((key) => key.path.startsWith(prefix)).map(
    (key) => key.path.slice(prefix.length).split(".")[0]!,
  );
  const where = parent === "" ? "the configuration" : `\`${parent}\``;
  const names = [...new Set(siblings)];
  return {
    code: "config-unknown-key",
    place,
    message: `${where} has no key \`${path.at(-1)}\``,
    help: suggest(path.at(-1)!, names, "keys"),
  };
}

function valueFault(path: readonly string[], value: unknown): { message: string; help: string } {
  const key = keyAt(path);
  const name = path.length === 0 ? "the configuration" : `\`${path.join(".")}\``;
  const near = typeof value === "string" && key ? suggestValue(value, key) : "";
  return {
    message: `${name} is ${show(value)}, not ${key ? expected(key) : "keys with values"}`,
    help: near || "docs/CONFIGURATION.md lists every key and its values",
  };
}

/** The key of a value, also of one within a list. */
function keyAt(path: readonly string[]): ConfigKey | undefined {
  const named = CONFIG_KEYS.find((key) => key.path === path.join("."));
  if (named || path.length === 0) return named;
  return CONFIG_KEYS.find((key) => key.type === "array" && key.path === path.slice(0, -1).join("."));
}

function suggestValue(value: string, key: ConfigKey): string {
  return key.type === "enum" ? suggest(value, key.values, "values") : "";
}

/** `an integer from 16 to 1000000, or null` */
export function expected(key: ConfigKey): string {
  const range = key.minimum === undefined ? "" : ` from ${key.minimum} to ${key.maximum}`;
  const what = {
    string: "text",
    integer: `an integer${range}`,
    number: `a number${range}`,
    boolean: "true or false",
    array: "a list of texts",
    object: "an object",
    enum: key.values.join(", "),
  }[key.type];
  return key.nullable ? `${what}, or null` : what;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
