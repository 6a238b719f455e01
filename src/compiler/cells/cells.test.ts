// The box algebra against the plain meaning of a match: for random matches on few values, findPacket() says what trying
// every packet of that small world says.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contains, union } from "../../ir/address-set.ts";
import { FIELD_NAMES, type MatchIr } from "../../ir/nodes.ts";
import { parseAddress } from "../../ir/prefix.ts";
import { includes } from "../../ir/ranges.ts";
import { parsePacket } from "../../packet/parse.ts";
import { addresses, type MatchText, match } from "../checks/fleet-fixture.ts";
import { partitionAddresses } from "./address-partition.ts";
import { frameOf } from "./frame.ts";
import { headerBytesBetween, headerBytesWith, possiblePresent } from "./headers.ts";
import { hasBit, nextBit } from "./mask.ts";
import { type Point, pointOf } from "./point.ts";
import { findPacket, Region } from "./region.ts";
import { Budget } from "./search.ts";
import { SHAPES, shortestHeaders } from "./shapes.ts";
import { createSpace } from "./space.ts";

function holds(
  rule: MatchIr,
  { family, source, destination, fields }: Pick<Point, "family" | "source" | "destination" | "fields">,
) {
  if (rule.source && !contains(rule.source, family, source)) return false;
  if (rule.destination && !contains(rule.destination, family, destination)) return false;
  return FIELD_NAMES.every((name) => {
    const wanted = rule.fields[name];
    const value = fields[name];
    return wanted === undefined || (value !== null && includes(wanted, value));
  });
}

const plenty = () => [new Budget(10_000_000)];

// A small world: values at the edges of what the matches below name.
const PREFIXES = [
  "10.0.0.0/8",
  "10.0.0.0/9",
  "10.1.0.0/16",
  "2001:db8::/32",
  "2001:db8::/33",
  "0.0.0.0/0",
  "::/0",
];
const ADDRESSES = [
  "9.255.255.255",
  "10.0.0.0",
  "10.1.0.0",
  "10.128.0.0",
  "11.0.0.0",
  "2001:db8::",
  "2001:db8:8000::",
  "2001:db9::",
];
const LENGTHS = [20, 28, 32, 40, 48, 60, 100, 101];
const values = (...list: number[]) =>
  fc.uniqueArray(fc.constantFrom(...list), { minLength: 1, maxLength: 3 });
const maybeNot = <T>(of: fc.Arbitrary<T>) =>
  fc.oneof(
    of,
    of.map((not) => ({ not })),
  );
const sides = maybeNot(fc.uniqueArray(fc.constantFrom(...PREFIXES), { minLength: 1, maxLength: 2 }));
const lengths = fc
  .tuple(fc.constantFrom(...LENGTHS), fc.constantFrom(...LENGTHS))
  .map(([a, b]) => [[Math.min(a, b), Math.max(a, b)] as const]);
const arbitraryMatch: fc.Arbitrary<MatchText> = fc.record(
  {
    source: sides,
    destination: sides,
    protocol: maybeNot(values(1, 6, 17, 43, 47, 58)),
    destinationPort: maybeNot(values(0, 53, 54)),
    tcpFlags: values(0, 2, 18),
    icmp: values(0, 2048),
    fragment: values(0, 1, 2),
    ttl: maybeNot(values(64, 255)),
    vlan: maybeNot(values(0, 7)),
    l3Length: lengths,
    payloadLength: lengths,
    ipv4Options: maybeNot(values(0, 1, 3, 0x43)),
    ipv6Extensions: maybeNot(values(0, 1, 4, 5, 0x10)),
  },
  { requiredKeys: [] },
);

/** Every packet that differs in what the matches can tell apart. */
function* world(): Generator<Point> {
  for (const shape of SHAPES)
    for (const protocol of [1, 6, 17, 43, 47, 58]) {
      if (!includes(shape.protocols, protocol)) continue;
      const own = ADDRESSES.map((text) => parseAddress(text)!).filter(
        ({ family }) => family === shape.family,
      );
      for (const { value: source } of own)
        for (const { value: destination } of own)
          for (const port of shape.has.destinationPort ? [0, 53, 54, 55] : [null])
            for (const flags of shape.has.tcpFlags ? [0, 2, 18, 16] : [null])
              for (const icmp of shape.has.icmp ? [0, 2048, 2049] : [null])
                for (const vlan of [null, 0, 7, 8])
                  for (const present of shape.family === 4 ? [0, 1, 3, 5, 0x43] : [0, 1, 4, 5, 0x10]) {
                    const headers = headerBytesWith(shape, present)[0];
                    if (!headers) continue;
                    yield {
                      shape,
                      family: shape.family,
                      source,
                      destination,
                      headerBytes: 0,
                      payload: new Uint8Array(0),
                      fields: {
                        protocol,
                        sourcePort: port,
                        destinationPort: port,
                        tcpFlags: flags,
                        icmp,
                        fragment: shape.fragment,
                        ttl: 64,
                        dscp: 0,
                        vlan,
                        l3Length: 1000,
                        payloadLength: shape.has.payloadLength ? 1000 - headers.first : null,
                        ipv4Options: shape.family === 4 ? present : null,
                        ipv6Extensions: shape.family === 6 ? present : null,
                        payload: shape.has.payload ? 0 : null,
                      },
                    };
                  }
    }
}

