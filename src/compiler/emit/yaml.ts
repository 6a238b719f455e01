// Plain data to YAML text that every reader takes for the same data. Kubernetes reads YAML 1.1 with parts of 1.2, other
// tools read 1.2: a string stays unquoted only where no version could take it for anything else (`on`, `1:20`, `0o7`,
// `1e3` are quoted). Keys stand in a fixed order, so the same data gives the same bytes.
//
// A writer of our own: what is emitted is plain data, and a general one took a third of the time of `piston check`.

import assert from "node:assert/strict";

/** What an object is called comes before what is in it; the other keys follow in alphabetical order. */
const FIRST_KEYS = ["apiVersion", "kind", "metadata", "alert", "expr", "for", "name", "namespace"];

/** Words that a YAML 1.1 or 1.2 reader may take for a boolean, null or a number; some take an exponent alone for one. */
const RESERVED = /^(y|n|yes|no|true|false|on|off|null|nan|inf|e[-+]?[0-9_]+)$/i;
/** Starts with a letter or a slash, so it is no number or date; a colon or comma is never before a space or at an end. */
const PLAIN = /^[A-Za-z/][A-Za-z0-9_/.@+-]*(?:[ :=,][A-Za-z0-9_/.@+-]+)*$/;

/** Line breaks of YAML 1.1, control characters and the byte order mark, which JSON leaves as they are. */
const UNPRINTABLE = /[\x7f-\x9f\u2028\u2029\ufeff]/g;
/** Readers need not look further for the colon of a key on one line. */
const KEY_MOST = 1024;

/** One or more documents in one file. `heading` becomes a comment on top. */
export function toYaml(documents: readonly unknown[], heading: string): string {
  const comment = heading
    .split("\n")
    .map((line) => `# ${line}\n`)
    .join("");
  return comment + documents.map((data) => `${node(data, "", "")}\n`).join("---\n");
}

/**
 * The text of a value from the place where it begins. `pad` is the indentation of its further lines; `outer` is that of what it
 * stands in, from which a block of lines counts its own.
 */
function node(data: unknown, pad: string, outer: string): string {
  if (typeof data === "string") return text(data, outer);
  if (typeof data === "boolean") return String(data);
  if (typeof data === "number") return number(data);
  assert(
    typeof data === "object" && data !== null,
    `not plain data: ${data === null ? "null" : typeof data}`,
  );
  if (Array.isArray(data))
    return data.length === 0 ? "[]" : data.map((item) => `- ${node(item, `${pad}  `, pad)}`).join(`\n${pad}`);
  const record = data as Readonly<Record<string, unknown>>;
  const keys = inOrder(Object.keys(record).filter((key) => record[key] !== undefined));
  if (keys.length === 0) return "{}";
  return keys.map((key) => member(key, record[key], pad)).join(`\n${pad}`);
}

function inOrder(keys: string[]): readonly string[] {
  keys.sort();
  const first = FIRST_KEYS.filter((key) => keys.includes(key));
  return first.length === 0 ? keys : [...first, ...keys.filter((key) => !first.includes(key))];
}

function member(name: string, value: unknown, pad: string): string {
  const key = word(name);
  assert(key.length <= KEY_MOST, `a key of ${key.length} characters`);
  // Items of a list stand under their key, fields of a record two places to the right.
  if (Array.isArray(value) && value.length > 0) return `${key}:\n${pad}${node(value, pad, pad)}`;
  const inner = `${pad}  `;
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  const written = node(value, inner, pad);
  return isRecord && written !== "{}" ? `${key}:\n${inner}${written}` : `${key}: ${written}`;
}

function number(data: number): string {
  // Larger integers and exponents are read differently by different readers; -0 loses its sign.
  assert(Math.abs(data) <= Number.MAX_SAFE_INTEGER && !Object.is(data, -0), `no plain number: ${data}`);
  const written = String(data);
  assert(/^-?\d+(\.\d+)?$/.test(written), `number needs an exponent: ${data}`);
  return written;
}

/** A block of lines where it shows them as they are; other control characters and odd spaces need quotes. */
function text(data: string, outer: string): string {
  if (!/\n./.test(data) || /[^\n\x20-\x7e]| \n|\n\n$|^\s/.test(data)) return word(data);
  const isEnded = data.endsWith("\n");
  const lines = (isEnded ? data.slice(0, -1) : data).split("\n");
  const shown = lines.map((line) => (line === "" ? "" : `${outer}  ${line}`)).join("\n");
  return `${isEnded ? "|" : "|-"}\n${shown}`;
}

/** On one line. */
function word(data: string): string {
  assert(data.isWellFormed(), "text with half a surrogate pair");
  if (PLAIN.test(data) && !RESERVED.test(data)) return data;
  // Single quotes leave the double ones of queries and JSON as they are. They have no escapes.
  if (/["\\]/.test(data) && /^[\x20-\x7e]*$/.test(data)) return `'${data.replaceAll("'", "''")}'`;
  return JSON.stringify(data).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
