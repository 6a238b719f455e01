import { describe, expect, test } from "vitest";
import { buildPacket, ethernet, truncateTo } from "./build.ts";
import { arp, icmp, protocol, tcp, udp } from "./helpers.ts";
import { formatPacket, PacketTextError, parsePacketText } from "./text.ts";

const frame = (text: string): Uint8Array => buildPacket(parsePacketText(text));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("a text makes the packet that the builder's helper makes", () => {
  test.each([
    [
      "udp 198.51.100.7:53 > 203.0.113.5:4000 len 900",
      udp({ from: "198.51.100.7:53", to: "203.0.113.5:4000", lengthBytes: 900 }),
    ],
    [
      "tcp [2001:db8::1]:443 > [2001:db8::2]:50000 flags syn,ack ttl 255 vlan 7,8 dscp 46",
      tcp({
        from: "[2001:db8::1]:443",
        to: "[2001:db8::2]:50000",
        flags: ["syn", "ack"],
        ttl: 255,
        vlan: [7, 8],
        dscp: 46,
      }),
    ],
    ["tcp 1.2.3.4:1 > 5.6.7.8:2", tcp({ from: "1.2.3.4:1", to: "5.6.7.8:2", flags: ["ack"] })],
    ["tcp 1.2.3.4:1 > 5.6.7.8:2 flags none", tcp({ from: "1.2.3.4:1", to: "5.6.7.8:2", flags: [] })],
    ["icmp 1.2.3.4 > 5.6.7.8", icmp({ from: "1.2.3.4", to: "5.6.7.8", type: 8 })],
    ["icmpv6 ::1 > [::2] type 135 code 1", icmp({ from: "::1", to: "::2", type: 135, code: 1 })],
    ["proto 47 1.2.3.4 > 5.6.7.8 len 21", protocol(47, { from: "1.2.3.4", to: "5.6.7.8", payloadBytes: 1 })],
    [
      "udp 1.2.3.4:1 > 5.6.7.8:2 payload 0xff54 len 32",
      udp({ from: "1.2.3.4:1", to: "5.6.7.8:2", payload: Uint8Array.of(0xff, 0x54, 0, 0) }),
    ],
    [
      "udp 1.2.3.4:1 > 5.6.7.8:2 payload 0xff54",
      udp({ from: "1.2.3.4:1", to: "5.6.7.8:2", payload: Uint8Array.of(0xff, 0x54) }),
    ],
    ["  arp  10.0.0.1 > 10.0.0.2 ", arp({ from: "10.0.0.1", to: "10.0.0.2" })],
  ])("%s", (text, expected) => expect(hex(frame(text))).toBe(hex(expected)));
});

describe("text to frame to text", () => {
  test.each([
    "udp 198.51.100.7:53 > 203.0.113.5:4000 len 900",
    "tcp [2001:db8::1]:443 > [2001:db8::2]:50000 len 60 flags syn,ack ttl 255 dscp 46 vlan 7",
    "tcp 198.51.100.7:443 > 203.0.113.5:50000 len 40 flags none",
    "icmp 198.51.100.7 > 203.0.113.5 len 28 type 3 code 4",
    "icmpv6 fe80::1 > ff02::1 len 48 type 134 code 0 ttl 255",
    "udp 198.51.100.7 > 203.0.113.5 len 100 fragment later",
    "icmpv6 ::1 > ::2 len 48 fragment later",
    "udp [::1]:53 > [::2]:4000 len 56 fragment first",
    "proto 47 198.51.100.7 > 203.0.113.5 len 20",
    "udp 198.51.100.7:53 > 203.0.113.5:4000 len 32 options record-route,router-alert",
    "udp 198.51.100.7:53 > 203.0.113.5:4000 len 32 options any",
    "udp 198.51.100.7:53 > 203.0.113.5:4000 len 32 options timestamp,malformed",
    "udp [::1]:53 > [::2]:4000 len 72 extensions hop-by-hop,authentication",
    "udp [::1]:53 > [::2]:4000 len 56 extensions fragment",
    "udp [::1]:53 > [::2]:4000 len 64 extensions routing fragment first",
    "proto 1 ::1 > ::2 len 40",
    "proto 58 1.2.3.4 > 5.6.7.8 len 20",
  ])("%s", (text) => expect(formatPacket(frame(text))).toBe(text));

  test("frames that are no IP packet are named, with their first bytes", () => {
    expect(formatPacket(frame("arp 10.0.0.1 > 10.0.0.2"))).toBe("arp, 42 bytes");
    expect(formatPacket(Uint8Array.of(1, 2, 0xff))).toBe("truncated-ethernet, 3 bytes: 0102ff");
    expect(formatPacket(truncateTo(ethernet(0x88cc, new Uint8Array(60)), 65))).toMatch(
      /^other-ethertype, 65 bytes: 02000000000202000000000188cc(00){50}…$/,
    );
  });
});

