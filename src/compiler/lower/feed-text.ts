// Bytes of a feed file to a set of addresses and the faults of single lines. One address or CIDR prefix a line; `#` and
// lines that begin with `;` are comments; columns after white space, comma or semicolon are ignored; CRLF and a byte
// order mark are taken. IPv4 is read straight from the bytes: at a million lines, strings alone would cost a second.

import { type AddressSet, fromPrefixes, ranges4 } from "../../ir/address-set.ts";
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

/** Bytes within a line; a newline ends it before they are asked for. */
const BLANKS = [9, 11, 12, 13, 32] as const;
const isBlank = tableOf(BLANKS);
/** What ends an entry. */
const isSeparator = tableOf([...BLANKS, NEWLINE, COMMA, SEMICOLON, HASH]);

export function parseFeed(bytes: Uint8Array): FeedContent {
  const decoder = new TextDecoder("utf-8");
  const entries4 = new Entries4(bytes);
  const prefixes6: Prefix[] = [];
  const faults: FeedLineFault[] = [];
  let faultCount = 0;

  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let line = 0;
  for (let lineStart = hasMark ? 3 : 0; lineStart < bytes.length; ) {
    line++;
    let start = lineStart;
    while (isBlank[bytes[start]!]) start++;
    let end = start;
    while (end < bytes.length && !isSeparator[bytes[end]!]) end++;
    const column = start - lineStart + 1;
    // A line that is empty, or that a comment begins, has no entry.
    const isComment = start === end && bytes[start] !== COMMA;
    let lineEnd = end;
    while (lineEnd < bytes.length && bytes[lineEnd] !== NEWLINE) lineEnd++;
    lineStart = lineEnd + 1;
    if (isComment || entries4.take(start, end)) continue;

    const text = decoder.decode(bytes.subarray(start, end));
    const parsed = parsePrefix(text);
    if (!isFault(parsed)) prefixes6.push(parsed);
    else if (++faultCount <= FAULTS_LISTED) faults.push({ line, column, text, fault: parsed });
  }
  const addresses = Object.freeze({ v4: entries4.ranges(), v6: fromPrefixes(prefixes6).v6 });
  return { addresses, entries: entries4.count + prefixes6.length, faults, faultCount };
}

/** The IPv4 entries of a feed. */
class Entries4 {
  readonly #bytes: Uint8Array;
  readonly #firsts: Uint32Array;
  /** Addresses after the first. */
  readonly #rests: Uint32Array;
  count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    // The shortest line is `1.1.1.1` and a newline: eight bytes.
    const most = Math.floor(bytes.length / 8) + 1;
    this.#firsts = new Uint32Array(most);
    this.#rests = new Uint32Array(most);
  }

  /** False, and nothing taken, where `start`..`end` is no strict dotted-decimal address or canonical prefix. */
  take(start: number, end: number): boolean {
    const bytes = this.#bytes;
    let at = start;
    let address = 0;
    for (let octet = 0; octet < 4; octet++) {
      const first = at;
      let value = 0;
      for (; at < end; at++) {
        const digit = bytes[at]! - ZERO;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
      }
      const digits = at - first;
      if (digits === 0 || digits > 3 || value > 255 || (digits > 1 && bytes[first] === ZERO)) return false;
      address = (address << 8) | value;
      if (octet < 3 && (at >= end || bytes[at++] !== DOT)) return false;
    }
    const length = at === end ? 32 : this.#length(at, end);
    if (length < 0) return false;
    const rest = length === 0 ? 0xffff_ffff : 2 ** (32 - length) - 1;
    if ((address & rest) !== 0) return false;
    this.#firsts[this.count] = address;
    this.#rests[this.count++] = rest;
    return true;
  }

  /** Of `/0` to `/32`; -1 for everything else. */
  #length(start: number, end: number): number {
    const bytes = this.#bytes;
    const digits = end - start - 1;
    if (bytes[start] !== SLASH || digits < 1 || digits > 2) return -1;
    const tens = digits === 2 ? bytes[start + 1]! - ZERO : 0;
    const ones = bytes[end - 1]! - ZERO;
    if ((digits === 2 && (tens < 1 || tens > 3)) || ones < 0 || ones > 9) return -1;
    const length = 10 * tens + ones;
    return length > 32 ? -1 : length;
  }

  /** Pairs first, last of disjoint, non-adjacent ranges. Uses the entries up. */
  ranges(): Uint32Array {
    return ranges4(this.#firsts.subarray(0, this.count), this.#rests.subarray(0, this.count));
  }
}

/** 1 for each of the bytes. */
function tableOf(members: readonly number[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const member of members) table[member] = 1;
  return table;
}
