// What ties the bytes of a packet's headers to its IPv4 options or IPv6 extension headers: docs/SEMANTICS.md §1. Each
// value of the two fields allows certain sums of header bytes, and some values no packet has.

import { FIELD_DOMAIN } from "../../ir/nodes.ts";
import { type Ranges, ranges } from "../../ir/ranges.ts";
import { EXTENSION_BIT, OPTION_BIT } from "../../packet/parse.ts";
import { type HeaderBytes, SHAPES, type Shape, shortestHeaders } from "./shapes.ts";

/** The field of the shape's family that says what stands between L3 and L4. */
export function presentField(shape: Shape): "ipv4Options" | "ipv6Extensions" {
  return shape.family === 4 ? "ipv4Options" : "ipv6Extensions";
}

export function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

const AUTHENTICATION_BYTES_MAX = 1028;
const EXTENSION_BYTES_MAX = 2048;

/** Bytes of the shortest options with these bits: two each, and one that is cut off. A multiple of 4, as the IHL counts. */
export function leastOptionBytes(present: number): number {
  if (present === 0) return 0;
  const malformed = (present & OPTION_BIT.malformed) !== 0 ? 1 : 0;
  const named = bitCount(present & ~(OPTION_BIT.any | OPTION_BIT.malformed));
  return Math.max(4, Math.ceil((2 * named + malformed) / 4) * 4);
}

/** Sums of header bytes of a packet with exactly these options or extension headers; none where there is no such packet. */
export function headerBytesWith(shape: Shape, present: number): readonly HeaderBytes[] {
  const { family, layer4, fragment } = shape;
  const l4 = fragment === 2 || layer4 === "other" ? 0 : layer4 === "tcp" ? 20 : 8;
  const tcpOptions = fragment !== 2 && layer4 === "tcp" ? 40 : 0;
  if (family === 4) {
    if (present === 0) return [{ first: 20 + l4, last: 20 + l4 + tcpOptions, step: 4 }];
    if ((present & OPTION_BIT.any) === 0) return [];
    return [{ first: 20 + l4 + leastOptionBytes(present), last: 60 + l4 + tcpOptions, step: 4 }];
  }
  const hasFragment = (present & EXTENSION_BIT.fragment) !== 0;
  if (fragment !== 0 && !hasFragment) return [];
  const hasAuthentication = (present & EXTENSION_BIT.authentication) !== 0;
  const others = bitCount(present & ~(EXTENSION_BIT.fragment | EXTENSION_BIT.authentication));
  const base = 40 + l4 + (hasFragment ? 8 : 0);
  const slots = hasFragment ? 7 : 8;
  const first = base + 8 * (others + (hasAuthentication ? 1 : 0));
  // Authentication headers and TCP options come in units of 4 bytes, all others in units of 8.
  if (hasAuthentication) {
    const most =
      others === 0
        ? slots * AUTHENTICATION_BYTES_MAX
        : (slots - 1) * EXTENSION_BYTES_MAX + AUTHENTICATION_BYTES_MAX;
    return [{ first, last: base + most + tcpOptions, step: 4 }];
  }
  const most = others === 0 ? 0 : slots * EXTENSION_BYTES_MAX;
  return [{ first, last: base + most + tcpOptions, step: tcpOptions > 0 ? 4 : 8 }];
}

const possible = new Map<Shape, Ranges>(
  SHAPES.map((shape) => {
    const values = Array.from({ length: FIELD_DOMAIN[presentField(shape)] }, (_, value) => value);
    const some = values.filter((value) => headerBytesWith(shape, value).length > 0);
    return [shape, ranges(some.map((value) => [value, value]))];
  }),
);

/** Values of the shape's field that some packet has. */
export function possiblePresent(shape: Shape): Ranges {
  return possible.get(shape)!;
}

/** Sums of header bytes that go with any value of `first`..`last`. */
export function headerBytesBetween(shape: Shape, first: number, last: number): readonly HeaderBytes[] {
  if (first === 0 && last === FIELD_DOMAIN[presentField(shape)] - 1) return shape.headerBytes;
  const found = new Map<string, HeaderBytes>();
  for (let value = first; value <= last; value++)
    for (const bytes of headerBytesWith(shape, value))
      found.set(`${bytes.first} ${bytes.last} ${bytes.step}`, bytes);
  return [...found.values()].sort((a, b) => a.first - b.first);
}

/** The value of `first`..`last` that an example shows with so many bytes of headers: as little as can be. */
export function presentValue(shape: Shape, first: number, last: number, headerBytes: number): number {
  const plain = shape.family === 6 && shape.fragment !== 0 ? EXTENSION_BIT.fragment : 0;
  const padded = shape.family === 4 ? OPTION_BIT.any : plain | EXTENSION_BIT["destination-options"];
  const candidates = [plain, padded].filter((value) => value >= first && value <= last);
  for (let value = first; value <= last; value++) candidates.push(value);
  const found = candidates.find(
    (value) =>
      shortestHeaders({ headerBytes: headerBytesWith(shape, value) }, headerBytes, headerBytes) !== null,
  );
  if (found === undefined) throw new Error(`no headers of ${headerBytes} bytes in ${first}-${last}`);
  return found;
}
