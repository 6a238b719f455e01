// All matches of a fleet in one space: each dimension is cut into classes that no match tells apart, so a match becomes
// a box of class masks in each shape of packet. Everything after this is exact and knows no addresses or ports.

import { EVERYTHING } from "../../ir/address-set.ts";
import { FIELD_DOMAIN, FIELD_NAMES, type FieldName, type MatchIr } from "../../ir/nodes.ts";
import { NO_PAYLOAD_TESTS, type PayloadTest } from "../../ir/payload.ts";
import { type Family, parseAddress } from "../../ir/prefix.ts";
import { includes, type Ranges, ranges } from "../../ir/ranges.ts";
import { type AddressPartition, partitionAddresses } from "./address-partition.ts";
import { type FieldPartition, partitionField } from "./field-partition.ts";
import { headerBytesBetween, possiblePresent, presentField } from "./headers.ts";
import { and, fullMask, isSubset, isZero, type Mask, overlaps } from "./mask.ts";
import { type PayloadPartition, partitionPayload } from "./payload.ts";
import { SHAPES, type Shape } from "./shapes.ts";

/** `fragment` is missing: a shape has one value of it. */
export const DIMENSIONS = [
  "source",
  "destination",
  "protocol",
  "sourcePort",
  "destinationPort",
  "tcpFlags",
  "icmp",
  "ttl",
  "dscp",
  "vlan",
  "l3Length",
  "payloadLength",
  "ipv4Options",
  "ipv6Extensions",
  "payload",
] as const;
export type Dimension = (typeof DIMENSIONS)[number];
export const L3_LENGTH = DIMENSIONS.indexOf("l3Length");
export const PAYLOAD_LENGTH = DIMENSIONS.indexOf("payloadLength");
export const PAYLOAD = DIMENSIONS.indexOf("payload");
/** By family. */
export const PRESENT = { 4: DIMENSIONS.indexOf("ipv4Options"), 6: DIMENSIONS.indexOf("ipv6Extensions") };

/** The part of a match in one shape; a dimension that it does not narrow is missing. */
export interface Box {
  readonly dimensions: readonly number[];
  readonly masks: readonly Mask[];
}

/** One mask for every dimension. */
export type FullBox = readonly Mask[];

export interface Space {
  /** By the order of SHAPES. null: no packet of the shape can match. */
  boxesOf(match: MatchIr): readonly (Box | null)[];
  fullBox(shape: Shape): FullBox;
  addresses(side: "source" | "destination", family: Family): AddressPartition;
  field(name: FieldName): FieldPartition;
  readonly payload: PayloadPartition;
  readonly payloadTests: readonly PayloadTest[];
  /** Sums of header bytes that go with a class of the shape's `ipv4Options` or `ipv6Extensions`. */
  headers(shape: Shape, presentClass: number): Pick<Shape, "headerBytes">;
  /** The class of each dimension that makes the packet that people expect to see. */
  preferred(shape: Shape): readonly number[];
}

/** An untagged packet's value of `vlan`, as in bpf/shared.h: one past the last. */
export const UNTAGGED = FIELD_DOMAIN.vlan;

/** A BPF test-run takes one page less head room and what stands behind a buffer: about 3,520 bytes, and 22 spare. */
export const TESTABLE_FRAME_BYTES = 3_498;
/** L3 lengths of frames that any link carries, and of those that a test-run takes, with a VLAN tag. */
export const COMMON_L3_BYTES: Ranges = ranges([[0, 1500]]);
export const TESTABLE_L3_BYTES: Ranges = ranges([[0, TESTABLE_FRAME_BYTES - 18]]);

/** What an example shows where it may choose. */
export const PREFERRED_VALUES: Readonly<Partial<Record<FieldName, number>>> = Object.freeze({
  sourcePort: 40_000,
  destinationPort: 40_000,
  protocol: 47,
  tcpFlags: 0x10,
  icmp: 8 << 8,
  ttl: 64,
  vlan: UNTAGGED,
});
const LANDMARKS = {
  source: ["198.51.100.7", "192.0.2.7", "2001:db8:1::7"],
  destination: ["203.0.113.5", "2001:db8:2::5"],
} as const;

