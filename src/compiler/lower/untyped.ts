// Policy files may be JavaScript, or cast: what the vocabulary recorded is looked at before it is believed.

import type { Strange } from "../../policy/frozen.ts";
import type { SourceLocation } from "../../policy/types.ts";
import { suggest } from "../diagnostics/index.ts";
import type { Call } from "./lowering.ts";

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

/** Fields of what an author wrote in braces; null for an instance of a class. */
export function plainFieldsOf(value: unknown): Fields | null {
  const fields = fieldsOf(value);
  const prototype: unknown = fields && Object.getPrototypeOf(fields);
  return prototype === null || prototype === Object.prototype ? fields : null;
}

function isLocation(value: unknown): value is SourceLocation {
  const place = fieldsOf(value);
  return (
    place !== null &&
    typeof place["file"] === "string" &&
    typeof place["line"] === "number" &&
    typeof place["column"] === "number"
  );
}

export type Node = Fields & { readonly location: SourceLocation };

/** A value of the vocabulary of one of these kinds, with its place. */
export function nodeOf(value: unknown, ...kinds: readonly string[]): Node | null {
  const fields = fieldsOf(value);
  if (fields === null || !kinds.some((kind) => kind === fields["kind"]) || !isLocation(fields["location"]))
    return null;
  return fields as Node;
}

/** Short text of any value, for messages: `"53"`, `70000`, `undefined`, `an object`. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null)
    return "kind" in value && typeof value.kind === "string" ? `a ${value.kind}` : "an object";
  return typeof value === "function" ? "a function" : String(value);
}

const NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** A name that serves in ids, metrics and Kubernetes objects; null and `bad-name` where it does not. */
export function nameOf(value: unknown, what: string, call: Call): string | null {
  if (typeof value === "string" && NAME.test(value)) return value;
  const near =
    typeof value === "string"
      ? value
          .toLowerCase()
          .replace(/[^a-z0-9]+/g, "-")
          .replace(/^[^a-z]+|-+$/g, "")
          .slice(0, 63)
      : "";
  call.report(value === undefined ? call.whole() : call.value(value), {
    code: "bad-name",
    message: `${show(value)} cannot be the name of ${what}`,
    help: `a name is a lower-case letter, then letters, digits and hyphens, 63 at most${near === "" ? "" : `: \`${near}\``}`,
  });
  return null;
}

const FLEET_NAME = /^[a-z]([a-z0-9-]{0,31}[a-z0-9])?$/;

/** A fleet's name also begins the names of Kubernetes objects, which have a digest and a suffix besides. */
export function fleetNameOf(value: unknown, call: Call): string | null {
  const name = nameOf(value, "a fleet", call);
  if (name === null || FLEET_NAME.test(name)) return name;
  call.report(call.value(value), {
    code: "bad-name",
    message: `${show(value)} cannot be the name of a fleet`,
    help: `it has 33 characters at most, and ends in a letter or a digit: \`${name.slice(0, 33).replace(/-+$/, "")}\``,
  });
  return null;
}

/** `bad-value` for each field of a record that nothing reads. Undefined fields are as good as missing ones. */
export function knownFields(fields: Fields, known: readonly string[], what: string, call: Call): boolean {
  const unknown = Object.keys(fields).filter((name) => fields[name] !== undefined && !known.includes(name));
  reportUnknown(unknown, what, call, (name) => suggest(name, known, "fields"));
  return unknown.length === 0;
}

/** Likewise for the options of a call of the vocabulary, which recorded what it does not know. `helps`: for names that say what was meant. */
export function knownOptions(
  node: Fields,
  what: string,
  call: Call,
  helps: ReadonlyMap<string, string> = new Map(),
): void {
  const strange = fieldsOf(node["strange"]);
  const { fields, known } = (strange ?? { fields: [], known: [] }) as Required<Strange>["strange"];
  reportUnknown(fields, what, call, (name) => helps.get(name) ?? suggest(name, known, "fields"));
}

function reportUnknown(
  names: readonly string[],
  what: string,
  call: Call,
  helpOf: (name: string) => string,
): void {
  for (const name of names)
    call.report(call.property(name), {
      code: "bad-value",
      message: `${what} has no field \`${name}\``,
      help: helpOf(name),
    });
}

/** A list, or null and `bad-value`. */
export function listOf(value: unknown, property: string, call: Call): readonly unknown[] | null {
  if (Array.isArray(value)) return value;
  call.report(call.property(property), {
    code: "bad-value",
    message: `\`${property}\` is ${show(value)}, not a list`,
    help: `write \`${property}: […]\``,
  });
  return null;
}

/** One of a few words; null and `bad-value` where it is none of them. */
export function oneOf<T extends string>(
  value: unknown,
  words: readonly T[],
  property: string,
  call: Call,
): T | null {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  call.report(call.value(value, { property }), {
    code: "bad-value",
    message: `\`${property}\` is ${show(value)}`,
    help: `write one of ${words.map((word) => `"${word}"`).join(", ")}`,
  });
  return null;
}

export interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
  /** `packets a second`, for the help. */
  readonly unit: string;
}

/** A number within bounds; null and `bad-value` where it is none. */
export function numberOf(
  value: unknown,
  property: string,
  { least, most, whole, unit }: Bounds,
  call: Call,
): number | null {
  if (typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value)))
    return value;
  call.report(call.value(value, { property }), {
    code: "bad-value",
    message: `\`${property}\` is ${show(value)}`,
    help: `write a ${whole ? "whole number" : "number"} from ${count(least)} to ${count(most)}${unit === "" ? "" : ` ${unit}`}`,
  });
  return null;
}

/** `50,000`; the same on every machine. */
export function count(value: number): string {
  if (!Number.isInteger(value)) return value === 1 / 3600 ? "1/3600" : String(value);
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}
