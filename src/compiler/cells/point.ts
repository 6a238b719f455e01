// A cell to one packet of it: addresses, every field that the shape has, and the bytes of headers that tie the lengths.

import { strict as assert } from "node:assert";
import { contains } from "../../ir/address-set.ts";
import { FIELD_NAMES, type FieldName, type MatchIr } from "../../ir/nodes.ts";
import type { Family } from "../../ir/prefix.ts";
import { includes } from "../../ir/ranges.ts";
import { presentValue } from "./headers.ts";
import { payloadBytes } from "./payload.ts";
import { type Cell, headersBetween } from "./search.ts";
import type { Shape } from "./shapes.ts";
import {
  DIMENSIONS,
  L3_LENGTH,
  PAYLOAD,
  PAYLOAD_LENGTH,
  PREFERRED_VALUES,
  PRESENT,
  type Space,
  UNTAGGED,
} from "./space.ts";

export interface Point {
  readonly shape: Shape;
  readonly family: Family;
  readonly source: bigint;
  readonly destination: bigint;
  /** As src/packet/parse.ts reads them; null where the packet has none. */
  readonly fields: Readonly<Record<FieldName, number | null>>;
  /** Between the L3 length and the payload; in a later fragment, up to its data. */
  readonly headerBytes: number;
  /** The payload's first bytes; the others are zeros. */
  readonly payload: Uint8Array;
}

/** Deterministic: preferred addresses, the lowest values, and an L3 length as near to `l3Bytes` as the cell allows. */
export function pointOf(space: Space, cell: Cell, l3Bytes = 0): Point {
  const { shape, classes } = cell;
  const present = classes[PRESENT[shape.family]]!;
  const headerBytes = headersBetween(
    space,
    shape,
    classes[L3_LENGTH]!,
    classes[PAYLOAD_LENGTH]!,
    present,
    classes[PAYLOAD]!,
  );
  assert(headerBytes !== null, "headers can make up the difference of a cell's lengths");
  const lengths = space.field("l3Length");
  const payloads = space.field("payloadLength");
  let least = Math.max(lengths.first(classes[L3_LENGTH]!), headerBytes);
  let most = lengths.last(classes[L3_LENGTH]!);
  if (shape.has.payloadLength) {
    const pattern = space.payload.pattern(classes[PAYLOAD]!);
    least = Math.max(least, Math.max(payloads.first(classes[PAYLOAD_LENGTH]!), pattern.least) + headerBytes);
    most = Math.min(most, Math.min(payloads.last(classes[PAYLOAD_LENGTH]!), pattern.most) + headerBytes);
  }
  const l3Length = Math.min(Math.max(l3Bytes, least), most);

  const payloadClass = shape.has.payload ? space.payload.first(classes[PAYLOAD]!) : null;
  const value = (name: Exclude<FieldName, "fragment" | "payload">): number | null => {
    if (!shape.has[name]) return null;
    if (name === "l3Length") return l3Length;
    if (name === "payloadLength") return l3Length - headerBytes;
    if (name === "ipv4Options" || name === "ipv6Extensions") {
      const partition = space.field(name);
      return presentValue(shape, partition.first(present), partition.last(present), headerBytes);
    }
    return preferredValue(space, name, classes[DIMENSIONS.indexOf(name)]!);
  };
  return {
    shape,
    family: shape.family,
    source: space.addresses("source", shape.family).sample(classes[0]!).preferred,
    destination: space.addresses("destination", shape.family).sample(classes[1]!).preferred,
    fields: {
      protocol: value("protocol"),
      sourcePort: value("sourcePort"),
      destinationPort: value("destinationPort"),
      tcpFlags: value("tcpFlags"),
      l3Length,
      icmp: value("icmp"),
      fragment: shape.fragment,
      ttl: value("ttl"),
      dscp: value("dscp"),
      vlan: value("vlan"),
      payloadLength: value("payloadLength"),
      ipv4Options: value("ipv4Options"),
      ipv6Extensions: value("ipv6Extensions"),
      payload: payloadClass,
    },
    headerBytes,
    payload:
      payloadClass === null
        ? NO_BYTES
        : payloadBytes(space.payloadTests, payloadClass, l3Length - headerBytes),
  };
}

const NO_BYTES = new Uint8Array(0);

function preferredValue(space: Space, name: FieldName, index: number): number | null {
  const partition = space.field(name);
  const first = partition.first(index);
  if (name === "vlan" && first === UNTAGGED) return null;
  const preferred = PREFERRED_VALUES[name] ?? first;
  return preferred >= first && preferred <= partition.last(index) ? preferred : first;
}

/** Whether a match holds a packet, field by field: docs/SEMANTICS.md §4. */
export function holds(match: MatchIr, { family, source, destination, fields }: Point): boolean {
  if (match.source && !contains(match.source, family, source)) return false;
  if (match.destination && !contains(match.destination, family, destination)) return false;
  return FIELD_NAMES.every((name) => {
    const wanted = match.fields[name];
    const value = fields[name];
    return wanted === undefined || (value !== null && includes(wanted, value));
  });
}

/** Addresses of the cell's class on one side, `stride` apart, the preferred one first; `most` at most. */
export function addressesOf(
  space: Space,
  cell: Cell,
  side: "source" | "destination",
  stride: bigint,
  most: number,
): bigint[] {
  const partition = space.addresses(side, cell.shape.family);
  const { first, last, preferred } = partition.sample(cell.classes[DIMENSIONS.indexOf(side)]!);
  const found: bigint[] = [];
  for (let at = preferred; at <= last && found.length < most; at += stride) found.push(at);
  for (let at = preferred - stride; at >= first && found.length < most; at -= stride) found.push(at);
  return found;
}
