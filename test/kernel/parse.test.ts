// docs/SEMANTICS.md §1 in the kernel: Ethernet, VLAN tags, IPv4 and L4, at both sides of each edge.
// `truncated-ethernet` is not here: BPF_PROG_TEST_RUN refuses frames below 14 bytes (net/bpf/test_run.c), and a packet
// socket can not send one either.

import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPacket, padTo, truncateTo } from "../../src/packet/build.ts";
import type { PacketSpec } from "../../src/packet/spec.ts";
import { describeKernel } from "../support/kernel.ts";
import { buildObject, Filter, reasonOf as reasonIn } from "./harness.ts";

const V4 = { source: "198.51.100.7", destination: "203.0.113.5" };
const V6 = { source: "2001:db8::7", destination: "2001:db8::5" };
const UDP = { sourcePort: 40_000, destinationPort: 53 };
const TCP = { sourcePort: 40_000, destinationPort: 443 };

let filter: Filter;
beforeAll(() => {
  buildObject();
  filter = new Filter({ rules: [], defaultVerdict: "pass", everyDimension: true });
});
afterAll(() => filter?.close());

const reasonOf = (packet: PacketSpec | Uint8Array) => reasonIn(filter, packet);

describeKernel("ethernet and VLAN tags", () => {
  const udp4 = { ipv4: V4, udp: UDP };

  test("14 bytes are a frame: the smallest that BPF_PROG_TEST_RUN takes", () => {
    const header = buildPacket({ ethernet: { type: 0x0800 }, payload: new Uint8Array(0) });
    expect(header.length).toBe(14);
    expect(reasonOf(header)).toBe("truncated-ip");
    expect(reasonOf(buildPacket({ ethernet: { type: 0x0806 }, payload: new Uint8Array(0) }))).toBe("arp");
  });

  test("other ethertypes, down to the neighbours of those that are judged", () => {
    for (const type of [
      0x07ff, 0x0801, 0x0805, 0x0807, 0x86dc, 0x86de, 0x80ff, 0x8101, 0x88a7, 0x88a9, 0x88cc, 46,
    ])
      expect(reasonOf({ ethernet: { type }, payloadBytes: 46 })).toBe("other-ethertype");
  });

  test("one and two tags of either kind are taken off, a third is too many", () => {
    for (const type of [0x8100, 0x88a8]) {
      expect(reasonOf({ ...udp4, vlan: [{ id: 5, type }] })).toBe("default");
      expect(reasonOf({ ...udp4, vlan: [{ id: 5, type }, 6] })).toBe("default");
      expect(reasonOf({ ...udp4, vlan: [5, { id: 6, type }] })).toBe("default");
      expect(reasonOf({ ...udp4, vlan: [5, 6, { id: 7, type }] })).toBe("too-many-vlan-tags");
    }
    expect(reasonOf({ ipv6: V6, udp: UDP, vlan: [5, 6] })).toBe("default");
    expect(reasonOf({ arp: { sender: V4.source, target: V4.destination }, vlan: [5, 6] })).toBe("arp");
  });

  test("a tag of which a byte is missing is truncated: 17 and 18 bytes, 21 and 22", () => {
    const one = buildPacket({ ...udp4, vlan: [5] });
    expect(reasonOf(truncateTo(one, 17))).toBe("truncated-vlan");
    expect(reasonOf(truncateTo(one, 18))).toBe("truncated-ip");
    const two = buildPacket({ ...udp4, vlan: [5, 6] });
    expect(reasonOf(truncateTo(two, 21))).toBe("truncated-vlan");
    expect(reasonOf(truncateTo(two, 22))).toBe("truncated-ip");
    // The third tag's own bytes are not asked for.
    expect(reasonOf(truncateTo(buildPacket({ ...udp4, vlan: [5, 6, 7] }), 22))).toBe("too-many-vlan-tags");
  });
});

