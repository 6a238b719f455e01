import { describe, expect, it } from "vitest";
import { buildPacket } from "../../packet/build.ts";
import type { PacketSpec } from "../../packet/spec.ts";
import { emptyHeaders, formatAddress, readHeaders } from "./headers.ts";
import { patternNames, patternsOf } from "./patterns.ts";

const A4 = { source: "198.51.100.7", destination: "203.0.113.5" };
const A6 = { source: "2001:db8::7", destination: "2001:db8::5" };
const headers = emptyHeaders();

function patterns(spec: PacketSpec, reason = "rule"): string[] {
  const bytes = buildPacket(spec);
  readHeaders(bytes, 0, Math.min(96, bytes.length), headers);
  return patternNames(patternsOf(bytes, headers, reason, bytes.length));
}

const tcp = (flags: number) => ({ sourcePort: 1000, destinationPort: 80, flags });
const udp = (sourcePort: number, destinationPort = 4000) => ({ sourcePort, destinationPort });

describe("attack patterns of one packet", () => {
  it("are none in ordinary packets", () => {
    expect(patterns({ ipv4: A4, tcp: tcp(0x02) })).toEqual([]);
    expect(patterns({ ipv4: A4, tcp: tcp(0x12) })).toEqual([]);
    expect(patterns({ ipv6: A6, udp: udp(4000), payloadBytes: 100 })).toEqual([]);
    expect(patterns({ ethernet: { type: 0x88cc }, payloadBytes: 46 })).toEqual([]);
  });

  it.each([
    ["syn-fin", 0x03, 0x02],
    ["tcp-null", 0x00, 0x10],
    ["tcp-xmas", 0x29, 0x28],
  ])("%s is seen in TCP flags", (name, flags, other) => {
    expect(patterns({ ipv4: A4, tcp: tcp(flags) })).toContain(name);
    expect(patterns({ ipv6: A6, tcp: tcp(flags) })).toContain(name);
    expect(patterns({ ipv4: A4, tcp: tcp(other) })).not.toContain(name);
  });

  it("land-attack is a packet from where it goes to, in both families", () => {
    expect(patterns({ ipv4: { ...A4, source: A4.destination }, tcp: tcp(2) })).toEqual(["land-attack"]);
    expect(patterns({ ipv6: { ...A6, source: A6.destination }, tcp: tcp(2) })).toEqual(["land-attack"]);
  });

  it("amplification is UDP from a port that answers with more than it is asked, also behind VLAN tags", () => {
    for (const port of [19, 53, 123, 389, 1900, 11_211])
      expect(patterns({ vlan: [5, 6], ipv4: A4, udp: udp(port), payloadBytes: 400 })).toEqual([
        "amplification",
      ]);
    for (const port of [54, 122, 443])
      expect(patterns({ ipv4: A4, udp: udp(port), payloadBytes: 400 })).toEqual([]);
    expect(patterns({ ipv4: A4, udp: udp(40_000, 53), payloadBytes: 40 })).toEqual([]);
  });

  it("port-zero is either port", () => {
    expect(patterns({ ipv4: A4, udp: udp(0), payloadBytes: 40 })).toEqual(["port-zero"]);
    expect(patterns({ ipv4: A4, udp: udp(9, 0), payloadBytes: 40 })).toEqual(["port-zero"]);
    expect(patterns({ ipv4: A4, udp: udp(1, 1), payloadBytes: 40 })).toEqual([]);
  });

  it("martian-source is an address that no host has", () => {
    for (const source of ["0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"])
      expect(patterns({ ipv4: { ...A4, source }, tcp: tcp(2) })).toEqual(["martian-source"]);
    for (const source of ["1.0.0.1", "126.255.255.255", "128.0.0.1", "223.255.255.255"])
      expect(patterns({ ipv4: { ...A4, source }, tcp: tcp(2) })).toEqual([]);
    for (const source of ["::", "::1", "ff02::1"])
      expect(patterns({ ipv6: { ...A6, source }, tcp: tcp(2) })).toEqual(["martian-source"]);
    for (const source of ["::2", "fe80::1"])
      expect(patterns({ ipv6: { ...A6, source }, tcp: tcp(2) })).toEqual([]);
  });

  it("fragments are seen by what they would do to a stack", () => {
    const ip = (fragmentOffset: number, moreFragments: boolean) => ({
      ...A4,
      fragmentOffset,
      moreFragments,
    });
    const later = (offset: number) => patterns({ ipv4: ip(offset, false), protocol: 6, payloadBytes: 100 });
    expect(later(8)).toEqual(["overlapping-fragment"]);
    expect(later(16)).toEqual(["overlapping-fragment"]);
    expect(later(24)).toEqual([]);
    expect(patterns({ ipv4: ip(800, true), protocol: 17, payloadBytes: 8 })).toEqual(["tiny-fragment"]);
    expect(patterns({ ipv4: ip(800, false), protocol: 17, payloadBytes: 8 })).toEqual([]);
    expect(patterns({ ipv4: ip(0, true), protocol: 6, payloadBytes: 100 }, "tiny-fragment")).toContain(
      "tiny-fragment",
    );
    expect(patterns({ ipv4: A4, protocol: 17, payloadBytes: 100 }, "bad-fragment")).toContain(
      "oversize-fragment",
    );
  });

  it("smurf is an echo request to a broadcast address", () => {
    const ping = (destination: string, type = 8) =>
      patterns({ ipv4: { ...A4, destination }, icmp: { type, code: 0 }, payloadBytes: 20 });
    expect(ping("203.0.113.255")).toEqual(["smurf"]);
    expect(ping("203.0.113.5")).toEqual([]);
    expect(ping("203.0.113.255", 0)).toEqual([]);
  });
});

describe("headers of captured bytes", () => {
  it("end where the capture does, wherever that is", () => {
    const spec: PacketSpec = {
      vlan: [1, 2],
      ipv6: { ...A6, extensions: [{ kind: "hop-by-hop" }, { kind: "fragment" }] },
      tcp: tcp(2),
      payloadBytes: 40,
    };
    const bytes = buildPacket(spec);
    for (let end = 0; end <= bytes.length; end++) {
      readHeaders(bytes, 0, end, headers);
      expect(headers.addressesAt + (headers.family === 0 ? 0 : 32)).toBeLessThanOrEqual(end);
    }
    expect(headers).toMatchObject({ family: 6, protocol: 6, sourcePort: 1000, destinationPort: 80 });
  });

  it.each([
    ["2001:db8::7", "2001:db8::7"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
  ])("show %s as RFC 5952 writes it", (source, text) => {
    const bytes = buildPacket({ ipv6: { ...A6, source }, tcp: tcp(2) });
    readHeaders(bytes, 0, bytes.length, headers);
    expect(formatAddress(bytes, headers.addressesAt, 6)).toBe(text);
  });
});
