// Frames here are hex by hand, laid out after the RFCs' figures, so that builder and parser cannot be wrong together.

import { describe, expect, test } from "vitest";
import { type ParsedPacket, parsePacket } from "./parse.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
const MACS = "020000000002 020000000001";
const zeros = (bytes: number): string => "00".repeat(bytes);

/** IPv4 header, 198.51.100.7 to 203.0.113.5, by its bytes: RFC 791 figure 4. */
function v4(
  data: string,
  header: { first?: string; total?: number; fragment?: string; protocol?: string } = {},
) {
  const headerBytes = 4 * (Number.parseInt(header.first ?? "45", 16) & 15);
  const options = zeros(Math.max(0, headerBytes - 20));
  const total = header.total ?? headerBytes + hex(data).length;
  const { first = "45", fragment = "0000", protocol = "11" } = header;
  return hex(
    `${MACS} 0800 ${first} 00 ${total.toString(16).padStart(4, "0")} 1234 ${fragment} 40 ${protocol} 0000 c6336407 cb007105 ${options} ${data}`,
  );
}

/** IPv6 header, 2001:db8::7 to 2001:db8::5: RFC 8200 §3. */
function v6(data: string, header: { first?: string; payload?: number; next?: string; hops?: string } = {}) {
  const payload = (header.payload ?? hex(data).length).toString(16).padStart(4, "0");
  const { first = "60", next = "11", hops = "40" } = header;
  return hex(
    `${MACS} 86dd ${first}000000 ${payload} ${next} ${hops} 20010db8000000000000000000000007 20010db8000000000000000000000005 ${data}`,
  );
}

const UDP = "0035 0fa0 000c 0000 01020304"; // 53 to 4000, 4 bytes of payload
const TCP = "01bb c350 00000001 00000002 5012 ffff 0000 0000"; // 443 to 50000, SYN and ACK

function outcome(frame: Uint8Array): string {
  const result = parsePacket(frame);
  return result.kind === "failure" ? result.class : result.kind;
}
function packet(frame: Uint8Array): ParsedPacket {
  const result = parsePacket(frame);
  if (result.kind !== "packet") throw new Error(`does not parse: ${JSON.stringify(result)}`);
  return result;
}
const fields = (frame: Uint8Array) => packet(frame).fields;

describe("Ethernet", () => {
  test.each([
    ["no bytes", hex(""), "truncated-ethernet"],
    ["13 bytes", hex(`${MACS} 08`), "truncated-ethernet"],
    ["14 bytes, LLDP", hex(`${MACS} 88cc`), "other-ethertype"],
    ["ARP", hex(`${MACS} 0806`), "arp"],
    ["the ethertype before ARP's", hex(`${MACS} 0805`), "other-ethertype"],
    ["an 802.3 length instead of an ethertype", hex(`${MACS} 0026 ${zeros(38)}`), "other-ethertype"],
    ["a tag with 3 of its 4 bytes", hex(`${MACS} 8100 0005 08`), "truncated-vlan"],
    ["a tag of 4 bytes", hex(`${MACS} 8100 0005 88cc`), "other-ethertype"],
    ["a service tag without its bytes", hex(`${MACS} 88a8`), "truncated-vlan"],
    ["a second tag with 3 of its 4 bytes", hex(`${MACS} 88a8 0005 8100 0006 08`), "truncated-vlan"],
    ["two tags and ARP", hex(`${MACS} 88a8 0005 8100 0006 0806`), "arp"],
    ["three tags, the third without bytes", hex(`${MACS} 8100 0005 8100 0006 8100`), "too-many-vlan-tags"],
    ["three service tags", hex(`${MACS} 88a8 0005 88a8 0006 88a8 0007 0800`), "too-many-vlan-tags"],
    ["an older QinQ ethertype is no tag", hex(`${MACS} 9100 0005 0800`), "other-ethertype"],
  ])("%s", (_name, frame, expected) => expect(outcome(frame)).toBe(expected));

  const tagged = (tags: string) =>
    hex(`${MACS} ${tags} ${Buffer.from(v4(UDP).subarray(12)).toString("hex")}`);
  test("the VLAN id is the outer tag's, without priority bits", () => {
    expect(fields(tagged("")).vlan).toBe(null);
    expect(fields(tagged("8100 ffff")).vlan).toBe(4095);
    expect(fields(tagged("8100 f000")).vlan).toBe(0);
    expect(fields(tagged("88a8 e064 8100 0005")).vlan).toBe(100);
  });
  test("tags move what follows and change nothing else", () => {
    const bare = packet(v4(UDP));
    const double = packet(tagged("88a8 0064 8100 0005"));
    expect(double).toEqual({
      ...bare,
      fields: { ...bare.fields, vlan: 100 },
      l3Offset: 22,
      l4Offset: 42,
      l3End: 54,
    });
  });
});

