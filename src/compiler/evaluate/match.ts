// A rule's match as tests, one for each field that it names: docs/SEMANTICS.md §4.

import { IPV4_OPTIONS, IPV6_EXTENSIONS } from "../../bundle/abi.ts";
import type { AddressSet } from "../../ir/address-set.ts";
import { FIELD_NAMES, type FieldName, type MatchIr } from "../../ir/nodes.ts";
import { inPairs } from "../../ir/pairs.ts";
import { formatAddress } from "../../ir/prefix.ts";
import type { Ranges } from "../../ir/ranges.ts";
import type { ParsedPacket } from "../../packet/parse.ts";
import { byteToTcpFlags } from "../../packet/tcp-flags.ts";

export type MatchTest = FieldTest | AddressTest | TableTest;
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

/** Of a rule that is known by a bundle's tables alone. */
interface TableTest {
  readonly field: FieldName | "source" | "destination";
  readonly text: string;
  readonly isMember: (subject: Subject) => boolean;
}

/** All tests must hold; the two lists have the same ones. */
export interface CompiledMatch {
  /** As the author wrote the terms: for traces. */
  readonly inOrder: readonly MatchTest[];
  /** Fields before addresses, which need a search: for verdicts. */
  readonly cheapFirst: readonly MatchTest[];
}

export function compileMatch(match: MatchIr): CompiledMatch {
  const cheapFirst: MatchTest[] = [];
  for (const field of FIELD_NAMES) {
    const values = match.fields[field];
    if (values) cheapFirst.push({ field, text: textOf(match, field), values: flatten(values) });
  }
  for (const field of ["source", "destination"] as const) {
    const set = match[field];
    if (set) cheapFirst.push({ field, text: textOf(match, field), set });
  }
  const place = (test: MatchTest) => {
    const index = match.terms.findIndex((term) => term.field === test.field);
    return index < 0 ? match.terms.length : index;
  };
  return { inOrder: cheapFirst.toSorted((a, b) => place(a) - place(b)), cheapFirst };
}

/** A field can stand in several terms (a rule's own and its backend's); the set is their intersection, so they fail together. */
function textOf(match: MatchIr, field: MatchTest["field"]): string {
  const texts = match.terms.filter((term) => term.field === field).map((term) => term.text);
  return texts.length > 0 ? texts.join(" and ") : field;
}

function flatten(values: Ranges): Uint32Array {
  return Uint32Array.from(values.flat());
}

/** A packet with its addresses as the sets hold them: numbers of IPv4, bigints of IPv6. */
export interface Subject {
  readonly packet: ParsedPacket;
  readonly frame: Uint8Array;
  readonly source: number | bigint;
  readonly destination: number | bigint;
}

export function subjectOf(packet: ParsedPacket, frame: Uint8Array): Subject {
  const { family, source, destination } = packet;
  return family === 4
    ? { packet, frame, source: Number(source), destination: Number(destination) }
    : { packet, frame, source, destination };
}

export function matches({ cheapFirst }: CompiledMatch, subject: Subject): boolean {
  for (const test of cheapFirst) if (!holds(test, subject)) return false;
  return true;
}

/** The first test in the author's order that fails; null where the packet matches. */
export function firstFailure({ inOrder }: CompiledMatch, subject: Subject): MatchTest | null {
  return inOrder.find((test) => !holds(test, subject)) ?? null;
}

/** A field that the packet lacks fails its test. */
export function holds(test: MatchTest, subject: Subject): boolean {
  if ("isMember" in test) return test.isMember(subject);
  if ("values" in test) {
    const value = subject.packet.fields[test.field];
    return value !== null && inPairs(test.values, value);
  }
  return inPairs(subject.packet.family === 4 ? test.set.v4 : test.set.v6, subject[test.field]);
}

const PROTOCOL_NAMES: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6" };
const namesOf = (names: readonly string[]) => (value: number) =>
  names.filter((_, bit) => ((value >> bit) & 1) === 1).join(", ") || "none of them";
const FRAGMENT_NAMES = ["none", "first", "later"];

/** Fields whose numbers say little to people. */
const DESCRIBE: Readonly<Partial<Record<FieldName, (value: number) => string | undefined>>> = {
  protocol: (value) => PROTOCOL_NAMES[value],
  tcpFlags: (value) => byteToTcpFlags(value).join(",") || "none",
  icmp: (value) => `type ${value >> 8} code ${value & 0xff}`,
  fragment: (value) => FRAGMENT_NAMES[value],
  ipv4Options: namesOf(IPV4_OPTIONS),
  ipv6Extensions: namesOf(IPV6_EXTENSIONS),
};

/** What the packet has in a field, for people; null where it has none. */
export function describeValue(field: MatchTest["field"], { packet, frame }: Subject): string | null {
  if (field === "payload") return describePayload(packet, frame);
  if (field === "source" || field === "destination") return formatAddress(packet.family, packet[field]);
  const value = packet.fields[field];
  return value === null ? null : (DESCRIBE[field]?.(value) ?? String(value));
}

const PAYLOAD_SHOWN = 32;

/** Its first bytes, and how many there are. */
function describePayload({ fields, l3End }: ParsedPacket, frame: Uint8Array): string | null {
  if (fields.payloadLength === null) return null;
  const start = l3End - fields.payloadLength;
  const shown = Buffer.from(frame.subarray(start, Math.min(l3End, start + PAYLOAD_SHOWN))).toString("hex");
  return `${fields.payloadLength} bytes, 0x${shown}${fields.payloadLength > PAYLOAD_SHOWN ? "…" : ""}`;
}
