// The edges of a fleet to packets: whole ones of every shape by fast-check, and sequences that repeat, vary and damage
// them. Frames have 0 bytes up to those of the longest IP packet; of long ones the headers alone are shown to the kernel.

import fc from "fast-check";
import { TESTABLE_FRAME_BYTES } from "../../src/compiler/cells/space.ts";
import { formatAddress } from "../../src/ir/prefix.ts";
import { buildPacket } from "../../src/packet/build.ts";
import { parsePacket } from "../../src/packet/parse.ts";
import type { ExtensionSpec, PacketSpec } from "../../src/packet/spec.ts";
import type { Edges } from "./edges.ts";
import { L3_LENGTHS, PAYLOAD_ALPHABET, PORTS } from "./fleets.ts";
import type { Random } from "./random.ts";
import type { Step } from "./step.ts";

/** Long after 0, which is the state of a limit that was never seen. */
const START_NS = 1_000_000_000n;
/** 25 years: the clock of 1/16 ns goes round after 36. */
const LAST_NS = 25n * 365n * 86_400n * 1_000_000_000n;

const MAC_BYTES = 12;
const ETHERNET_BYTES = 14;
const TAG_BYTES = 4;
const IPV6_BYTES = 40;
const LENGTH_MAX = 65_535;
const UDP = 17;
const FRAGMENT_HEADER = 44;

// ---- Shapes ----------------------------------------------------------------------------------------------------------

const sometimes = <T>(value: fc.Arbitrary<T>, percent: number): fc.Arbitrary<T | undefined> =>
  fc.oneof(
    { weight: 100 - percent, arbitrary: fc.constant(undefined) },
    { weight: percent, arbitrary: value },
  );

const optionsExtension = fc.record({
  kind: fc.constantFrom(
    ...([
      "hop-by-hop",
      "routing",
      "destination-options",
      "authentication",
      "mobility",
      "hip",
      "shim6",
    ] as const),
  ),
  body: sometimes(
    fc.constantFrom(6, 14, 22, 62).map((bytes) => new Uint8Array(bytes)),
    20,
  ),
  lengthByte: sometimes(fc.constantFrom(0, 1, 2, 255), 4),
});
const offsets = fc.constantFrom(0, 0, 8, 16, 1480, 65_528);
const fragmentExtension = fc.record({
  kind: fc.constant("fragment" as const),
  offset: offsets,
  more: fc.boolean(),
});
const extensions = fc.array(
  fc.oneof({ weight: 5, arbitrary: optionsExtension }, { weight: 2, arbitrary: fragmentExtension }),
  { maxLength: 9 },
) as fc.Arbitrary<ExtensionSpec[]>;

/** Pieces of IPv4 options: right ones, padding, and lengths that are missing, too small or too large. */
const OPTIONS: readonly (readonly number[])[] = [
  [0],
  [1],
  [7, 7, 4, 0, 0, 0, 0],
  [68, 8, 5, 0, 0, 0, 0, 0],
  [131, 3, 4],
  [137, 3, 4],
  [148, 4, 0, 0],
  [20, 4, 0, 0],
  [130, 2],
  [222, 255],
  [7, 0],
  [68, 1],
  [131],
];
const OPTIONS_MOST = 40;
const options4 = fc
  .array(fc.constantFrom(...OPTIONS), { minLength: 1, maxLength: 8 })
  .map((pieces) => Uint8Array.from(pieces.flat().slice(0, OPTIONS_MOST)));

/** `undefined` is no property here: exact optional properties, and builders that look for a property's presence. */
function given<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}