describe("IPv4", () => {
  test("every field of a UDP packet", () => {
    expect(packet(v4(UDP))).toEqual({
      kind: "packet",
      family: 4,
      source: 0xc6336407n,
      destination: 0xcb007105n,
      fields: {
        protocol: 17,
        sourcePort: 53,
        destinationPort: 4000,
        tcpFlags: null,
        l3Length: 32,
        icmp: null,
        fragment: 0,
        ttl: 64,
        dscp: 0,
        vlan: null,
        payloadLength: 4,
        ipv4Options: 0,
        ipv6Extensions: null,
        payload: 0,
      },
      l3Offset: 14,
      l4Offset: 34,
      l3End: 46,
    });
  });

  const cut = (frame: Uint8Array, bytes: number) => frame.subarray(0, bytes);
  test.each([
    [
      "19 bytes of header, and a bad version: the frame is looked at first",
      cut(v4(UDP, { first: "55" }), 33),
      "truncated-ip",
    ],
    ["version 5", v4(UDP, { first: "55" }), "bad-ip-version"],
    ["version 6 under ethertype 0x0800", v4(UDP, { first: "65" }), "bad-ip-version"],
    ["IHL 4", v4(UDP, { first: "44" }), "bad-ihl"],
    ["IHL 4 with a total length below it", v4(UDP, { first: "44", total: 15 }), "bad-ihl"],
    ["total length 19", v4(UDP, { total: 19 }), "bad-total-length"],
    ["total length 20 of UDP: no room for its header", v4(UDP, { total: 20 }), "truncated-l4"],
    ["IHL 6 and total length 23", v4(UDP, { first: "46", total: 23 }), "bad-total-length"],
    ["IHL 6 and total length 24", v4(UDP, { first: "46", total: 24 }), "truncated-l4"],
    [
      "total length below IHL, and beyond the frame",
      cut(v4("", { first: "4f", total: 59 }), 34),
      "bad-total-length",
    ],
    ["total length one more than the frame holds", v4(UDP, { total: 33 }), "truncated-ip"],
    ["total length exactly what the frame holds", v4(UDP, { total: 32 }), "packet"],
    ["IHL 15 with all its 40 bytes of options", v4(UDP, { first: "4f" }), "packet"],
    ["IHL 15 without its options in the frame", cut(v4(UDP, { first: "4f" }), 73), "truncated-ip"],
  ])("%s", (_name, frame, expected) => expect(outcome(frame)).toBe(expected));

  test("padding is not looked at, and is no payload", () => {
    const padded = hex(`${Buffer.from(v4(UDP)).toString("hex")} ${"ff".repeat(14)}`);
    expect(packet(padded)).toEqual(packet(v4(UDP)));
  });

  test.each([
    ["neither offset nor MF", "0000", 0],
    ["DF alone", "4000", 0],
    ["the reserved bit alone", "8000", 0],
    ["MF", "2000", 1],
    ["the last one: offset 1", "0001", 2],
    ["one in the middle: offset 1 and MF", "2001", 2],
  ])("fragment kind: %s", (_name, fragment, expected) =>
    expect(fields(v4(UDP, { fragment })).fragment).toBe(expected),
  );

  test("a later fragment has its protocol and length, and nothing of L4, whatever its bytes", () => {
    expect(fields(v4("00", { fragment: "0001", protocol: "06" }))).toMatchObject({
      protocol: 6,
      l3Length: 21,
      ttl: 64,
      sourcePort: null,
      destinationPort: null,
      tcpFlags: null,
      icmp: null,
      payloadLength: null,
    });
  });

  test.each([
    ["8,191 x 8 + 7 = 65,535", "1fff", 7, "packet"],
    ["8,191 x 8 + 8 = 65,536", "1fff", 8, "bad-fragment"],
    ["8,190 x 8 + 15 = 65,535", "1ffe", 15, "packet"],
    ["8,190 x 8 + 16 = 65,536, MF set", "3ffe", 16, "bad-fragment"],
  ])("a fragment's end: %s", (_name, fragment, bytes, expected) =>
    expect(outcome(v4(zeros(bytes), { fragment }))).toBe(expected),
  );
  test("options do not count as data of a fragment", () => {
    expect(outcome(v4(zeros(7), { first: "46", fragment: "1fff" }))).toBe("packet");
  });

  test("DSCP is the high 6 bits of the second byte", () => {
    const frame = v4(UDP);
    frame[15] = 0xbb; // 46 << 2 | 3
    expect(fields(frame).dscp).toBe(46);
  });
});

