// docs/SEMANTICS.md §4 in the kernel: each field of a match at its edges, absent fields, the order of rules, and bit
// vectors of one word and of more.

import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPacket } from "../../src/packet/build.ts";
import type { ExtensionSpec, PacketSpec } from "../../src/packet/spec.ts";
import { describeKernel } from "../support/kernel.ts";
import { buildObject, byReason, byRule, Filter } from "./harness.ts";
import type { HandRule, Range } from "./tables.ts";

const V4 = { source: "198.51.100.7", destination: "203.0.113.5" };
const V6 = { source: "2001:db8::7", destination: "2001:db8::5" };

let open: Filter | null = null;
beforeAll(buildObject);
afterAll(() => open?.close());

/** A function that says whether the rule matches a packet. */
function matcher(match: Pick<HandRule, "fields" | "source" | "destination">) {
  open?.close();
  const filter = new Filter({ rules: [{ id: 7n, action: "drop", ...match }], defaultVerdict: "pass" });
  open = filter;
  return (spec: PacketSpec) => {
    const decision = filter.run(buildPacket(spec));
    if (decision.reason === "rule") expect(decision).toEqual(byRule("drop", 7n));
    else expect(decision).toEqual(byReason("pass", "default"));
    return decision.reason === "rule";
  };
}
const field = (name: keyof NonNullable<HandRule["fields"]>, ...ranges: Range[]) =>
  matcher({ fields: { [name]: ranges } });

const udp = (sourcePort: number, destinationPort: number): PacketSpec => ({
  ipv4: V4,
  udp: { sourcePort, destinationPort },
});
const fragment4 = (fragmentOffset: number, moreFragments: boolean, payloadBytes = 24): PacketSpec => ({
  ipv4: { ...V4, fragmentOffset, moreFragments },
  protocol: 17,
  payload:
    payloadBytes >= 8
      ? Uint8Array.from({ length: payloadBytes }, (_, i) => (i === 5 ? 8 : 0))
      : new Uint8Array(payloadBytes),
});
const fragment6 = (extension: Omit<Extract<ExtensionSpec, { kind: "fragment" }>, "kind">): PacketSpec => ({
  ipv6: { ...V6, extensions: [{ kind: "fragment", ...extension }] },
  protocol: 6,
  payload: Uint8Array.from({ length: 24 }, (_, i) => (i === 12 ? 0x50 : 0)),
});

