// docs/SEMANTICS.md §4, "Payload": each test at the edges of its bytes, judged by the kernel and by the evaluator's parser.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PayloadTest, payloadBit } from "../../src/ir/payload.ts";
import { buildPacket, padTo } from "../../src/packet/build.ts";
import { parsePacket } from "../../src/packet/parse.ts";
import type { PacketSpec } from "../../src/packet/spec.ts";
import { buildObject, Filter } from "./harness.ts";

const V4 = { source: "198.51.100.7", destination: "203.0.113.5" };
const V6 = { source: "2001:db8::7", destination: "2001:db8::5" };
const UDP = { udp: { sourcePort: 40_000, destinationPort: 53 } };
const hex = (text: string) => [...Buffer.from(text, "hex")];
const ones = (bytes: number) => Array<number>(bytes).fill(0xff);

const TESTS: readonly PayloadTest[] = [
  { offset: 0, mask: ones(1), value: hex("ff") },
  { offset: 0, mask: ones(8), value: hex("0123456789abcdef") },
  { offset: 4, mask: ones(3), value: hex("89abcd") },
  { offset: 1, mask: hex("f00f"), value: hex("2006") },
  { offset: 2040, mask: ones(8), value: hex("1122334455667788") },
  { offset: 7, mask: ones(1), value: hex("00") },
];
/** The bits that the kernel has no rule for here. */
const LOWEST = payloadBit(TESTS.length - 1);

let filter: Filter;
beforeAll(() => {
  buildObject();
  const any = Array.from({ length: TESTS.length }, (_, test) => {
    const bit = payloadBit(test);
    const ranges: [number, number][] = [];
    for (let first = bit; first < 65_536; first += 2 * bit) ranges.push([first, first + bit - 1]);
    return ranges;
  });
  filter = new Filter({
    rules: [...any, [[0, 65_535] as const]].map((payload, i) => ({
      id: BigInt(i + 1),
      action: "drop",
      shadow: true,
      fields: { payload },
    })),
    payloadTests: TESTS,
    defaultVerdict: "pass",
  });
});
afterAll(() => filter?.close());

/** Indexes of the tests that hold, as the kernel and the parser say, which agree, or it throws; null: there is no payload. */
function held(spec: PacketSpec | Uint8Array): number[] | null {
  const frame = spec instanceof Uint8Array ? spec : buildPacket(spec);
  const before = filter.counters();
  expect(filter.run(frame)).toMatchObject({ reason: "default" });
  const after = filter.counters();
  const hit = (slot: number) => after[`${slot} decided`]?.packets !== before[`${slot} decided`]?.packets;
  const found = hit(TESTS.length) ? TESTS.flatMap((_, index) => (hit(index) ? [index] : [])) : null;
  const parsed = parsePacket(frame, TESTS);
  if (parsed.kind !== "packet") throw new Error("does not parse");
  const value = found && found.reduce((bits, index) => bits | payloadBit(index), 0);
  expect(parsed.fields.payload).toBe(value);
  expect((value ?? 0) % LOWEST).toBe(0);
  return found;
}
const udp = (payload: readonly number[], more: Partial<PacketSpec> = {}) =>
  held({ ipv4: V4, ...UDP, payload: Uint8Array.from(payload), ...more });

describe("payload bytes", () => {
  test("one byte: there, another, and missing", () => {
    expect(udp([0xff])).toEqual([0]);
    expect(udp([0xfe])).toEqual([]);
    expect(udp([])).toEqual([]);
  });

  test("eight bytes: all of them, one bit off in each, and one byte short", () => {
    const whole = hex("0123456789abcdef");
    expect(udp(whole)).toEqual([1, 2]);
    for (let byte = 0; byte < 8; byte++) {
      const off = whole.with(byte, whole[byte]! ^ 0x10);
      expect(udp(off)).not.toContain(1);
    }
    expect(udp(whole.slice(0, 7))).toEqual([2]);
  });

  test("three bytes at 4: to the byte, and never padding", () => {
    expect(udp(hex("0000000089abcd"))).toEqual([2]);
    expect(udp(hex("0000000089ab"))).toEqual([]);
    const short = buildPacket({ ipv4: V4, ...UDP, payload: Uint8Array.from(hex("0000000089ab")) });
    const padded = padTo(short, 60);
    padded[short.length] = 0xcd;
    expect(held(padded)).toEqual([]);
  });

  test("a mask leaves the other bits free", () => {
    expect(udp(hex("002006"))).toEqual([3]);
    expect(udp(hex("002ff6"))).toEqual([3]);
    expect(udp(hex("003006"))).toEqual([]);
    expect(udp(hex("002007"))).toEqual([]);
  });

  test("a value of zeros is a value: a payload without the byte does not have it", () => {
    expect(udp(hex("0000000000000000"))).toEqual([5]);
    expect(udp(hex("00000000000000"))).toEqual([]);
  });

  test("the furthest bytes that can be asked for", () => {
    const payload = [...Array<number>(2040).fill(1), ...hex("1122334455667788")];
    expect(udp(payload)).toEqual([4]);
    expect(udp(payload.slice(0, -1))).toEqual([]);
    expect(udp([0, ...payload])).toEqual([]);
  });

  test.each([
    ["TCP with options", { tcp: { sourcePort: 1, destinationPort: 2, options: new Uint8Array(40) } }],
    ["ICMP", { icmp: { type: 8 } }],
    ["a protocol without a header here", { protocol: 47 }],
  ] as const)("of %s begin behind its header", (_name, l4) => {
    expect(held({ ipv4: V4, ...l4, payload: Uint8Array.from(hex("0123456789abcdef")) })).toEqual([1, 2]);
  });

  test("behind VLAN tags, IPv4 options and IPv6 extension headers", () => {
    const payload = Uint8Array.from(hex("0123456789abcdef"));
    expect(held({ vlan: [1, 2], ipv4: { ...V4, options: new Uint8Array(40) }, ...UDP, payload })).toEqual([
      1, 2,
    ]);
    const extensions = [{ kind: "hop-by-hop", body: new Uint8Array(254) }, { kind: "fragment" }] as const;
    expect(held({ ipv6: { ...V6, extensions }, ...UDP, payload })).toEqual([1, 2]);
  });

  test("a first fragment has what it carries; a later one has none, whatever it carries", () => {
    const payload = Uint8Array.from(hex("0123456789abcdef"));
    const udp = { udp: { ...UDP.udp, length: 1000 } };
    expect(held({ ipv4: { ...V4, moreFragments: true }, ...udp, payload })).toEqual([1, 2]);
    expect(held({ ipv4: { ...V4, fragmentOffset: 8 }, protocol: 17, payload })).toBe(null);
    expect(
      held({ ipv6: { ...V6, extensions: [{ kind: "fragment", offset: 8 }] }, protocol: 17, payload }),
    ).toBe(null);
  });
});
