// Where values of the configuration come from: a file, the environment, flags. Each becomes a layer of values with their
// places; faults are found layer by layer.

import { readFileSync } from "node:fs";
import { nearest } from "../../nearest.ts";
import { errnoOf, messageOf } from "../errors.ts";
import { CONFIG_KEYS } from "./config-keys.generated.ts";
import { type ConfigFault, expected, faultsOf } from "./faults.ts";
import type { ConfigKey } from "./key.ts";

/** A value, and where it stands: `piston.yaml:4`, `PISTON_LOG_LEVEL`, `--log-level`. */
export interface Sourced {
  readonly value: unknown;
  readonly place: string;
}

/** Key path to value. */
export type Layer = ReadonlyMap<string, Sourced>;

export interface Read {
  readonly layer: Layer;
  readonly faults: readonly ConfigFault[];
  /** What is no fault and yet hardly meant. */
  readonly warnings: readonly string[];
}

const KEY_BY_PATH = new Map(CONFIG_KEYS.map((key) => [key.path, key]));
const CONFIG_VARIABLE = "PISTON_CONFIG";

/** A YAML or JSON file. JSON is YAML, so one parser gives the lines of both. */
export async function readFileLayer(path: string): Promise<Read> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return failed({
      code: "config-unreadable",
      place: path,
      message: `the file cannot be read: ${errnoOf(error) ?? messageOf(error)}`,
      help: "give the path of a YAML or JSON file that the agent's user may read",
    });
  }
  // Loaded when asked for: most agents run on flags, and it is memory.
  const { isMap, isPair, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    return failed(
      ...document.errors.map((error) => ({
        code: "config-syntax",
        place: position(error.pos[0]),
        message: error.message,
        help: "the file must be YAML, or JSON",
      })),
    );
  }
  let value: unknown;
  try {
    value = document.toJS() ?? {};
  } catch (error) {
    return failed({
      code: "config-syntax",
      place: path,
      message: messageOf(error),
      help: "write it without aliases",
    });
  }
  const placeOf = (path: readonly string[]): string => {
    let node: unknown = document.contents;
    let offset = 0;
    for (const part of path) {
      if (!isMap(node)) break;
      const pair = node.items.find((item) => isPair(item) && String(item.key) === part);
      if (!pair) break;
      offset = (pair.key as { range?: readonly number[] } | null)?.range?.[0] ?? offset;
      node = pair.value;
    }
    return position(offset);
  };
  return checked(value, placeOf);
}

/** Every PISTON_ variable that names a key. One that almost does is a warning, as others may use the prefix too. */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): Read {
  const texts = new Map<string, { text: string; place: string }>();
  const warnings: string[] = [];
  const names = CONFIG_KEYS.map((key) => key.environment);
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith("PISTON_") || text === undefined || name === CONFIG_VARIABLE) continue;
    const key = CONFIG_KEYS.find((one) => one.environment === name);
    if (key) texts.set(key.path, { text, place: name });
    else {
      const near = nearest(name, names);
      if (near !== null) warnings.push(`the variable ${name} names no key; did you mean ${near}?`);
    }
  }
  return { ...readTexts(texts), warnings };
}

/** `--set KEY=VALUE`, in order. */
export function readSettings(settings: readonly string[]): Read {
  const texts = new Map<string, { text: string; place: string }>();
  const faults: ConfigFault[] = [];
  for (const setting of settings) {
    const equals = setting.indexOf("=");
    const path = setting.slice(0, Math.max(0, equals));
    const place = `--set ${setting}`;
    if (equals < 1) {
      faults.push({
        code: "config-syntax",
        place,
        message: "it is not KEY=VALUE",
        help: "--set log.level=debug",
      });
    } else if (KEY_BY_PATH.has(path)) texts.set(path, { text: setting.slice(equals + 1), place });
    else {
      const near = nearest(path, KEY_BY_PATH.keys());
      const help = near === null ? "docs/CONFIGURATION.md lists every key" : `did you mean \`${near}\`?`;
      faults.push({ code: "config-unknown-key", place, message: `there is no key \`${path}\``, help });
    }
  }
  const read = readTexts(texts);
  return { ...read, faults: [...faults, ...read.faults] };
}

/** Values that flags of their own give, already of their type. */
export function readFlags(flags: Layer): Read {
  const value: Record<string, unknown> = {};
  for (const [path, { value: given }] of flags) put(value, path.split("."), given);
  return checked(value, (path) => flags.get(path.join("."))?.place ?? "flags");
}

function readTexts(texts: ReadonlyMap<string, { readonly text: string; readonly place: string }>): Read {
  const layer = new Map<string, Sourced>();
  const faults: ConfigFault[] = [];
  for (const [path, { text, place }] of texts) {
    const key = KEY_BY_PATH.get(path)!;
    const value = parseText(text, key);
    if (key.type === "object" && value !== null) {
      const help = `set ${key.path}'s own keys, or null`;
      faults.push({ code: "config-value", place, message: `\`${path}\` can only be null here`, help });
      continue;
    }
    const nested: Record<string, unknown> = {};
    put(nested, path.split("."), value);
    const found = faultsOf(nested, () => place);
    // A text that is no number was never a number: say what it is, not that it is text.
    faults.push(...found.map((fault) => ({ ...fault, help: fault.help || `give ${expected(key)}` })));
    if (found.length === 0) layer.set(path, { value, place });
  }
  return { layer, faults, warnings: [] };
}

/** A text to the value that the key takes; the text itself where it is none, for the check to refuse. */
function parseText(text: string, key: ConfigKey): unknown {
  if (key.nullable && (text === "" || text === "null")) return null;
  switch (key.type) {
    case "integer":
    case "number":
      return /^-?\d+(\.\d+)?(e\d+)?$/i.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "array":
      return text === "" ? [] : text.split(",").map((one) => one.trim());
    case "string":
    case "enum":
    case "object":
      return text;
  }
}

function checked(value: unknown, placeOf: (path: readonly string[]) => string): Read {
  const faults = faultsOf(value, placeOf);
  if (faults.length > 0) return { layer: new Map(), faults, warnings: [] };
  const layer = new Map<string, Sourced>();
  for (const { path } of CONFIG_KEYS) {
    const parts = path.split(".");
    const found = get(value, parts);
    if (found === undefined) continue;
    const key = KEY_BY_PATH.get(path)!;
    // An object is its keys; only null speaks for itself. `{}` is there, and what it lacks is found missing.
    const stands = key.type === "object" && found !== null ? {} : found;
    layer.set(path, { value: stands, place: placeOf(parts) });
  }
  return { layer, faults: [], warnings: [] };
}

function get(value: unknown, path: readonly string[]): unknown {
  let here: unknown = value;
  for (const part of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = Object.hasOwn(here, part) ? (here as Record<string, unknown>)[part] : undefined;
  }
  return here;
}

/** Sets a value deep in an object, and makes what is missing on the way. */
export function put(object: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let here = object;
  for (const part of path.slice(0, -1)) here = (here[part] ??= {}) as Record<string, unknown>;
  here[path.at(-1)!] = value;
}

function failed(...faults: ConfigFault[]): Read {
  return { layer: new Map(), faults, warnings: [] };
}