describeKernel("fields", () => {
  test("protocol", () => {
    const matches = field("protocol", [6, 17]);
    const of = (protocol: number) =>
      matches({ ipv4: V4, protocol, payload: new Uint8Array(24).fill(0x50, 5, 13) });
    expect([5, 6, 17, 18].map((p) => (p === 17 ? matches(udp(1, 2)) : of(p)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(
      matches({
        ipv6: { ...V6, extensions: [{ kind: "routing" }] },
        udp: { sourcePort: 1, destinationPort: 2 },
      }),
    ).toBe(true);
    expect(matches(fragment4(8, false))).toBe(true);
    const ends = field("protocol", [0, 0], [255, 255]);
    expect(ends({ ipv4: V4, protocol: 0 })).toBe(true);
    expect(ends({ ipv4: V4, protocol: 255 })).toBe(true);
    expect(ends({ ipv4: V4, protocol: 254 })).toBe(false);
  });

  test.each(["sourcePort", "destinationPort"] as const)("%s", (name) => {
    const at = (port: number) => (name === "sourcePort" ? udp(port, 9) : udp(9, port));
    const matches = field(name, [1000, 2000]);
    expect([999, 1000, 2000, 2001].map((port) => matches(at(port)))).toEqual([false, true, true, false]);
    const ends = field(name, [0, 0], [65_535, 65_535]);
    expect([0, 1, 65_534, 65_535].map((port) => ends(at(port)))).toEqual([true, false, false, true]);
    const any = field(name, [0, 65_535]);
    expect(any({ ipv6: V6, tcp: { sourcePort: 1, destinationPort: 2 } })).toBe(true);
    expect(any(fragment4(0, true))).toBe(true);
    for (const none of [
      { ipv4: V4, icmp: { type: 8 } },
      { ipv4: V4, protocol: 47, payloadBytes: 8 },
      fragment4(8, true),
      fragment6({ offset: 8 }),
    ])
      expect(any(none)).toBe(false);
  });

  test("TCP flags: the whole of byte 13, of TCP alone", () => {
    const tcp = (flags: number): PacketSpec => ({
      ipv4: V4,
      tcp: { sourcePort: 1, destinationPort: 2, flags },
    });
    const syn = field("tcpFlags", [2, 2]);
    expect([0, 1, 2, 3, 0x12, 0x82].map((flags) => syn(tcp(flags)))).toEqual([
      false,
      false,
      true,
      false,
      false,
      false,
    ]);
    const any = field("tcpFlags", [0, 255]);
    expect([0, 255].map((flags) => any(tcp(flags)))).toEqual([true, true]);
    expect(any(udp(1, 2))).toBe(false);
    expect(any(fragment6({ more: true }))).toBe(true);
    expect(any(fragment6({ offset: 8 }))).toBe(false);
  });

  test("L3 length: IPv4 total length, IPv6 with its header, never padding", () => {
    const matches = field("l3Length", [100, 200]);
    for (const ip of [{ ipv4: V4 }, { ipv6: V6 }])
      expect([99, 100, 200, 201].map((lengthBytes) => matches({ ...ip, protocol: 47, lengthBytes }))).toEqual(
        [false, true, true, false],
      );
    expect(matches({ ipv4: { ...V4, totalLength: 99 }, protocol: 47, lengthBytes: 150 })).toBe(false);
    const smallest = field("l3Length", [20, 20]);
    expect(smallest({ ipv4: V4, protocol: 47 })).toBe(true);
    expect(field("l3Length", [1500, 1500])({ ipv6: V6, protocol: 47, lengthBytes: 1500 })).toBe(true);
  });

  test("ICMP type and code, each family's own", () => {
    const echo = field("icmp", [8 << 8, (8 << 8) | 0], [(128 << 8) | 1, (128 << 8) | 1]);
    const icmp = (type: number, code = 0): PacketSpec => ({ ipv4: V4, icmp: { type, code } });
    const icmpv6 = (type: number, code = 0): PacketSpec => ({ ipv6: V6, icmpv6: { type, code } });
    expect([icmp(8), icmp(8, 1), icmp(7, 255), icmp(9)].map(echo)).toEqual([true, false, false, false]);
    expect([icmpv6(128), icmpv6(128, 1), icmpv6(128, 2)].map(echo)).toEqual([false, true, false]);
    const any = field("icmp", [0, 65_535]);
    expect([icmp(0), icmp(255, 255), icmpv6(255, 255)].map(any)).toEqual([true, true, true]);
    expect(any(udp(1, 2))).toBe(false);
    expect(any({ ipv4: V4, protocol: 58, payloadBytes: 8 })).toBe(false);
    expect(any({ ipv6: V6, protocol: 1, payloadBytes: 8 })).toBe(false);
    expect(any({ ipv4: { ...V4, fragmentOffset: 8 }, protocol: 1, payloadBytes: 8 })).toBe(false);
  });

  test("fragment: whole, first, later", () => {
    const whole = [udp(1, 2), fragment6({})];
    const first = [fragment4(0, true), fragment6({ more: true })];
    const later = [
      fragment4(8, true),
      fragment4(65_528, false, 7),
      fragment6({ offset: 8 }),
      fragment6({ offset: 8, more: true }),
    ];
    for (const [kind, packets] of [whole, first, later].entries()) {
      const matches = field("fragment", [kind, kind]);
      for (const all of [whole, first, later])
        for (const packet of all) expect(matches(packet)).toBe(all === packets);
    }
  });

  test("TTL and hop limit", () => {
    const matches = field("ttl", [1, 64]);
    for (const at of [
      (ttl: number): PacketSpec => ({ ipv4: { ...V4, ttl }, protocol: 47 }),
      (hopLimit: number): PacketSpec => ({ ipv6: { ...V6, hopLimit }, protocol: 47 }),
    ])
      expect([0, 1, 64, 65, 255].map((ttl) => matches(at(ttl)))).toEqual([false, true, true, false, false]);
    expect(field("ttl", [255, 255])({ ipv4: { ...V4, ttl: 255 }, protocol: 47 })).toBe(true);
  });

  test("DSCP, whatever ECN says", () => {
    const matches = field("dscp", [10, 46]);
    for (const ecn of [0, 3])
      for (const at of [
        (dscp: number): PacketSpec => ({ ipv4: { ...V4, dscp, ecn }, protocol: 47 }),
        (dscp: number): PacketSpec => ({ ipv6: { ...V6, dscp, ecn, flowLabel: 0xfffff }, protocol: 47 }),
      ])
        expect([0, 9, 10, 46, 47, 63].map((dscp) => matches(at(dscp)))).toEqual([
          false,
          false,
          true,
          true,
          false,
          false,
        ]);
    expect(field("dscp", [63, 63])({ ipv6: { ...V6, dscp: 63 }, protocol: 47 })).toBe(true);
  });

  test("VLAN: the outer tag's id without its priority; an untagged packet has none", () => {
    const matches = field("vlan", [100, 200]);
    const tagged = (...vlan: NonNullable<PacketSpec["vlan"]>): PacketSpec => ({ ...udp(1, 2), vlan });
    expect([99, 100, 200, 201].map((id) => matches(tagged(id)))).toEqual([false, true, true, false]);
    expect(matches(tagged({ id: 100, priority: 7 }))).toBe(true);
    expect(matches(tagged(150, 300))).toBe(true);
    expect(matches(tagged(300, 150))).toBe(false);
    const any = field("vlan", [0, 4095]);
    expect([tagged(0), tagged({ id: 4095, type: 0x88a8 }), udp(1, 2)].map(any)).toEqual([true, true, false]);
  });

  test("payload length: behind the L4 header, never padding; a later fragment has none", () => {
    const matches = field("payloadLength", [100, 200]);
    for (const l4 of [
      { udp: { sourcePort: 1, destinationPort: 2 } },
      { tcp: { sourcePort: 1, destinationPort: 2, options: new Uint8Array(12) } },
      { icmp: { type: 8 } },
      { protocol: 47 },
    ])
      expect([99, 100, 200, 201].map((payloadBytes) => matches({ ipv4: V4, ...l4, payloadBytes }))).toEqual([
        false,
        true,
        true,
        false,
      ]);
    const zero = field("payloadLength", [0, 0]);
    expect(zero(udp(1, 2))).toBe(true);
    expect(
      zero({
        ipv4: { ...V4, totalLength: 28 },
        udp: { sourcePort: 1, destinationPort: 2, length: 8 },
        payloadBytes: 18,
      }),
    ).toBe(true);
    expect(field("payloadLength", [0, 65_535])(fragment4(8, false))).toBe(false);
    expect(field("payloadLength", [16, 16])(fragment4(0, true))).toBe(true);
  });
});

describeKernel("addresses", () => {
  const from = (source: string): PacketSpec =>
    source.includes(":")
      ? { ipv6: { ...V6, source }, protocol: 47 }
      : { ipv4: { ...V4, source }, protocol: 47 };
  const to = (destination: string): PacketSpec =>
    destination.includes(":")
      ? { ipv6: { ...V6, destination }, protocol: 47 }
      : { ipv4: { ...V4, destination }, protocol: 47 };

  test.each([
    ["0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "::ffff:1.2.3.4"]],
    ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]],
    ["198.51.0.0/16", ["198.51.0.0", "198.51.255.255"], ["198.50.255.255", "198.52.0.0"]],
    [
      "198.51.100.0/24",
      ["198.51.100.0", "198.51.100.255"],
      ["198.51.99.255", "198.51.101.0", "::ffff:198.51.100.0"],
    ],
    ["198.51.100.7", ["198.51.100.7"], ["198.51.100.6", "198.51.100.8", "198.52.100.7"]],
    ["255.255.255.255", ["255.255.255.255"], ["255.255.255.254", "0.0.0.0"]],
    ["::/0", ["::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["0.0.0.0", "255.255.255.255"]],
    [
      "2001:db8::/32",
      ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
      ["2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"],
    ],
    [
      "2001:db8:0:1::/64",
      ["2001:db8:0:1::", "2001:db8:0:1:ffff:ffff:ffff:ffff"],
      ["2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:2::"],
    ],
    [
      "2001:db8::8000:0:0:0/65",
      ["2001:db8::8000:0:0:0", "2001:db8::ffff:ffff:ffff:ffff"],
      ["2001:db8::7fff:ffff:ffff:ffff", "2001:db8:0:1::"],
    ],
    ["2001:db8::7", ["2001:db8::7"], ["2001:db8::6", "2001:db8::8", "2001:db8:0:1::7"]],
    [
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
      ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
      ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"],
    ],
  ])("%s has its first and its last address, and not their neighbours", (prefix, inside, outside) => {
    const source = matcher({ source: [prefix] });
    for (const address of inside) expect([address, source(from(address))]).toEqual([address, true]);
    for (const address of outside) expect([address, source(from(address))]).toEqual([address, false]);
    const destination = matcher({ destination: [prefix] });
    for (const address of inside) expect([address, destination(to(address))]).toEqual([address, true]);
    for (const address of outside) expect([address, destination(to(address))]).toEqual([address, false]);
  });

  test("every second address of a /16: the deepest search there is", () => {
    const odd = Array.from({ length: 32_768 }, (_, i) => `198.51.${i >> 7}.${((i & 127) << 1) | 1}`);
    const matches = matcher({ source: odd });
    for (let i = 0; i < 65_536; i += i < 300 || i > 65_200 ? 1 : 97)
      expect([i, matches(from(`198.51.${i >> 8}.${i & 255}`))]).toEqual([i, (i & 1) === 1]);
  });

  // Sixteen ranges are a line. Up to 64 lines are counted one by one, more of them by twos.
  test.each([1008, 1024, 1025, 1040, 1041, 1056, 1057, 1073])("a /16 of %i ranges, to the last", (ranges) => {
    const hosts = Array.from({ length: ranges >> 1 }, (_, i) => 61 * i + 1);
    if (ranges % 2 === 0) hosts[hosts.length - 1] = 65_535; // behind it is no range
    const address = (low: number) => `198.51.${low >> 8}.${low & 255}`;
    const matches = matcher({ source: hosts.map(address) });
    for (const host of [...hosts.slice(0, 3), ...hosts.slice(-30)]) {
      expect([host, matches(from(address(host)))]).toEqual([host, true]);
      expect([host, matches(from(address(host - 1)))]).toEqual([host, false]);
      if (host < 65_535) expect([host, matches(from(address(host + 1)))]).toEqual([host, false]);
    }
  });

  test("many IPv6 prefixes of one chunk, on both sides of /64", () => {
    const hex = (n: number) => n.toString(16);
    const prefixes = Array.from({ length: 5000 }, (_, i) =>
      i & 1 ? `2001:${hex(i)}::/32` : `2001:${hex(i)}:0:1:${hex(i)}::/80`,
    );
    const matches = matcher({ destination: prefixes });
    for (let i = 0; i < 5000; i += 13) {
      expect(matches(to(`2001:${hex(i)}:0:1:${hex(i)}:0:0:1`))).toBe(true);
      expect(matches(to(`2001:${hex(i)}:0:1:${hex(i + 1)}::`))).toBe((i & 1) === 1);
      expect(matches(to(`2001:${hex(i)}::`))).toBe((i & 1) === 1);
    }
  });

  test("chunks of 16 bits that stand side by side, each with ranges of its own", () => {
    const hex = (n: number) => n.toString(16);
    const chunks = Array.from({ length: 20 }, (_, i) => i);
    const matches = matcher({
      source: chunks.flatMap((i) => [`10.${i}.${i}.0/24`, `20${hex(0x10 + i)}:${hex(i)}::/32`]),
    });
    for (const i of chunks) {
      for (const j of chunks) {
        expect([i, j, matches(from(`10.${i}.${j}.9`))]).toEqual([i, j, i === j]);
        expect([i, j, matches(from(`20${hex(0x10 + i)}:${hex(j)}::9`))]).toEqual([i, j, i === j]);
      }
    }
  });

  test("a rule of one family's prefixes never sees the other family", () => {
    const matches = matcher({
      source: ["198.51.100.0/24", "2001:db8::/32"],
      destination: ["203.0.113.0/24"],
    });
    expect(matches({ ipv4: V4, protocol: 47 })).toBe(true);
    expect(matches({ ipv6: V6, protocol: 47 })).toBe(false);
  });
});

describeKernel("order", () => {
  const port = (n: number): NonNullable<HandRule["fields"]> => ({ destinationPort: [[n, n]] });

  test("the topmost rule that matches decides, pass or drop", () => {
    using filter = new Filter({
      rules: [
        { id: 1n, action: "pass", fields: port(53), source: ["198.51.100.0/24"] },
        { id: 2n, action: "drop", fields: port(53) },
        { id: 3n, action: "pass", source: ["198.51.0.0/16"] },
        { id: 4n, action: "drop" },
      ],
      defaultVerdict: "pass",
    });
    const from = (source: string, destinationPort: number) =>
      filter.run(buildPacket({ ipv4: { ...V4, source }, udp: { sourcePort: 9, destinationPort } }));
    expect(from("198.51.100.1", 53)).toEqual(byRule("pass", 1n));
    expect(from("198.51.101.1", 53)).toEqual(byRule("drop", 2n));
    expect(from("198.51.101.1", 54)).toEqual(byRule("pass", 3n));
    expect(from("192.0.2.1", 54)).toEqual(byRule("drop", 4n));
  });

  test("a rule that asks for nothing matches all, alone and as the 65th", () => {
    for (const count of [0, 64, 65]) {
      const rules: HandRule[] = Array.from({ length: count }, (_, i) => ({
        id: BigInt(i + 1),
        action: "drop",
        fields: port(i),
      }));
      using filter = new Filter({ rules: [...rules, { id: 999n, action: "drop" }], defaultVerdict: "pass" });
      expect(filter.run(buildPacket(udp(1, 60_000)))).toEqual(byRule("drop", 999n));
    }
  });

  test("without rules there is the default, of either verdict", () => {
    for (const verdict of ["pass", "drop"] as const) {
      using filter = new Filter({ rules: [], defaultVerdict: verdict });
      expect(filter.run(buildPacket(udp(1, 2)))).toEqual(byReason(verdict, "default"));
    }
  });

  test.each([1, 2, 63, 64, 65, 128, 129, 300, 4095, 4096])(
    "%i rules, each found by its port and no other",
    (count) => {
      const rules = Array.from(
        { length: count },
        (_, i): HandRule => ({ id: BigInt(i + 1), action: i % 2 ? "pass" : "drop", fields: port(i) }),
      );
      using filter = new Filter({ rules, defaultVerdict: "pass" });
      const edges = [0, 1, 62, 63, 64, 65, 127, 128, 191, 192, count - 2, count - 1];
      for (const i of edges.filter((edge) => edge >= 0 && edge < count))
        expect(filter.run(buildPacket(udp(1, i)))).toEqual(byRule(i % 2 ? "pass" : "drop", BigInt(i + 1)));
      expect(filter.run(buildPacket(udp(1, count)))).toEqual(byReason("pass", "default"));
    },
  );

  test("words that every row has but no rule is in are passed over", () => {
    // Words 0 and 1 have rules for the source and rules for the port, but only rule 128 is for both.
    const rules = Array.from({ length: 129 }, (_, i): HandRule => {
      const id = BigInt(i + 1);
      if (i === 128) return { id, action: "drop", source: ["198.51.100.7"], fields: port(53) };
      return i % 2
        ? { id, action: "drop", source: ["198.51.100.7"], fields: port(54) }
        : { id, action: "drop", source: ["192.0.2.1"], fields: port(53) };
    });
    using filter = new Filter({ rules, defaultVerdict: "pass" });
    expect(filter.run(buildPacket(udp(1, 53)))).toEqual(byRule("drop", 129n));
    expect(filter.run(buildPacket(udp(1, 54)))).toEqual(byRule("drop", 2n));
    expect(filter.run(buildPacket(udp(1, 55)))).toEqual(byReason("pass", "default"));
  });

  test("shadow rules of every word are passed through, 64 in each", () => {
    const rules = Array.from(
      { length: 200 },
      (_, i): HandRule => ({ id: BigInt(i + 1), action: i % 2 ? "pass" : "drop", shadow: i !== 199 }),
    );
    using filter = new Filter({ rules, defaultVerdict: "drop" });
    expect(filter.run(buildPacket(udp(1, 2)))).toEqual(byRule("pass", 200n));
    expect(Object.keys(filter.counters()).length).toBe(200);
  });
});