describeKernel("IPv4", () => {
  const ip = (fields: object, rest: PacketSpec = { protocol: 47, payloadBytes: 26 }) =>
    reasonOf({ ...rest, ipv4: { ...V4, ...fields } });

  test("19 bytes are truncated, 20 are a header", () => {
    const frame = buildPacket({ ipv4: V4, protocol: 47 });
    expect(frame.length).toBe(34);
    expect(reasonOf(truncateTo(frame, 33))).toBe("truncated-ip");
    expect(reasonOf(frame)).toBe("default");
  });

  test("a version that is not 4, also under two tags", () => {
    for (const version of [0, 3, 5, 6, 15]) expect(ip({ version })).toBe("bad-ip-version");
    expect(reasonOf({ vlan: [1, 2], ipv4: { ...V4, version: 6 }, protocol: 47 })).toBe("bad-ip-version");
  });

  test("IHL 4 and 5, and 15 with and without its bytes", () => {
    expect(ip({ ihl: 0 })).toBe("bad-ihl");
    expect(ip({ ihl: 4 })).toBe("bad-ihl");
    expect(ip({ ihl: 5 })).toBe("default");
    expect(ip({ ihl: 15 }, { protocol: 47, payloadBytes: 40 })).toBe("default");
    expect(ip({ ihl: 15 }, { protocol: 47, payloadBytes: 39 })).toBe("bad-total-length");
  });

  test("the total length: the header's own, one below, what the frame holds, one above", () => {
    expect(ip({ totalLength: 19 })).toBe("bad-total-length");
    expect(ip({ totalLength: 20 })).toBe("default");
    expect(ip({ totalLength: 46 })).toBe("default");
    expect(ip({ totalLength: 47 })).toBe("truncated-ip");
    expect(ip({ totalLength: 65_535 })).toBe("truncated-ip");
    expect(ip({ ihl: 6, totalLength: 23 })).toBe("bad-total-length");
    expect(ip({ ihl: 6, totalLength: 24 })).toBe("default");
  });

  test("bytes beyond the total length are padding and give no header", () => {
    expect(reasonOf(padTo(buildPacket({ ipv4: V4, udp: UDP }), 60))).toBe("default");
    expect(ip({ totalLength: 27 }, { udp: UDP, payloadBytes: 18 })).toBe("truncated-l4");
    expect(ip({ totalLength: 28 }, { udp: { ...UDP, length: 8 }, payloadBytes: 18 })).toBe("default");
  });

  test("a fragment that ends at 65,535 and one past it", () => {
    const fragment = (payloadBytes: number) =>
      ip({ fragmentOffset: 65_528 - 8 }, { protocol: 17, payloadBytes });
    expect(fragment(15)).toBe("default");
    expect(fragment(16)).toBe("bad-fragment");
    expect(ip({ fragmentOffset: 65_528 }, { protocol: 17, payloadBytes: 7 })).toBe("default");
    expect(ip({ fragmentOffset: 65_528 }, { protocol: 17, payloadBytes: 8 })).toBe("bad-fragment");
    // With options: their bytes are not data.
    const options = new Uint8Array(40);
    expect(ip({ fragmentOffset: 65_528, options }, { protocol: 17, payloadBytes: 7 })).toBe("default");
    expect(ip({ fragmentOffset: 65_528, options }, { protocol: 17, payloadBytes: 8 })).toBe("bad-fragment");
  });

  test("a later fragment has no L4 header to be truncated; a first one has", () => {
    expect(ip({ fragmentOffset: 8 }, { protocol: 6, payloadBytes: 1 })).toBe("default");
    expect(ip({ fragmentOffset: 8, moreFragments: true }, { protocol: 17, payloadBytes: 0 })).toBe("default");
    expect(ip({ moreFragments: true }, { protocol: 6, payloadBytes: 19 })).toBe("tiny-fragment");
    expect(ip({ dontFragment: true }, { protocol: 6, payloadBytes: 19 })).toBe("truncated-l4");
  });
});