/** `matches`: all that will be asked for, so that the classes fit them. */
export function createSpace(
  matches: readonly MatchIr[],
  payloadTests: readonly PayloadTest[] = NO_PAYLOAD_TESTS,
): Space {
  const partitions = new Map<string, AddressPartition>();
  for (const side of ["source", "destination"] as const) {
    const sets = [EVERYTHING, ...matches.map((match) => match[side]).filter((set) => set !== null)];
    const landmarks = LANDMARKS[side].map((text) => parseAddress(text)!);
    for (const family of [4, 6] as const) {
      const good = landmarks.filter((address) => address.family === family).map(({ value }) => value);
      partitions.set(side + family, partitionAddresses(sets, family, good));
    }
  }
  const addresses: Space["addresses"] = (side, family) => partitions.get(side + family)!;

  const fields = new Map<FieldName, FieldPartition>();
  for (const name of FIELD_NAMES) {
    if (name === "payload") continue;
    const cuts: Ranges[] = matches.map((match) => match.fields[name]).filter((value) => value !== undefined);
    if (name === "protocol") cuts.push(...SHAPES.map((shape) => shape.protocols));
    if (name === "l3Length") cuts.push(COMMON_L3_BYTES, TESTABLE_L3_BYTES);
    if ((name === "ipv4Options" || name === "ipv6Extensions") && cuts.length > 0)
      for (const shape of SHAPES) if (presentField(shape) === name) cuts.push(possiblePresent(shape));
    if (name === "vlan") cuts.push(ranges([[UNTAGGED, UNTAGGED]]));
    fields.set(name, partitionField(cuts, name === "vlan" ? UNTAGGED + 1 : FIELD_DOMAIN[name]));
  }
  const payload = partitionPayload(
    payloadTests,
    matches.some((match) => match.fields.payload !== undefined),
  );
  fields.set("payload", payload);
  const field: Space["field"] = (name) => fields.get(name)!;

  const nothing = fullMask(1);
  const fullBoxes = new Map(
    SHAPES.map((shape): [Shape, FullBox] => [
      shape,
      DIMENSIONS.map((dimension) => {
        if (dimension === "source" || dimension === "destination")
          return addresses(dimension, shape.family).all;
        if (dimension === "protocol") return field(dimension).maskOf(shape.protocols);
        if (dimension === presentField(shape))
          return field(dimension).size === 1 ? nothing : field(dimension).maskOf(possiblePresent(shape));
        return shape.has[dimension] ? field(dimension).all : nothing;
      }),
    ]),
  );
  const fullBox: Space["fullBox"] = (shape) => fullBoxes.get(shape)!;

  const preferred = new Map(
    SHAPES.map((shape): [Shape, readonly number[]] => [
      shape,
      DIMENSIONS.map((dimension) =>
        dimension === "source" || dimension === "destination"
          ? addresses(dimension, shape.family).preferred
          : shape.has[dimension]
            ? field(dimension).indexOf(PREFERRED_VALUES[dimension] ?? 0)
            : 0,
      ),
    ]),
  );

  const headers = new Map(
    SHAPES.map((shape): [Shape, Pick<Shape, "headerBytes">[]] => {
      const partition = field(presentField(shape));
      const distinct = new Map<string, Pick<Shape, "headerBytes">>();
      return [
        shape,
        Array.from({ length: partition.size }, (_, index) => {
          const headerBytes = headerBytesBetween(shape, partition.first(index), partition.last(index));
          const key = JSON.stringify(headerBytes);
          const known = distinct.get(key) ?? { headerBytes };
          distinct.set(key, known);
          return known;
        }),
      ];
    }),
  );

  const boxOf = (match: MatchIr, shape: Shape): Box | null => {
    const { fragment } = match.fields;
    if (fragment && !includes(fragment, shape.fragment)) return null;
    const full = fullBox(shape);
    const dimensions: number[] = [];
    const masks: Mask[] = [];
    for (const [index, dimension] of DIMENSIONS.entries()) {
      let mask: Mask;
      if (dimension === "source" || dimension === "destination") {
        const set = match[dimension];
        if (set === null) continue;
        mask = addresses(dimension, shape.family).maskOf(set);
      } else {
        const values = match.fields[dimension];
        if (values === undefined) continue;
        // A field that the packet does not have matches no rule that names it, negated or not.
        if (!shape.has[dimension]) return null;
        mask = field(dimension).maskOf(values);
        // Of payload values every one has a packet, and masks may be long.
        if (dimension !== "payload") mask = and(mask, full[index]!);
      }
      if (isZero(mask)) return null;
      if (isSubset(full[index]!, mask)) continue;
      dimensions.push(index);
      masks.push(mask);
    }
    return { dimensions, masks };
  };
  const boxes = new Map<MatchIr, readonly (Box | null)[]>();

  return {
    addresses,
    field,
    fullBox,
    payload,
    payloadTests,
    headers: (shape, presentClass) => headers.get(shape)![presentClass]!,
    preferred: (shape) => preferred.get(shape)!,
    boxesOf(match) {
      let found = boxes.get(match);
      if (!found) {
        found = SHAPES.map((shape) => boxOf(match, shape));
        boxes.set(match, found);
      }
      return found;
    },
  };
}

/** False where the two boxes, of one shape, have no packet in common. */
export function boxesMeet(a: Box, b: Box): boolean {
  for (const [at, dimension] of a.dimensions.entries()) {
    const other = b.dimensions.indexOf(dimension);
    if (other >= 0 && !overlaps(a.masks[at]!, b.masks[other]!)) return false;
  }
  return true;
}

/** The part of a full box that is in `box`; null where they have no packet in common. */
export function narrow(full: FullBox, box: Box): FullBox | null {
  const result = [...full];
  for (const [at, dimension] of box.dimensions.entries()) {
    const mask = and(result[dimension]!, box.masks[at]!);
    if (isZero(mask)) return null;
    result[dimension] = mask;
  }
  return result;
}