describe("IPv6", () => {
  test("every field of a TCP packet", () => {
    expect(packet(v6(TCP, { next: "06", hops: "ff" }))).toEqual({
      kind: "packet",
      family: 6,
      source: 0x20010db8_00000000_00000000_00000007n,
      destination: 0x20010db8_00000000_00000000_00000005n,
      fields: {
        protocol: 6,
        sourcePort: 443,
        destinationPort: 50_000,
        tcpFlags: 0x12,
        l3Length: 60,
        icmp: null,
        fragment: 0,
        ttl: 255,
        dscp: 0,
        vlan: null,
        payloadLength: 0,
        ipv4Options: null,
        ipv6Extensions: 0,
        payload: 0,
      },
      l3Offset: 14,
      l4Offset: 54,
      l3End: 74,
    });
  });

  test("DSCP lies across the first two bytes", () => {
    const frame = v6(UDP);
    frame[14] = 0x6b; // version 6, traffic class 0xb9: DSCP 46, ECN 1
    frame[15] = 0x90;
    expect(fields(frame).dscp).toBe(46);
  });

  test.each([
    ["39 bytes", v6(UDP, { first: "50" }).subarray(0, 53), "truncated-ip"],
    ["version 5", v6(UDP, { first: "50" }), "bad-ip-version"],
    ["payload length one more than the frame holds", v6(UDP, { payload: 13 }), "truncated-ip"],
    ["payload length exactly what the frame holds", v6(UDP, { payload: 12 }), "packet"],
    ["a jumbogram's payload length of 0: UDP without room", v6(UDP, { payload: 0 }), "truncated-l4"],
    ["no next header, and nothing behind", v6("", { next: "3b" }), "packet"],
    ["ESP is a protocol, not a header to walk", v6("", { next: "32" }), "packet"],
  ])("%s", (_name, frame, expected) => expect(outcome(frame)).toBe(expected));

  test.each([
    ["hop-by-hop", "00", "11 00 000000000000"],
    ["routing", "2b", "11 00 000000000000"],
    ["destination options", "3c", "11 00 000000000000"],
    ["mobility", "87", "11 00 000000000000"],
    ["HIP", "8b", "11 00 000000000000"],
    ["shim6", "8c", "11 00 000000000000"],
    ["authentication, length 0: 8 bytes", "33", "11 00 000000000000"],
    ["an atomic fragment", "2c", "11 00 0000 00000000"],
  ])("is walked: %s of 8 bytes", (_name, next, extension) => {
    const parsed = packet(v6(`${extension} ${UDP}`, { next }));
    expect(parsed.fields).toMatchObject({
      protocol: 17,
      destinationPort: 4000,
      fragment: 0,
      payloadLength: 4,
    });
    expect(parsed.l4Offset).toBe(14 + 40 + 8);
  });

  test("lengths: (byte + 1) x 8, of authentication (byte + 2) x 4", () => {
    expect(packet(v6(`11 01 ${zeros(14)} ${UDP}`, { next: "3c" })).l4Offset).toBe(54 + 16);
    expect(packet(v6(`11 ff ${zeros(2046)} ${UDP}`, { next: "3c" })).l4Offset).toBe(54 + 2048);
    expect(packet(v6(`11 01 ${zeros(10)} ${UDP}`, { next: "33" })).l4Offset).toBe(54 + 12);
    expect(packet(v6(`11 04 ${zeros(22)} ${UDP}`, { next: "33" })).l4Offset).toBe(54 + 24);
  });

  test.each([
    ["1 byte of an options header", v6("11", { next: "3c" }), "truncated-extension"],
    ["7 of its 8 bytes", v6(`11 00 ${zeros(5)}`, { next: "3c" }), "truncated-extension"],
    ["all 8, and no UDP", v6(`11 00 ${zeros(6)}`, { next: "3c" }), "truncated-l4"],
    ["11 of 12 bytes of authentication", v6(`3b 01 ${zeros(9)}`, { next: "33" }), "truncated-extension"],
    ["12 of 12 bytes of authentication", v6(`3b 01 ${zeros(10)}`, { next: "33" }), "packet"],
    ["7 bytes of a fragment header", v6(`3b 00 ${zeros(5)}`, { next: "2c" }), "truncated-extension"],
    ["8 bytes of a fragment header", v6(`3b 00 ${zeros(6)}`, { next: "2c" }), "packet"],
    [
      "in the frame, but beyond the payload length",
      v6(`3b 00 ${zeros(6)}`, { next: "3c", payload: 7 }),
      "truncated-extension",
    ],
  ])("%s", (_name, frame, expected) => expect(outcome(frame)).toBe(expected));

  const options = (count: number, last: string) =>
    `3c00${zeros(6)}`.repeat(count - 1) + `${last}00${zeros(6)}`;
  test.each([
    ["8 extension headers", v6(options(8, "11") + UDP, { next: "3c" }), "packet"],
    ["9 extension headers", v6(options(9, "11") + UDP, { next: "3c" }), "too-many-extensions"],
    ["a ninth of which 1 byte is there", v6(`${options(8, "3c")} 11`, { next: "3c" }), "truncated-extension"],
    [
      "a ninth that is a second fragment header",
      v6(`3c00${zeros(6)} ${options(7, "2c")} 1100${zeros(6)} ${UDP}`, { next: "2c" }),
      "too-many-extensions",
    ],
    [
      "a second fragment header",
      v6(`2c00000000000000 1100000000000000 ${UDP}`, { next: "2c" }),
      "bad-fragment",
    ],
    ["a second one, cut", v6(`2c00000000000000 11000000000000`, { next: "2c" }), "truncated-extension"],
  ])("%s", (_name, frame, expected) => expect(outcome(frame)).toBe(expected));

  test.each([
    ["offset 0 without M: atomic", "0000", 0],
    ["reserved bits alone: atomic", "0006", 0],
    ["M", "0001", 1],
    ["offset 8", "0008", 2],
    ["offset 8 and M", "0009", 2],
  ])("fragment kind: %s", (_name, offsetAndMore, expected) =>
    expect(fields(v6(`1100 ${offsetAndMore} 00000001 ${UDP}`, { next: "2c" })).fragment).toBe(expected),
  );

  test("a later fragment ends the walk: its next header is the protocol, even an extension header's", () => {
    const parsed = packet(v6(`3c00 0008 00000001 ff`, { next: "2c" }));
    expect(parsed.fields).toMatchObject({ protocol: 60, fragment: 2, l3Length: 49, payloadLength: null });
    expect(parsed.l4Offset).toBe(62);
  });
  test("a first fragment's walk goes on to its L4 header", () => {
    const frame = v6(`3c00 0001 00000001 1100${zeros(6)} ${UDP}`, { next: "2c" });
    expect(fields(frame)).toMatchObject({ protocol: 17, fragment: 1, sourcePort: 53, payloadLength: 4 });
  });

  test.each([
    ["65,528 + 7 = 65,535", "fff8", 7, "packet"],
    ["65,528 + 8 = 65,536", "fff8", 8, "bad-fragment"],
  ])("a fragment's end: %s", (_name, offset, bytes, expected) =>
    expect(outcome(v6(`1100 ${offset} 00000001 ${zeros(bytes)}`, { next: "2c" }))).toBe(expected),
  );

  test("the L3 length stops at 65,535", () => {
    expect(fields(v6(zeros(65_495), { next: "3b" })).l3Length).toBe(65_535);
    expect(fields(v6(zeros(65_496), { next: "3b" })).l3Length).toBe(65_535);
    expect(fields(v6(zeros(65_535), { next: "3b" }))).toMatchObject({
      l3Length: 65_535,
      payloadLength: 65_495,
    });
  });
});

