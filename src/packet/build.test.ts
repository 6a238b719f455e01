// The literal frames were read by `tcpdump -vv -e` (Debian 12), which found every length and checksum right.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildPacket, checksum, ethernet, padTo, patch, truncateTo } from "./build.ts";
import { arp, fragments, icmp, protocol, tcp, udp } from "./helpers.ts";
import { type ParsedPacket, parsePacket } from "./parse.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const MACS = "020000000002020000000001";
const V4 = { source: "198.51.100.7", destination: "203.0.113.5" };
const V6 = { source: "2001:db8::1", destination: "2001:db8::2" };

function packet(frame: Uint8Array): ParsedPacket {
  const result = parsePacket(frame);
  if (result.kind !== "packet") throw new Error(`does not parse: ${JSON.stringify(result)}`);
  return result;
}
function outcome(frame: Uint8Array): string {
  const result = parsePacket(frame);
  return result.kind === "failure" ? result.class : result.kind;
}

describe("a frame is byte for byte what tcpdump found right", () => {
  test("UDP over IPv4", () => {
    const frame = udp({ from: "198.51.100.7:53", to: "203.0.113.5:4000", payload: ascii("piston!") });
    expect(hex(frame)).toBe(
      `${MACS}0800 45000023000000004011148ac6336407cb007105 00350fa0000f156e 706973746f6e21`.replaceAll(
        " ",
        "",
      ),
    );
  });
  test("TCP over tagged IPv6", () => {
    const frame = tcp({
      from: "[2001:db8::1]:443",
      to: "[2001:db8::2]:50000",
      flags: ["syn", "ack"],
      vlan: [5],
      ttl: 255,
      dscp: 46,
      payload: ascii("abc"),
    });
    expect(hex(frame)).toBe(
      `${MACS}81000005 86dd 6b800000001706ff20010db800000000000000000000000120010db8000000000000000000000002
       01bbc35000000000000000005012ffffcaec0000 616263`.replaceAll(/\s/g, ""),
    );
  });
  test("IPv4 and TCP options", () => {
    const frame = buildPacket({
      ipv4: { ...V4, id: 7, dontFragment: true, options: Uint8Array.of(148, 4, 0, 0) },
      tcp: {
        sourcePort: 1,
        destinationPort: 2,
        flags: ["syn"],
        sequence: 1,
        window: 1024,
        options: Uint8Array.of(2, 4, 5, 180),
      },
    });
    expect(hex(frame)).toBe(
      `${MACS}0800 460000300007400040063f7cc6336407cb00710594040000
       000100020000000100000000600204002de20000020405b4`.replaceAll(/\s/g, ""),
    );
  });
  test("ICMP and ICMPv6", () => {
    expect(hex(icmp({ from: V4.source, to: V4.destination, payload: ascii("ping!") }))).toBe(
      `${MACS}0800 45000021000000004001149cc6336407cb007105 0800f82e00000000 70696e6721`.replaceAll(" ", ""),
    );
    expect(
      hex(icmp({ from: V6.source, to: V6.destination, type: 1, code: 4, payload: ascii("ping!") })),
    ).toBe(
      `${MACS}86dd 60000000000d3a4020010db800000000000000000000000120010db8000000000000000000000002
       0104a36e00000000 70696e6721`.replaceAll(/\s/g, ""),
    );
  });
  test("a chain of extension headers", () => {
    const frame = buildPacket({
      ipv6: {
        ...V6,
        extensions: [
          { kind: "hop-by-hop", body: Uint8Array.of(5, 2, 0, 0, 1, 0) },
          { kind: "authentication" },
          { kind: "fragment", id: 9 },
          { kind: "destination-options", body: Uint8Array.of(1, 4, 0, 0, 0, 0) },
        ],
      },
      udp: { sourcePort: 53, destinationPort: 4000 },
      payload: ascii("xy"),
    });
    expect(hex(frame.subarray(14))).toBe(
      `600000000032004020010db800000000000000000000000120010db8000000000000000000000002
       3300050200000100 2c020000000000000000000000000000 3c00000000000009 1100010400000000
       00350fa0000a1c17 7879`.replaceAll(/\s/g, ""),
    );
    expect(packet(frame).fields).toMatchObject({
      protocol: 17,
      sourcePort: 53,
      fragment: 0,
      payloadLength: 2,
    });
  });
  test("ARP", () => {
    expect(hex(arp({ from: "198.51.100.7", to: "198.51.100.1" }))).toBe(
      `${MACS}08060001080006040001020000000001c6336407000000000000c6336401`,
    );
  });
});