describe("findPacket", () => {
  test("a packet that it finds is in the match and in no cover; its frame parses back to it", () => {
    fc.assert(
      fc.property(arbitraryMatch, fc.array(arbitraryMatch, { maxLength: 5 }), (text, others) => {
        const inside = match(text);
        const covers = others.map((other) => match(other));
        const space = createSpace([inside, ...covers]);
        const region = new Region<MatchIr>(space);
        for (const cover of covers) region.add(cover, cover);
        const result = findPacket(space, [inside], [region], plenty());
        if (result.kind !== "found") return;
        const point = pointOf(space, result.cell);
        expect(holds(inside, point)).toBe(true);
        expect(covers.some((cover) => holds(cover, point))).toBe(false);
        const frame = frameOf(point);
        expect(frame).not.toBeNull();
        const { family, source, destination, fields } = point;
        expect(parsePacket(frame!)).toMatchObject({ kind: "packet", family, source, destination, fields });
      }),
      { numRuns: 500 },
    );
  });

  test("where it says covered, no packet of a small world is left, and the rules that it names do it", () => {
    const packets = [...world()];
    let covered = 0;
    fc.assert(
      fc.property(
        arbitraryMatch,
        fc.array(arbitraryMatch, { minLength: 1, maxLength: 8 }),
        (text, others) => {
          const inside = match(text);
          const covers = others.map((other) => match(other));
          const space = createSpace([inside, ...covers]);
          const region = new Region<MatchIr>(space);
          for (const cover of covers) region.add(cover, cover);
          const result = findPacket(space, [inside], [region], plenty());
          if (result.kind !== "covered") return;
          covered++;
          const by = [...result.by];
          const left = packets.find(
            (packet) => holds(inside, packet) && !by.some((cover) => holds(cover, packet)),
          );
          expect(left).toBeUndefined();
        },
      ),
      { numRuns: 300 },
    );
    expect(covered).toBeGreaterThan(20);
  });

  test("a budget that is too small is told, not guessed", () => {
    const inside = match({});
    const covers = [
      match({ destinationPort: [[0, 9]] }),
      match({ protocol: 17 }),
      match({ protocol: { not: 17 } }),
    ];
    const space = createSpace([inside, ...covers]);
    const region = new Region<MatchIr>(space);
    for (const cover of covers) region.add(cover, cover);
    expect(findPacket(space, [inside], [region], [new Budget(8)]).kind).toBe("too-hard");
    expect(findPacket(space, [inside], [region], plenty()).kind).toBe("covered");
  });

  test.each([
    ["any link carries it", { l3Length: [[1400, 9000]] }, 1400],
    ["the longest that any link carries", { l3Length: [[1500, 9000]] }, 1500],
    ["a BPF test-run takes it", { l3Length: [[1501, 9000]] }, 1501],
    ["no test-run takes it", { l3Length: [[3481, 9000]] }, 3481],
  ] as const)("%s", (_, text, expected) => {
    const inside = match(text);
    const space = createSpace([inside]);
    const result = findPacket(space, [inside], [new Region(space)], plenty());
    expect(result.kind === "found" && pointOf(space, result.cell).fields.l3Length).toBe(expected);
  });

  test("a shorter packet is preferred to one of the first shape", () => {
    const inside = match({ l3Length: [[100, 9000]] });
    const tcp = match({ protocol: 6, l3Length: [[0, 1500]] });
    const space = createSpace([inside, tcp]);
    const region = new Region(space);
    region.add(tcp, "tcp");
    const result = findPacket(space, [inside], [region], plenty());
    const point = result.kind === "found" ? pointOf(space, result.cell) : null;
    expect([point?.shape.name, point?.fields.l3Length]).toEqual(["IPv4, udp", 100]);
  });
});

