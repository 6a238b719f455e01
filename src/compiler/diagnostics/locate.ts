// A recorded call and a faulty value to the exact place of the literal, with the length of the mark under it.

import type { SourceLocation } from "../../policy/types.ts";
import { type Token, tokensOfCall } from "./tokens.ts";

export interface Span {
  readonly location: SourceLocation;
  readonly spanLength: number;
}

export interface Wanted {
  /** Look behind this property first: `ttl` in `{ lengthBytes: 256, ttl: 256 }`. */
  readonly property?: string;
  /** Which of several equal literals, from 0. */
  readonly occurrence?: number;
}

/** Finds literals in the sources of one compilation. */
export class Locator {
  readonly #sources: ReadonlyMap<string, string>;
  readonly #calls = new Map<string, readonly Token[]>();

  constructor(sources: ReadonlyMap<string, string>) {
    this.#sources = sources;
  }

  /** The name of the function that was called: what is marked where nothing better is known. */
  call(location: SourceLocation): Span {
    const first = this.#tokens(location)[0];
    return { location, spanLength: first?.kind === "word" ? first.length : 1 };
  }

  /** A literal inside the call at `location`; the call itself where it does not stand there (a constant, a helper). */
  literal(location: SourceLocation, value: unknown, wanted: Wanted = {}): Span {
    const tokens = this.#tokens(location);
    const behind = wanted.property === undefined ? -1 : propertyIndex(tokens, wanted.property);
    const found =
      occurrence(tokens, behind + 1, value, wanted.occurrence ?? 0) ?? occurrence(tokens, 0, value, 0);
    if (found) return this.#span(location, found);
    const name = behind < 0 ? undefined : tokens[behind];
    return name ? this.#span(location, name) : this.call(location);
  }

  /** A property's name inside the call at `location`; the call itself where it does not stand there. */
  property(location: SourceLocation, name: string): Span {
    const tokens = this.#tokens(location);
    const token = tokens[propertyIndex(tokens, name)];
    return token ? this.#span(location, token) : this.call(location);
  }

  /**
   * A property by its path through the records of the call at `location`, and in it the literal `value` where one is given.
   * What cannot be followed (a constant, a spread) ends the path: the last property that was found is marked.
   */
  path(location: SourceLocation, path: readonly string[], value?: unknown): Span {
    const tokens = this.#tokens(location);
    let from = tokens.findIndex(({ text, kind }) => text === "{" && kind === "punctuation");
    let found = -1;
    for (const [depth, name] of path.entries()) {
      const next = from < 0 ? -1 : memberIndex(tokens, from + 1, name);
      if (next < 0) break;
      found = next;
      const isRecord = tokens[found + 1]?.text === ":" && tokens[found + 2]?.text === "{";
      from = isRecord ? found + 2 : -1;
      if (depth < path.length - 1 || value === undefined) continue;
      const end = valueEnd(tokens, found + 1);
      const literal = occurrence(tokens.slice(0, end), found + 1, value, 0);
      if (literal) return this.#span(location, literal);
    }
    const token = tokens[found];
    return token ? this.#span(location, token) : this.call(location);
  }

  #tokens(location: SourceLocation): readonly Token[] {
    const key = `${location.file}:${location.line}:${location.column}`;
    const known = this.#calls.get(key);
    if (known) return known;
    const text = this.#sources.get(location.file);
    const offset = text === undefined ? null : offsetOf(text, location);
    const tokens = text === undefined || offset === null ? [] : tokensOfCall(text, offset);
    this.#calls.set(key, tokens);
    return tokens;
  }

  #span(call: SourceLocation, token: Pick<Token, "offset" | "length">): Span {
    const before = (this.#sources.get(call.file) ?? "").slice(0, token.offset);
    const lineStart = before.lastIndexOf("\n") + 1;
    const line = before.split("\n").length;
    return {
      location: { file: call.file, line, column: token.offset - lineStart + 1 },
      spanLength: token.length,
    };
  }
}

function offsetOf(text: string, { line, column }: SourceLocation): number | null {
  let offset = 0;
  for (let at = 1; at < line; at++) {
    const end = text.indexOf("\n", offset);
    if (end < 0) return null;
    offset = end + 1;
  }
  return offset + column - 1;
}

const OPENING = new Set(["(", "[", "{"]);
const CLOSING = new Set([")", "]", "}"]);

/** The property `name` of the record whose members begin at `from`; of the record itself, not of one inside it. */
function memberIndex(tokens: readonly Token[], from: number, name: string): number {
  for (let index = from; index < tokens.length; index = valueEnd(tokens, index) + 1) {
    const token = tokens[index]!;
    if (CLOSING.has(token.text) && token.kind === "punctuation") return -1;
    if ((token.kind === "word" || token.kind === "string") && token.text === name) return index;
  }
  return -1;
}

/** Where the member that `from` stands in ends: its comma, or what closes the record. */
function valueEnd(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let index = from; index < tokens.length; index++) {
    const { kind, text } = tokens[index]!;
    if (kind !== "punctuation") continue;
    if (depth === 0 && (text === "," || CLOSING.has(text))) return index;
    if (OPENING.has(text)) depth++;
    if (CLOSING.has(text)) depth--;
  }
  return tokens.length;
}

function propertyIndex(tokens: readonly Token[], name: string): number {
  return tokens.findIndex(
    (token, index) =>
      (token.kind === "word" || token.kind === "string") &&
      token.text === name &&
      // `{ ttl: 5 }`, and the shorthand `{ ttl }` and `{ ttl, … }`
      [":", ",", "}"].includes(tokens[index + 1]?.text ?? "") &&
      (index === 0 || ["{", ","].includes(tokens[index - 1]?.text ?? "")),
  );
}

function occurrence(tokens: readonly Token[], from: number, value: unknown, skip: number) {
  let left = skip;
  for (let index = from; index < tokens.length; index++) {
    const found = literalAt(tokens, index, value);
    if (found && left-- === 0) return found;
  }
  return undefined;
}

/** The token at `index` where it writes `value`; a minus sign before a number belongs to it. */
function literalAt(tokens: readonly Token[], index: number, value: unknown) {
  const token = tokens[index]!;
  if (typeof value === "string") return token.kind === "string" && token.text === value ? token : undefined;
  if (typeof value === "boolean" || value === undefined)
    return token.kind === "word" && token.text === `${value}` ? token : undefined;
  if (typeof value !== "number") return undefined;
  const sign = tokens[index - 1];
  const negative = sign?.text === "-" && sign.offset + 1 === token.offset;
  const magnitude =
    token.kind === "number"
      ? Number(token.text.replaceAll("_", ""))
      : token.kind === "word"
        ? wordValue(token.text)
        : null;
  if (magnitude === null || !Object.is(negative ? -magnitude : magnitude, value)) return undefined;
  return negative ? { offset: sign.offset, length: token.length + 1 } : token;
}

function wordValue(word: string): number | null {
  if (word === "NaN") return Number.NaN;
  return word === "Infinity" ? Number.POSITIVE_INFINITY : null;
}