describe("checksum", () => {
  test("the example of RFC 1071 section 3", () => {
    // Its words sum to ddf2; the checksum is the complement.
    expect(checksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(0x220d);
  });
  test("an odd last byte is the high byte of a word", () => {
    expect(checksum(Uint8Array.of(0x12))).toBe(0xffff - 0x1200);
  });
  test("a UDP sum of zero is sent as all ones", () => {
    const frame = (payload: number) =>
      udp({
        from: "0.0.0.0:0",
        to: "0.0.0.0:0",
        payload: Uint8Array.of(payload >> 8, payload & 0xff),
      });
    // Pseudo-header 0011 + 000a, UDP length 000a: 0025 in sum, and the payload makes it ffff.
    expect(hex(frame(0xffff - 0x25).subarray(40, 42))).toBe("ffff");
    expect(hex(frame(0xffff - 0x24).subarray(40, 42))).toBe("fffe");
  });
});

describe("lengths", () => {
  test("lengthBytes is the L3 length", () => {
    const v4 = udp({ from: "198.51.100.7:53", to: "203.0.113.5:4000", lengthBytes: 900 });
    expect(v4.length).toBe(914);
    expect(packet(v4).fields).toMatchObject({ l3Length: 900, payloadLength: 872 });
    const v6 = tcp({ from: "[::1]:1", to: "[::2]:2", lengthBytes: 60 });
    expect(packet(v6).fields).toMatchObject({ l3Length: 60, payloadLength: 0 });
  });
  test("a length below the headers is refused", () => {
    expect(() => tcp({ from: "[::1]:1", to: "[::2]:2", lengthBytes: 59 })).toThrow(
      "lengthBytes 59: the headers alone take 60 bytes",
    );
  });
  test("a value that does not fit its field is refused", () => {
    expect(() => udp({ from: "198.51.100.7:53", to: "203.0.113.5:4000", lengthBytes: 65_536 })).toThrow(
      "65536 is not in 0..65535",
    );
    expect(() => icmp({ from: V4.source, to: V4.destination, type: 256 })).toThrow("256 is not in 0..255");
  });
  test("padTo adds what parse ignores, truncateTo takes what it misses", () => {
    const frame = udp({ from: "198.51.100.7:53", to: "203.0.113.5:4000" });
    expect(padTo(frame, 60).length).toBe(60);
    expect(packet(padTo(frame, 60))).toEqual(packet(frame));
    expect(outcome(truncateTo(frame, frame.length - 1))).toBe("truncated-ip");
    expect(() => padTo(frame, 41)).toThrow("the frame has 42 bytes already");
    expect(() => truncateTo(frame, 43)).toThrow("the frame has 42 bytes only");
  });
});

describe("wrong on purpose", () => {
  const udpSpec = { sourcePort: 53, destinationPort: 4000 };
  const tcpSpec = { sourcePort: 53, destinationPort: 4000 };
  test.each([
    ["other-ethertype", ethernet(0x88cc)],
    ["truncated-vlan", truncateTo(buildPacket({ vlan: [1], ipv4: V4 }), 17)],
    ["too-many-vlan-tags", buildPacket({ vlan: [1, { id: 2, type: 0x88a8 }, 3], ipv4: V4, udp: udpSpec })],
    ["bad-ip-version", buildPacket({ ipv4: { ...V4, version: 6 } })],
    ["bad-ip-version", buildPacket({ ipv6: { ...V6, version: 4 } })],
    ["bad-ihl", buildPacket({ ipv4: { ...V4, ihl: 4 } })],
    ["bad-total-length", buildPacket({ ipv4: { ...V4, totalLength: 19 } })],
    ["truncated-ip", buildPacket({ ipv4: { ...V4, totalLength: 21 } })],
    ["truncated-ip", buildPacket({ ipv6: { ...V6, payloadLength: 1 } })],
    ["bad-fragment", buildPacket({ ipv4: { ...V4, fragmentOffset: 65_528 }, protocol: 17, payloadBytes: 8 })],
    [
      "truncated-extension",
      buildPacket({ ipv6: { ...V6, extensions: [{ kind: "routing", lengthByte: 1 }] } }),
    ],
    [
      "too-many-extensions",
      buildPacket({
        ipv6: { ...V6, extensions: Array.from({ length: 9 }, () => ({ kind: "routing" as const })) },
      }),
    ],
    ["tiny-fragment", buildPacket({ ipv4: { ...V4, moreFragments: true }, protocol: 6, payloadBytes: 16 })],
    ["truncated-l4", buildPacket({ ipv4: V4, protocol: 17, payloadBytes: 7 })],
    ["bad-tcp-offset", buildPacket({ ipv4: V4, tcp: { ...tcpSpec, dataOffset: 4 } })],
    ["bad-udp-length", buildPacket({ ipv4: V4, udp: { ...udpSpec, length: 9 } })],
    ["truncated-ethernet", patch(truncateTo(ethernet(0x0800), 13), 0, [1])],
  ])("%s", (expected, frame) => expect(outcome(frame)).toBe(expected));

  test("a wrong checksum stands as given, and is nobody's business here", () => {
    const frame = buildPacket({ ipv4: { ...V4, checksum: 0xbeef }, udp: { ...udpSpec, checksum: 0 } });
    expect(hex(frame.subarray(24, 26))).toBe("beef");
    expect(hex(frame.subarray(40, 42))).toBe("0000");
    expect(outcome(frame)).toBe("packet");
  });

  test("a spec that contradicts itself is refused", () => {
    expect(() => buildPacket({ ipv4: V4, ipv6: V6 })).toThrow("one of arp, ipv4 and ipv6");
    expect(() => buildPacket({ ipv4: V4, udp: udpSpec, protocol: 17 })).toThrow("one of tcp, udp");
    expect(() => buildPacket({ ipv4: V4, payloadBytes: 1, lengthBytes: 30 })).toThrow("one of payload,");
    expect(() => buildPacket({ ipv4: { source: "2001:db8::1", destination: "203.0.113.5" } })).toThrow(
      '"2001:db8::1" is not an IPv4 address',
    );
    expect(() => udp({ from: "198.51.100.7", to: "203.0.113.5:1" })).toThrow("write 198.51.100.7:53");
    expect(() => udp({ from: "198.51.100.7:1", to: "[2001:db8::2]:1" })).toThrow("different families");
  });
});

describe("fragments", () => {
  test.each([
    ["IPv4", "198.51.100.7:53", "203.0.113.5:4000", 20],
    ["IPv6", "[2001:db8::1]:53", "[2001:db8::2]:4000", 48],
  ])("%s: together they carry the datagram", (_name, from, to, headerBytes) => {
    const payload = Uint8Array.from({ length: 1001 }, (_, i) => i & 0xff);
    const whole = udp({ from, to, payload, ttl: 9, dscp: 3, vlan: [7] });
    const pieces = fragments(whole, 400);
    expect(pieces.map((piece) => packet(piece).fields.fragment)).toEqual([1, 2, 2]);
    expect(pieces.map((piece) => packet(piece).fields.l3Length)).toEqual(
      [400, 400, 209].map((n) => n + headerBytes),
    );
    const data = pieces.map((piece) => hex(piece.subarray(packet(piece).l4Offset))).join("");
    expect(data).toBe(hex(whole.subarray(packet(whole).l4Offset)));
    for (const piece of pieces)
      expect(packet(piece).fields).toMatchObject({ protocol: 17, ttl: 9, dscp: 3, vlan: 7 });
  });
  test("what fits is one fragment that is none", () => {
    const [only, ...rest] = fragments(
      protocol(47, { from: V4.source, to: V4.destination, payloadBytes: 8 }),
      8,
    );
    expect(rest).toEqual([]);
    expect(packet(only!).fields).toMatchObject({ protocol: 47, fragment: 0 });
  });
});

test("no frame makes the parser throw, and what it finds lies within the frame", () => {
  const spec = fc.record({
    vlan: fc.array(fc.integer({ min: 0, max: 4095 }), { maxLength: 3 }),
    family: fc.constantFrom(4, 6),
    l4: fc.constantFrom("udp", "tcp", "icmp", "icmpv6", "protocol"),
    payloadBytes: fc.integer({ min: 0, max: 40 }),
    flips: fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 }),
    cut: fc.nat(20),
  });
  fc.assert(
    fc.property(spec, ({ vlan, family, l4, payloadBytes, flips, cut }) => {
      const ports = { sourcePort: 1, destinationPort: 2 };
      const layer4 = { udp: ports, tcp: ports, icmp: { type: 8 }, icmpv6: { type: 128 }, protocol: 44 };
      const frame = buildPacket({
        vlan,
        payloadBytes,
        ...(family === 4 ? { ipv4: V4 } : { ipv6: { ...V6, extensions: [{ kind: "fragment" }] } }),
        [l4]: layer4[l4],
      });
      for (const [at, value] of flips) frame[at % frame.length] = value;
      const result = parsePacket(frame.subarray(0, Math.max(0, frame.length - cut)));
      if (result.kind !== "packet") return;
      expect(result.l3End).toBeLessThanOrEqual(frame.length - cut);
      expect(result.l4Offset).toBeLessThanOrEqual(result.l3End);
      expect(result.fields.payloadLength ?? 0).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 2000 },
  );
});