describeKernel.each([
  ["IPv4", { ipv4: V4 }, 1],
  ["IPv6", { ipv6: V6 }, 58],
] as const)("L4 over %s", (_, ip, icmpProtocol) => {
  const cut = (protocol: number, payloadBytes: number) => reasonOf({ ...ip, protocol, payloadBytes });

  test("TCP: 19 and 20 bytes", () => {
    expect(cut(6, 19)).toBe("truncated-l4");
    expect(reasonOf({ ...ip, tcp: TCP })).toBe("default");
    expect(cut(6, 20)).toBe("bad-tcp-offset"); // zeros
  });

  test("TCP: data offset 4 and 5; 15 with all its bytes and with one less", () => {
    const tcp = (dataOffset: number, payloadBytes: number) =>
      reasonOf({ ...ip, tcp: { ...TCP, dataOffset }, payloadBytes });
    expect(tcp(0, 60)).toBe("bad-tcp-offset");
    expect(tcp(4, 60)).toBe("bad-tcp-offset");
    expect(tcp(5, 0)).toBe("default");
    expect(tcp(6, 4)).toBe("default");
    expect(tcp(6, 3)).toBe("truncated-l4");
    expect(tcp(15, 40)).toBe("default");
    expect(tcp(15, 39)).toBe("truncated-l4");
  });

  test("UDP: 7 and 8 bytes", () => {
    expect(cut(17, 7)).toBe("truncated-l4");
    expect(reasonOf({ ...ip, udp: UDP })).toBe("default");
  });

  test("UDP: length 0, 7, 8, what is there, one above", () => {
    const udp = (length: number) => reasonOf({ ...ip, udp: { ...UDP, length }, payloadBytes: 10 });
    expect(udp(0)).toBe("bad-udp-length");
    expect(udp(7)).toBe("bad-udp-length");
    expect(udp(8)).toBe("default");
    expect(udp(18)).toBe("default");
    expect(udp(19)).toBe("bad-udp-length");
    expect(udp(65_535)).toBe("bad-udp-length");
  });

  test("ICMP of its own family: 7 and 8 bytes; of the other family it has no header", () => {
    expect(cut(icmpProtocol, 7)).toBe("truncated-l4");
    expect(cut(icmpProtocol, 8)).toBe("default");
    expect(cut(icmpProtocol === 1 ? 58 : 1, 0)).toBe("default");
  });

  test("other protocols need no byte", () => {
    for (const protocol of [2, 4, 5, 7, 16, 18, 41, 47, 50, 59, 89, 132, 255])
      expect(cut(protocol, 0)).toBe("default");
  });
});

describeKernel("first fragments", () => {
  test("IPv4: every missing header is a tiny fragment, and the UDP length may exceed the fragment", () => {
    const first = (rest: PacketSpec) => reasonOf({ ...rest, ipv4: { ...V4, moreFragments: true } });
    expect(first({ protocol: 6, payloadBytes: 19 })).toBe("tiny-fragment");
    expect(first({ protocol: 17, payloadBytes: 7 })).toBe("tiny-fragment");
    expect(first({ protocol: 1, payloadBytes: 7 })).toBe("tiny-fragment");
    expect(first({ tcp: { ...TCP, dataOffset: 6 }, payloadBytes: 3 })).toBe("tiny-fragment");
    expect(first({ tcp: { ...TCP, dataOffset: 4 }, payloadBytes: 4 })).toBe("bad-tcp-offset");
    expect(first({ udp: { ...UDP, length: 4000 }, payloadBytes: 8 })).toBe("default");
    expect(first({ udp: { ...UDP, length: 7 }, payloadBytes: 8 })).toBe("bad-udp-length");
    expect(first({ protocol: 47, payloadBytes: 0 })).toBe("default");
  });

  test("IPv6: likewise", () => {
    const first = (rest: PacketSpec) =>
      reasonOf({ ...rest, ipv6: { ...V6, extensions: [{ kind: "fragment", more: true }] } });
    expect(first({ protocol: 6, payloadBytes: 19 })).toBe("tiny-fragment");
    expect(first({ protocol: 58, payloadBytes: 7 })).toBe("tiny-fragment");
    expect(first({ tcp: { ...TCP, dataOffset: 6 }, payloadBytes: 3 })).toBe("tiny-fragment");
    expect(first({ udp: { ...UDP, length: 4000 }, payloadBytes: 8 })).toBe("default");
  });
});