/** Whole packets, right ones and ones that are wrong in one field, with values at the edges of the fleet. */
export function shapes(edges: Edges): fc.Arbitrary<Uint8Array> {
  const of = (name: keyof Edges["fields"], more: readonly number[] = []) =>
    fc.constantFrom(...edges.fields[name], ...more);
  const v4 = fc.constantFrom(...edges.v4.map((value) => formatAddress(4, BigInt(value))));
  const v6 = fc.constantFrom(...edges.v6.map((value) => formatAddress(6, value)));
  const ports = { sourcePort: of("sourcePort", PORTS), destinationPort: of("destinationPort", PORTS) };
  const icmp = fc.record({ value: of("icmp", [133 << 8, 137 << 8, 138 << 8]) }).map(({ value }) => ({
    type: value >> 8,
    code: value & 0xff,
  }));
  const layer4 = fc.oneof(
    fc
      .record({ ...ports, flags: of("tcpFlags", [2, 16, 18]), dataOffset: sometimes(fc.nat(15), 5) })
      .map((tcp) => ({ tcp: given(tcp) })),
    fc.record({ ...ports, length: sometimes(fc.constantFrom(0, 7, 8, 9, 65_535), 5) }).map((udp) => ({
      udp: given(udp),
    })),
    icmp.map((icmp) => ({ icmp })),
    icmp.map((icmpv6) => ({ icmpv6 })),
    of("protocol", [47, 50, 59]).map((protocol) => ({ protocol })),
  );
  const ipv4 = fc.record({
    source: v4,
    destination: v4,
    ttl: of("ttl", [64, 255]),
    dscp: of("dscp"),
    ecn: fc.nat(3),
    dontFragment: fc.boolean(),
    options: sometimes(options4, 15),
    moreFragments: sometimes(fc.boolean(), 15),
    fragmentOffset: sometimes(offsets, 12),
    ihl: sometimes(fc.nat(15), 2),
    totalLength: sometimes(fc.constantFrom(0, 19, 20, 27, 28, 65_535), 3),
    version: sometimes(fc.nat(15), 1),
  });
  const ipv6 = fc.record({
    source: v6,
    destination: v6,
    hopLimit: of("ttl", [64, 255]),
    dscp: of("dscp"),
    ecn: fc.nat(3),
    flowLabel: fc.constantFrom(0, 0xfffff),
    extensions: sometimes(extensions, 30),
    payloadLength: sometimes(fc.constantFrom(0, 1, 7, 8, 65_535), 3),
    version: sometimes(fc.nat(15), 1),
  });
  const layer3 = fc.oneof(
    ipv4.map((one) => ({ ipv4: given(one) })),
    ipv6.map((one) => ({ ipv6: given(one) })),
  );
  const size = fc.oneof(
    of("payloadLength", [0, 1, 12, 100]).map((payloadBytes) => ({
      payloadBytes: Math.min(payloadBytes, 1600),
    })),
    of("l3Length", L3_LENGTHS).map((lengthBytes) => ({ lengthBytes: Math.min(lengthBytes, 1600) })),
  );
  const contents = sometimes(fc.array(fc.constantFrom(...PAYLOAD_ALPHABET), { maxLength: 48 }), 40);
  const tag = fc.record({
    id: of("vlan"),
    priority: fc.constantFrom(0, 7),
    type: fc.constantFrom(0x8100, 0x88a8),
  });
  const tags = fc.oneof(
    { weight: 85, arbitrary: fc.constant(undefined) },
    { weight: 14, arbitrary: fc.array(tag, { minLength: 1, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.array(tag, { minLength: 3, maxLength: 3 }) },
  );
  const ip = fc.tuple(layer3, layer4, size, tags, contents).map(([layer3, layer4, size, vlan, contents]) => {
    const spec: PacketSpec = given({ ...layer3, ...layer4, vlan } as PacketSpec);
    return filled(build({ ...spec, ...size }), contents ?? []);
  });
  const arp = fc.record({ arp: fc.constant({ sender: "10.0.0.1", target: "10.0.0.2" }), vlan: tags });
  const other = fc.record({
    ethernet: fc.record({ type: fc.constantFrom(0x88cc, 0x0801, 0x05ff, 0xffff) }),
    payloadBytes: fc.nat(60),
  });
  return fc.oneof(
    { weight: 80, arbitrary: ip },
    { weight: 1, arbitrary: arp.map((spec) => build(given(spec) as PacketSpec)) },
    { weight: 1, arbitrary: other.map(build) },
  );
}

/** With these bytes first in its payload, as far as it has one. */
function filled(frame: Uint8Array, contents: readonly number[]): Uint8Array {
  const packet = parsePacket(frame);
  if (packet.kind !== "packet" || packet.fields.payloadLength === null) return frame;
  frame.set(contents.slice(0, packet.fields.payloadLength), packet.l3End - packet.fields.payloadLength);
  return frame;
}

/** A length that the headers alone exceed is taken for the payload's: the packet is then as short as it can be. */
function build(spec: PacketSpec): Uint8Array {
  const { lengthBytes, ...rest } = spec;
  if (lengthBytes === undefined) return buildPacket(spec);
  const headers = buildPacket(rest).length - ETHERNET_BYTES - TAG_BYTES * (spec.vlan?.length ?? 0);
  return buildPacket({ ...rest, payloadBytes: Math.max(0, lengthBytes - headers) });
}

// ---- Sequences -------------------------------------------------------------------------------------------------------

/**
 * `count` steps in time, packets nearly all. Limits are reached by packets that come again at once or after a wait that the fleet's limits and
 * blocks know; rules are told apart by one field changed to an edge; parsers by damage.
 */
export function sequence(bases: readonly Uint8Array[], edges: Edges, count: number, random: Random): Step[] {
  const steps: Step[] = [];
  let atNs = START_NS;
  let last = random.pick(bases);
  while (steps.length < count) {
    const kind = random.below(10);
    if (kind >= 2) last = random.pick(bases); // else once more
    let frame = last;
    if (kind >= 5) frame = vary(frame, edges, random);
    if (kind === 9) frame = damage(frame, random);
    if (frame.length > TESTABLE_FRAME_BYTES) frame = frame.subarray(0, TESTABLE_FRAME_BYTES);
    if (random.chance(0.02)) {
      frame = grow(frame, edges, random);
      if (random.chance(0.3)) frame = frame.subarray(0, Math.max(0, frame.length - 1 - random.below(2)));
    }
    if (random.chance(0.4) && atNs < LAST_NS) atNs += random.pick(edges.waits);
    if (random.chance(0.004)) steps.push(...operate(frame, atNs + random.pick(edges.waits), random));
    steps.push({ frame, atNs });
  }
  return steps;
}

/** An operator blocks or unblocks the source of the packet that comes next. */
function operate(frame: Uint8Array, untilNs: bigint, random: Random): Step[] {
  const packet = parsePacket(frame);
  if (packet.kind !== "packet") return [];
  const source = formatAddress(packet.family, packet.source);
  return [{ source, blockUntilNs: random.chance(0.3) ? null : untilNs }];
}

/** One to three fields of a packet that parses, each set to an edge; lengths stay as they are. */
function vary(base: Uint8Array, edges: Edges, random: Random): Uint8Array {
  const packet = parsePacket(base);
  const frame = Uint8Array.from(base);
  if (packet.kind !== "packet") return frame;
  const { l3Offset: l3, l4Offset: l4, family } = packet;
  const view = new DataView(frame.buffer);
  const hasPorts = packet.fields.sourcePort !== null;
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    switch (random.below(10)) {
      case 0:
      case 1:
      case 2:
        if (family === 4) view.setUint32(l3 + 12, random.pick(edges.v4));
        else setAddress6(view, l3 + 8, random.pick(edges.v6));
        break;
      case 3:
      case 4:
        if (family === 4) view.setUint32(l3 + 16, random.pick(edges.v4));
        else setAddress6(view, l3 + 24, random.pick(edges.v6));
        break;
      case 5:
        if (hasPorts) view.setUint16(l4, random.pick(edges.fields.sourcePort));
        break;
      case 6:
        if (hasPorts) view.setUint16(l4 + 2, random.pick(edges.fields.destinationPort));
        else if (packet.fields.icmp !== null) view.setUint16(l4, random.pick(edges.fields.icmp));
        break;
      case 7:
        frame[l3 + (family === 4 ? 8 : 7)] = random.pick(edges.fields.ttl);
        break;
      case 8: // bits that are reserved, and mean nothing: in the flags of IPv4, and in a fragment header of IPv6
        if (family === 4) frame[l3 + 6]! ^= 0x80;
        else if (frame[l3 + 6] === FRAGMENT_HEADER) frame[l3 + 43]! ^= 2 << random.below(2);
        break;
      default:
        if (packet.fields.tcpFlags !== null) frame[l4 + 13] = random.pick(edges.fields.tcpFlags);
        else if (family === 4) frame[l3 + 9] = random.pick(edges.fields.protocol);
        else if (l4 === l3 + 40) frame[l3 + 6] = random.pick(edges.fields.protocol);
    }
  }
  return frame;
}

function setAddress6(view: DataView, at: number, value: bigint): void {
  view.setBigUint64(at, value >> 64n);
  view.setBigUint64(at + 8, BigInt.asUintN(64, value));
}

/** Longer than a link carries, as offloads make them: the L3 length is an edge or the greatest there is. */
function grow(base: Uint8Array, edges: Edges, random: Random): Uint8Array {
  const packet = parsePacket(base);
  if (packet.kind !== "packet" || packet.l4Offset > TESTABLE_FRAME_BYTES / 2) return base;
  const { l3Offset: l3, l4Offset: l4, family } = packet;
  // A payload length of 65,535 makes 65,575 bytes, and an L3 length of 65,535 all the same.
  const longest = family === 4 ? LENGTH_MAX : IPV6_BYTES + LENGTH_MAX;
  const lengths = edges.fields.l3Length.filter((bytes) => bytes > base.length - l3);
  const l3Bytes = lengths.length > 0 && random.chance(0.7) ? random.pick(lengths) : longest - random.below(3);
  const frame = new Uint8Array(l3 + l3Bytes);
  frame.set(base.subarray(0, frame.length));
  const view = new DataView(frame.buffer);
  if (family === 4) view.setUint16(l3 + 2, l3Bytes);
  else view.setUint16(l3 + 4, l3Bytes - IPV6_BYTES);
  if (packet.fields.protocol === UDP && packet.fields.sourcePort !== null)
    view.setUint16(l4 + 4, Math.min(LENGTH_MAX, frame.length - l4));
  return frame;
}

/** Bytes changed in the headers, the end cut off, or bytes after it. */
function damage(base: Uint8Array, random: Random): Uint8Array {
  switch (random.below(3)) {
    case 0: {
      const frame = Uint8Array.from(base);
      const reach = Math.min(frame.length, 110) - MAC_BYTES;
      for (let bytes = 1 + random.below(3); bytes > 0; bytes--)
        frame[MAC_BYTES + random.below(reach)] = random.chance(0.5)
          ? random.below(256)
          : frame[MAC_BYTES + random.below(reach)]!;
      return frame;
    }
    case 1:
      return base.subarray(
        0,
        random.chance(0.5) ? random.below(base.length) : base.length - 1 - random.below(3),
      );
    default: {
      const frame = new Uint8Array(base.length + 1 + random.below(30));
      frame.set(base);
      return frame;
    }
  }
}
