// Plain data to YAML text that every reader takes for the same data. Kubernetes reads YAML 1.1 with parts of 1.2, other
// tools read 1.2: a string stays unquoted only where no version could take it for anything else (`on`, `1:20`, `0o7`,
// `1e3` are quoted). Keys stand in a fixed order, so the same data gives the same bytes.

import assert from "node:assert/strict";
import { Document, Scalar, YAMLMap, YAMLSeq } from "yaml";

/** What an object is called comes before what is in it; the other keys follow in alphabetical order. */
const FIRST_KEYS = ["apiVersion", "kind", "metadata", "alert", "expr", "for", "name", "namespace"];

/** Words that a YAML 1.1 or 1.2 reader may take for a boolean, null or a number; some take an exponent alone for one. */
const RESERVED = /^(y|n|yes|no|true|false|on|off|null|nan|inf|e[-+]?[0-9_]+)$/i;
/** Starts with a letter or a slash, so it is no number or date; a colon or comma is never before a space or at an end. */
const PLAIN = /^[A-Za-z/][A-Za-z0-9_/.@+-]*(?:[ :=,][A-Za-z0-9_/.@+-]+)*$/;

/** Line breaks of YAML 1.1, control characters and the byte order mark. They occur in double quotes only: see textNode. */
const UNPRINTABLE = /[\x7f-\x9f\u2028\u2029\ufeff]/g;

/** One or more documents in one file. `heading` becomes a comment on top. */
export function toYaml(documents: readonly unknown[], heading: string): string {
  const comment = heading
    .split("\n")
    .map((line) => `# ${line}\n`)
    .join("");
  return comment + documents.map((data) => documentText(data)).join("---\n");
}

function documentText(data: unknown): string {
  const document = new Document(node(data));
  return document
    .toString({ lineWidth: 0, indentSeq: false, blockQuote: "literal" })
    .replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function node(data: unknown): Scalar | YAMLMap | YAMLSeq {
  if (typeof data === "string") return textNode(data);
  if (typeof data === "boolean") return new Scalar(data);
  if (typeof data === "number") {
    // Larger integers and exponents are read differently by different readers; -0 loses its sign.
    assert(Math.abs(data) <= Number.MAX_SAFE_INTEGER && !Object.is(data, -0), `no plain number: ${data}`);
    assert(/^-?\d+(\.\d+)?$/.test(String(data)), `number needs an exponent: ${data}`);
    return new Scalar(data);
  }
  assert(
    typeof data === "object" && data !== null,
    `not plain data: ${data === null ? "null" : typeof data}`,
  );
  if (Array.isArray(data)) {
    const sequence = new YAMLSeq();
    sequence.flow = data.length === 0;
    for (const item of data) sequence.items.push(node(item));
    return sequence;
  }
  const map = new YAMLMap();
  const entries = Object.entries(data).filter(([, value]) => value !== undefined);
  map.flow = entries.length === 0;
  entries.sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  for (const [key, value] of entries) map.set(textNode(key), node(value));
  return map;
}

function rank(key: string): number {
  const index = FIRST_KEYS.indexOf(key);
  return index < 0 ? FIRST_KEYS.length : index;
}

function textNode(text: string): Scalar {
  assert(text.isWellFormed(), "text with half a surrogate pair");
  const scalar = new Scalar(text);
  // A block shows its lines as they are; text with other control characters or odd spaces is quoted and escaped.
  if (/\n./.test(text) && !/[^\n\x20-\x7e]|[ \n]\n|^[\s]/.test(text)) scalar.type = Scalar.BLOCK_LITERAL;
  else if (PLAIN.test(text) && !RESERVED.test(text)) scalar.type = Scalar.PLAIN;
  // Single quotes leave the double ones of queries and JSON as they are. They have no escapes.
  else if (/["\\]/.test(text) && /^[\x20-\x7e]*$/.test(text)) scalar.type = Scalar.QUOTE_SINGLE;
  else scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}