describe("L4", () => {
  const FIRST = { fragment: "2000" };
  const tcp = (offset: string, bytes: number) =>
    `01bb c350 00000001 00000002 ${offset}12 ffff 0000 0000 ${zeros(40)}`
      .replaceAll(" ", "")
      .slice(0, 2 * bytes);
  const TCP4 = { protocol: "06" };

  test.each([
    ["TCP of 19 bytes", v4(tcp("50", 19), TCP4), "truncated-l4"],
    ["TCP of 20 bytes", v4(tcp("50", 20), TCP4), "packet"],
    ["TCP of 19 bytes in a first fragment", v4(tcp("50", 19), { ...TCP4, ...FIRST }), "tiny-fragment"],
    ["TCP of 20 bytes in a first fragment", v4(tcp("50", 20), { ...TCP4, ...FIRST }), "packet"],
    ["TCP data offset 4", v4(tcp("40", 20), TCP4), "bad-tcp-offset"],
    ["TCP data offset 4 in a first fragment", v4(tcp("40", 20), { ...TCP4, ...FIRST }), "bad-tcp-offset"],
    ["TCP data offset 6 and 23 bytes", v4(tcp("60", 23), TCP4), "truncated-l4"],
    ["TCP data offset 6 and 24 bytes", v4(tcp("60", 24), TCP4), "packet"],
    [
      "TCP data offset 15 and 59 bytes, first fragment",
      v4(tcp("f0", 59), { ...TCP4, ...FIRST }),
      "tiny-fragment",
    ],
    ["TCP data offset 15 and 60 bytes, first fragment", v4(tcp("f0", 60), { ...TCP4, ...FIRST }), "packet"],
    ["UDP of 7 bytes", v4("0035 0fa0 0008 00"), "truncated-l4"],
    ["UDP of 8 bytes", v4("0035 0fa0 0008 0000"), "packet"],
    ["UDP of 7 bytes in a first fragment", v4("0035 0fa0 0008 00", FIRST), "tiny-fragment"],
    ["UDP length 0", v4("0035 0fa0 0000 0000"), "bad-udp-length"],
    ["UDP length 7", v4("0035 0fa0 0007 0000"), "bad-udp-length"],
    ["UDP length 7 in a first fragment", v4("0035 0fa0 0007 0000", FIRST), "bad-udp-length"],
    ["UDP length 8 with a byte behind", v4("0035 0fa0 0008 0000 ff"), "packet"],
    ["UDP length one more than there is", v4("0035 0fa0 000a 0000 ff"), "bad-udp-length"],
    ["UDP length more than there is, in a first fragment", v4("0035 0fa0 ffff 0000 ff", FIRST), "packet"],
    ["ICMP of 7 bytes", v4("08 00 0000 000000", { protocol: "01" }), "truncated-l4"],
    ["ICMP of 8 bytes", v4("08 00 0000 00000000", { protocol: "01" }), "packet"],
    [
      "ICMP of 7 bytes in a first fragment",
      v4("08 00 0000 000000", { protocol: "01", ...FIRST }),
      "tiny-fragment",
    ],
    ["ICMPv6 of 7 bytes", v6("80 00 0000 000000", { next: "3a" }), "truncated-l4"],
    ["ICMPv6 of 8 bytes", v6("80 00 0000 00000000", { next: "3a" }), "packet"],
    ["ICMP of 1 byte in IPv6 has no header", v6("08", { next: "01" }), "packet"],
    ["ICMPv6 of 1 byte in IPv4 has no header", v4("80", { protocol: "3a" }), "packet"],
    ["GRE of no bytes has no header", v4("", { protocol: "2f" }), "packet"],
    [
      "IPv6 in a first fragment of 7 bytes of UDP",
      v6("1100000100000001 0035 0fa0 0008 00", { next: "2c" }),
      "tiny-fragment",
    ],
  ])("%s", (_name, frame, expected) => expect(outcome(frame)).toBe(expected));

  test("TCP: ports, flags, and the payload after the data offset", () => {
    expect(fields(v4(tcp("70", 33), TCP4))).toMatchObject({
      sourcePort: 443,
      destinationPort: 50_000,
      tcpFlags: 0x12,
      payloadLength: 5,
    });
  });
  test("UDP: the payload goes to the end of the L3 length, whatever its length field", () => {
    expect(fields(v4("0035 0fa0 0008 0000 ffffff")).payloadLength).toBe(3);
  });
  test("ICMP and ICMPv6: type and code, and no ports", () => {
    expect(fields(v4("03 04 0000 00000000 ff", { protocol: "01" }))).toMatchObject({
      icmp: 0x0304,
      sourcePort: null,
      payloadLength: 1,
    });
    expect(fields(v6("87 00 0000 00000000", { next: "3a" })).icmp).toBe(0x8700);
  });
  test("other protocols: no fields of L4, all of it payload", () => {
    expect(fields(v6("0800 0000 00000000", { next: "01" }))).toMatchObject({
      protocol: 1,
      icmp: null,
      payloadLength: 8,
    });
    expect(fields(v4("ffff", { protocol: "2f" }))).toMatchObject({ sourcePort: null, payloadLength: 2 });
  });
});
