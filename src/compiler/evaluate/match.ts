// A rule's match as a list of tests in the order in which its author wrote the terms, so that the first test that fails is
// the term that a trace names: docs/SEMANTICS.md §4.

import type { AddressSet } from "../../ir/address-set.ts";
import { FIELD_NAMES, type FieldName, type MatchIr } from "../../ir/nodes.ts";
import { formatAddress } from "../../ir/prefix.ts";
import type { Ranges } from "../../ir/ranges.ts";
import type { ParsedPacket } from "../../packet/parse.ts";
import { byteToTcpFlags } from "../../packet/tcp-flags.ts";

export type MatchTest = FieldTest | AddressTest;
interface FieldTest {
  readonly field: FieldName;
  /** What the author wrote about the field. */
  readonly text: string;
  /** Pairs first, last. */
  readonly values: Uint32Array;
}
interface AddressTest {
  readonly field: "source" | "destination";
  readonly text: string;
  readonly set: AddressSet;
}

/** The tests of a match; all must hold. */
export function compileMatch(match: MatchIr): MatchTest[] {
  const tests: MatchTest[] = [];
  if (match.source) tests.push({ field: "source", text: textOf(match, "source"), set: match.source });
  if (match.destination)
    tests.push({ field: "destination", text: textOf(match, "destination"), set: match.destination });
  for (const field of FIELD_NAMES) {
    const values = match.fields[field];
    if (values) tests.push({ field, text: textOf(match, field), values: flatten(values) });
  }
  const place = (test: MatchTest) => {
    const index = match.terms.findIndex((term) => term.field === test.field);
    return index < 0 ? match.terms.length : index;
  };
  return tests.sort((a, b) => place(a) - place(b));
}

/** A field can stand in several terms (a rule's own and its backend's); the set is their intersection, so they fail together. */
function textOf(match: MatchIr, field: MatchTest["field"]): string {
  const texts = match.terms.filter((term) => term.field === field).map((term) => term.text);
  return texts.length > 0 ? texts.join(" and ") : field;
}

function flatten(values: Ranges): Uint32Array {
  return Uint32Array.from(values.flat());
}

/** The first test that the packet fails; null where it matches. A field that the packet lacks fails its test. */
export function firstFailure(tests: readonly MatchTest[], packet: ParsedPacket): MatchTest | null {
  for (const test of tests) if (!holds(test, packet)) return test;
  return null;
}

export function holds(test: MatchTest, packet: ParsedPacket): boolean {
  if ("values" in test) {
    const value = packet.fields[test.field];
    return value !== null && inRanges(test.values, value);
  }
  const address = packet[test.field];
  return packet.family === 4 ? inRanges(test.set.v4, Number(address)) : inRanges(test.set.v6, address);
}

/** `list`: ascending pairs first, last. */
function inRanges<N extends number | bigint>(list: ArrayLike<N>, value: N): boolean {
  let low = 0;
  let high = list.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[2 * middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value <= list[2 * low - 1]!;
}

const PROTOCOL_NAMES: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6" };
const FRAGMENT_NAMES = ["none", "first", "later"];

/** Fields whose numbers say little to people. */
const DESCRIBE: Readonly<Partial<Record<FieldName, (value: number) => string | undefined>>> = {
  protocol: (value) => PROTOCOL_NAMES[value],
  tcpFlags: (value) => byteToTcpFlags(value).join(",") || "none",
  icmp: (value) => `type ${value >> 8} code ${value & 0xff}`,
  fragment: (value) => FRAGMENT_NAMES[value],
};

/** What the packet has in a field, for people; null where it has none. */
export function describeValue(field: MatchTest["field"], packet: ParsedPacket): string | null {
  if (field === "source" || field === "destination") return formatAddress(packet.family, packet[field]);
  const value = packet.fields[field];
  return value === null ? null : (DESCRIBE[field]?.(value) ?? String(value));
}