describe("partitionAddresses", () => {
  const ranges = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 1, max: 20 })), { maxLength: 12 })
    .map((pairs) =>
      pairs.map(([at, length]) => ({
        family: 4 as const,
        first: BigInt(at),
        last: BigInt(at + length - 1),
        length: 0,
      })),
    );

  test("an address is in a set exactly where its class is", () => {
    fc.assert(
      fc.property(fc.array(ranges, { maxLength: 5 }), (lists) => {
        const sets = lists.map((list) => ({ v4: joined(list), v6: [] }));
        const partition = partitionAddresses(sets, 4, [50n]);
        const signatures = new Map<string, number>();
        for (let index = 0; index < partition.size; index++) {
          const { first, last, preferred } = partition.sample(index);
          expect(first <= preferred && preferred <= last).toBe(true);
          const wrong = sets.filter((set) =>
            [first, last, preferred].some(
              (value) => contains(set, 4, value) !== hasBit(partition.maskOf(set), index),
            ),
          );
          expect(wrong).toEqual([]);
          signatures.set(sets.map((set) => hasBit(partition.maskOf(set), index)).join(), index);
        }
        expect(signatures.size).toBe(partition.size);
        // Every combination that an address has is a class.
        const values = Array.from({ length: 200 }, (_, value) => BigInt(value));
        const without = values.filter(
          (value) => !signatures.has(sets.map((set) => contains(set, 4, value)).join()),
        );
        expect(without).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  function joined(list: readonly { first: bigint; last: bigint }[]): Uint32Array {
    return list
      .map(({ first, last }) => ({ v4: Uint32Array.of(Number(first), Number(last)), v6: [] }))
      .reduce((all, one) => union(all, one), {
        v4: new Uint32Array(0),
        v6: [] as readonly bigint[],
      } as ReturnType<typeof union>).v4;
  }

  test("the preferred address is the landmark where a class has one", () => {
    const set = addresses("10.0.0.0/8");
    const partition = partitionAddresses([set], 4, [parseAddress("198.51.100.7")!.value]);
    const outside = nextBit(partition.all, 0);
    expect(partition.size).toBe(2);
    expect(partition.sample(outside).preferred).toBe(parseAddress("198.51.100.7")!.value);
    expect(partition.preferred).toBe(outside);
  });
});

describe("shortestHeaders", () => {
  const shape = (name: string) => SHAPES.find((one) => one.name === name)!;
  test.each([
    ["IPv4, udp", 0, 28],
    ["IPv4, udp", 29, 32],
    ["IPv4, udp", 68, 68],
    ["IPv4, udp", 69, null],
    ["IPv4, tcp", 0, 40],
    ["IPv4, tcp", 120, 120],
    ["IPv4, tcp", 121, null],
    ["IPv6, udp", 0, 48],
    ["IPv6, udp", 49, 56], // the shortest extension header is 8 bytes
    ["IPv6, udp", 57, 60], // an authentication header of 12 bytes
    ["IPv6, tcp", 61, 64],
    ["IPv6, first fragment, udp", 0, 56],
    ["IPv4, later fragment", 0, 20],
    ["IPv6, later fragment", 0, 48],
  ] as const)("%s from %i bytes on: %s", (name, least, expected) => {
    expect(shortestHeaders(shape(name), least, 65_535)).toBe(expected);
  });
});

describe("headers", () => {
  test("every sum of header bytes of a shape goes with some options or extension headers, and no other does", () => {
    const wrong: (readonly [shape: string, bytes: number])[] = [];
    for (const shape of SHAPES) {
      const all = headerBytesBetween(shape, 0, 254).concat(headerBytesWith(shape, 255));
      for (let bytes = 0; bytes <= 20_000; bytes++)
        if (shortestHeaders({ headerBytes: all }, bytes, bytes) !== shortestHeaders(shape, bytes, bytes))
          wrong.push([shape.name, bytes]);
    }
    expect(wrong).toEqual([]);
  });

  test("IPv4 options without the bit that says there are any, and IPv6 fragments without their header, are no packet", () => {
    const shape = (name: string) => SHAPES.find((one) => one.name === name)!;
    expect([0, 1, 2, 3].map((value) => includes(possiblePresent(shape("IPv4, udp")), value))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(
      [0, 3, 4, 7].map((value) => includes(possiblePresent(shape("IPv6, later fragment")), value)),
    ).toEqual([false, false, true, true]);
  });

  test.each([
    ["IPv4, udp", 0x01, 32],
    ["IPv4, udp", 0x03, 32],
    ["IPv4, udp", 0x07, 32],
    ["IPv4, udp", 0x0f, 36],
    ["IPv4, udp", 0x43, 32],
    ["IPv4, udp", 0xff, 44],
    ["IPv6, udp", 0x01, 56],
    ["IPv6, udp", 0x04, 56],
    ["IPv6, udp", 0xff, 112],
    ["IPv6, first fragment, udp", 0xff, 112],
  ])("%s with bits %i is %i bytes of headers at least, and can be built", (name, present, least) => {
    const shape = SHAPES.find((one) => one.name === name)!;
    expect(headerBytesWith(shape, present)[0]!.first).toBe(least);
    // An atomic fragment's header alone can not grow.
    for (const headerBytes of present === 4 ? [least] : [least, least + 8]) {
      const fields = {
        protocol: 17,
        sourcePort: 1,
        destinationPort: 2,
        tcpFlags: null,
        icmp: null,
        fragment: shape.fragment,
        ttl: 64,
        dscp: 0,
        vlan: null,
        l3Length: headerBytes + 5,
        payloadLength: 5,
        ipv4Options: shape.family === 4 ? present : null,
        ipv6Extensions: shape.family === 6 ? present : null,
        payload: 0,
      };
      const point = {
        shape,
        family: shape.family,
        source: 0x0a000001n,
        destination: 0x0a000002n,
        fields,
        headerBytes,
        payload: new Uint8Array(0),
      };
      expect(parsePacket(frameOf(point)!)).toMatchObject({ fields });
    }
  });
});
