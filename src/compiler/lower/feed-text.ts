// Bytes of a feed file to a set of addresses and the faults of single lines. One address or CIDR prefix a line; `#` and
// lines that begin with `;` are comments; columns after white space, comma or semicolon are ignored; CRLF and a byte
// order mark are taken. IPv4 is read straight from the bytes: at a million lines, strings alone would cost a second.

import { type AddressSet, fromPrefixes } from "../../ir/address-set.ts";
import { isFault, type Prefix, type PrefixFault, parsePrefix } from "../../ir/prefix.ts";

export interface FeedLineFault {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly text: string;
  readonly fault: PrefixFault;
}

export interface FeedContent {
  readonly addresses: AddressSet;
  /** Lines with a good entry. */
  readonly entries: number;
  readonly faults: readonly FeedLineFault[];
  /** Faulty lines, also those beyond the list. */
  readonly faultCount: number;
}

/** A file of another kind has a fault in every line; the first ones tell it. */
export const FAULTS_LISTED = 20;

const NEWLINE = 10;
const HASH = 35;
const COMMA = 44;
const DOT = 46;
const SLASH = 47;
const ZERO = 48;
const SEMICOLON = 59;

export function parseFeed(bytes: Uint8Array): FeedContent {
  const decoder = new TextDecoder("utf-8");
  // The shortest line is `1.1.1.1` and a newline: eight bytes. Key: first address × 64 + prefix length, 38 bits.
  const keys = new Float64Array(Math.floor(bytes.length / 8) + 1);
  let keyCount = 0;
  const prefixes6: Prefix[] = [];
  const faults: FeedLineFault[] = [];
  let faultCount = 0;

  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let line = 0;
  for (let lineStart = hasMark ? 3 : 0; lineStart < bytes.length; ) {
    line++;
    const newline = bytes.indexOf(NEWLINE, lineStart);
    const lineEnd = newline < 0 ? bytes.length : newline;
    let start = lineStart;
    while (start < lineEnd && isBlank(bytes[start]!)) start++;
    let end = start;
    while (end < lineEnd && !isSeparator(bytes[end]!)) end++;
    const column = start - lineStart + 1;
    const isComment = start === lineEnd || bytes[start] === HASH || bytes[start] === SEMICOLON;
    lineStart = lineEnd + 1;
    if (isComment) continue;

    const key = key4(bytes, start, end);
    if (key >= 0) {
      keys[keyCount++] = key;
      continue;
    }
    const text = decoder.decode(bytes.subarray(start, end));
    const parsed = parsePrefix(text);
    if (!isFault(parsed)) prefixes6.push(parsed);
    else if (++faultCount <= FAULTS_LISTED) faults.push({ line, column, text, fault: parsed });
  }
  const addresses = Object.freeze({
    v4: mergeKeys(keys.subarray(0, keyCount)),
    v6: fromPrefixes(prefixes6).v6,
  });
  return { addresses, entries: keyCount + prefixes6.length, faults, faultCount };
}

/** Key of a strict dotted-decimal address or canonical prefix at `start`..`end`; -1 for everything else. */
function key4(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let address = 0;
  for (let octet = 0; octet < 4; octet++) {
    const first = bytes[at]! - ZERO;
    let value = 0;
    let digits = 0;
    for (; at < end; at++, digits++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (digits === 0 || digits > 3 || value > 255 || (digits > 1 && first === 0)) return -1;
    address = address * 256 + value;
    if (octet < 3 && (at >= end || bytes[at++] !== DOT)) return -1;
  }
  if (at === end) return address * 64 + 32;
  if (bytes[at++] !== SLASH) return -1;
  const digits = end - at;
  const tens = bytes[at]! - ZERO;
  const length = digits === 1 ? tens : tens * 10 + (bytes[at + 1]! - ZERO);
  const isNumber = digits === 1 ? tens >= 0 && tens <= 9 : digits === 2 && tens >= 1 && tens <= 3;
  const last = bytes[end - 1]! - ZERO;
  if (!isNumber || last < 0 || last > 9 || length > 32) return -1;
  return address % 2 ** (32 - length) === 0 ? address * 64 + length : -1;
}

/** Sorts in place; pairs first, last of disjoint, non-adjacent ranges. */
function mergeKeys(keys: Float64Array): Uint32Array {
  keys.sort();
  const pairs = new Uint32Array(2 * keys.length);
  let size = 0;
  for (const key of keys) {
    const first = Math.floor(key / 64);
    const last = first + 2 ** (32 - (key % 64)) - 1;
    if (size > 0 && first <= pairs[size - 1]! + 1) {
      if (last > pairs[size - 1]!) pairs[size - 1] = last;
    } else {
      pairs[size++] = first;
      pairs[size++] = last;
    }
  }
  return pairs.slice(0, size);
}

function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

function isSeparator(byte: number): boolean {
  return isBlank(byte) || byte === COMMA || byte === SEMICOLON || byte === HASH;
}