describe("a text that cannot be read", () => {
  test.each([
    ["", 1, "the text ends, expected udp, tcp, icmp, icmpv6, proto N or arp"],
    ["sctp 1.2.3.4:1 > 5.6.7.8:2", 1, 'read "sctp", expected udp, tcp'],
    ["proto 256 1.2.3.4 > 5.6.7.8", 7, 'read "256", expected a protocol number, 0 to 255'],
    ["udp 1.2.3.4:1", 14, 'the text ends, expected ">" and the destination'],
    ["udp 1.2.3.4:1 5.6.7.8:2", 15, 'read "5.6.7.8:2", expected ">"'],
    ["udp 1.2.3.4:1 > 5.6.7.8", 17, 'read "5.6.7.8", expected a port for udp, 5.6.7.8:53'],
    ["udp ::1 > [::2]:5", 5, 'read "::1", expected a port for udp, [::1]:53'],
    ["udp 1.2.3.4:65536 > 5.6.7.8:2", 5, 'read "1.2.3.4:65536", expected an endpoint'],
    ["udp 1.2.3.256:1 > 5.6.7.8:2", 5, "expected an endpoint, 203.0.113.5:53 or [2001:db8::1]:53"],
    ["udp 1.2.3.4:1 > [::2]:5", 17, "expected an IPv4 address like the source's"],
    ["icmp 1.2.3.4:1 > 5.6.7.8", 6, "expected an address without a port"],
    [
      "udp 1.2.3.4:1 > 5.6.7.8:2 fragment later",
      5,
      "expected an address without a port: a later fragment has none",
    ],
    ["icmp ::1 > ::2", 6, "expected an IPv4 address for icmp"],
    ["icmpv6 1.2.3.4 > 5.6.7.8", 8, "expected an IPv6 address for icmpv6"],
    [
      "udp 1.2.3.4:1 > 5.6.7.8:2 flags syn",
      27,
      'read "flags", expected one of len, ttl, dscp, fragment, options, vlan, payload',
    ],
    [
      "udp 1.2.3.4:1 > 5.6.7.8:2 len 30 len 31",
      34,
      'read "len", expected one of ttl, dscp, fragment, options, vlan, payload',
    ],
    ["udp 1.2.3.4:1 > 5.6.7.8:2 len", 30, "the text ends, expected a length in bytes, 0 to 65535"],
    ["udp 1.2.3.4:1 > 5.6.7.8:2 len 27", 31, 'read "27", expected at least 28, what the headers take'],
    ["tcp 1.2.3.4:1 > 5.6.7.8:2 flags syn,sny", 33, 'read "syn,sny", expected TCP flags, of fin,syn,rst'],
    ["udp 1.2.3.4:1 > 5.6.7.8:2 ttl 256", 31, "expected a TTL, 0 to 255"],
    ["udp 1.2.3.4:1 > 5.6.7.8:2 vlan 1,2,3", 32, "expected one or two VLAN ids"],
    ["udp 1.2.3.4:1 > 5.6.7.8:2 vlan 4096", 32, "expected VLAN ids, 0 to 4095"],
    ["arp 10.0.0.1 > 10.0.0.2 ttl 1", 25, 'read "ttl", expected one of vlan'],
  ])("%j", (text, column, message) => {
    let caught: unknown;
    try {
      parsePacketText(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(PacketTextError);
    expect(caught).toMatchObject({
      code: "bad-packet-text",
      column,
      message: expect.stringContaining(message),
    });
  });

  test("the message shows the place", () => {
    expect(() => parsePacketText("udp 1.2.3.4:1 > 5.6.7.8:2 len x")).toThrow(
      [
        'packet text, column 31: read "x", expected a length in bytes, 0 to 65535',
        "  udp 1.2.3.4:1 > 5.6.7.8:2 len x",
        "                                ^",
      ].join("\n"),
    );
  });
});
