// docs/SEMANTICS.md §1 and §2 in the kernel: what is always passed, and the verdict of each parse class.

import { afterAll, beforeAll, expect, test } from "vitest";
import { REASONS, type Reason } from "../../src/bundle/abi.ts";
import { buildPacket } from "../../src/packet/build.ts";
import type { ExtensionSpec, PacketSpec } from "../../src/packet/spec.ts";
import { describeKernel } from "../support/kernel.ts";
import { buildObject, byReason, Filter, reasonOf as reasonIn } from "./harness.ts";

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

describeKernel("always passed", () => {
  const nd = (type: number, code = 0, hopLimit = 255, rest: object = {}) =>
    reasonOf({ ipv6: { ...V6, hopLimit, ...rest }, icmpv6: { type, code }, payloadBytes: 16 });

  test("ARP, requests and replies", () => {
    for (const operation of [1, 2])
      expect(reasonOf({ arp: { operation, sender: V4.source, target: V4.destination } })).toBe("arp");
  });

  test("neighbour discovery: types 133 to 137, code 0, hop limit 255, whole", () => {
    for (const type of [133, 134, 135, 136, 137]) expect(nd(type)).toBe("neighbour-discovery");
    for (const type of [128, 132, 138]) expect(nd(type)).toBe("default");
    expect(nd(135, 1)).toBe("default");
    expect(nd(137, 255)).toBe("default");
    expect(nd(135, 0, 254)).toBe("default");
    expect(nd(135, 0, 255, { extensions: [{ kind: "fragment", more: true }] })).toBe("default");
    expect(nd(135, 0, 255, { extensions: [{ kind: "fragment" }] })).toBe("neighbour-discovery");
    expect(nd(135, 0, 255, { extensions: [{ kind: "hop-by-hop" }] })).toBe("neighbour-discovery");
    expect(reasonOf({ ipv4: { ...V4, ttl: 255 }, icmp: { type: 135 } })).toBe("default");
  });

  const dhcp = (spec: PacketSpec, sourcePort: number, destinationPort: number) =>
    reasonOf({ ...spec, udp: { sourcePort, destinationPort }, payloadBytes: 20 });

  test("DHCP over IPv4: 67 and 68, either way, whole", () => {
    const ip = { ipv4: V4 };
    expect(dhcp(ip, 67, 68)).toBe("dhcp");
    expect(dhcp(ip, 68, 67)).toBe("dhcp");
    for (const [from, to] of [
      [67, 67],
      [68, 68],
      [66, 68],
      [67, 69],
      [546, 547],
    ] as const)
      expect(dhcp(ip, from, to)).toBe("default");
    expect(dhcp({ ipv4: { ...V4, moreFragments: true } }, 67, 68)).toBe("default");
    expect(reasonOf({ ipv4: V4, tcp: { sourcePort: 67, destinationPort: 68 } })).toBe("default");
  });

  test("DHCPv6: 546 and 547, either way, from fe80::/10 alone", () => {
    const from = (source: string) => ({ ipv6: { ...V6, source } });
    expect(dhcp(from("fe80::1"), 546, 547)).toBe("dhcp");
    expect(dhcp(from("febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 547, 546)).toBe("dhcp");
    expect(dhcp(from("fe7f:ffff::1"), 546, 547)).toBe("default");
    expect(dhcp(from("fec0::1"), 546, 547)).toBe("default");
    expect(dhcp(from("fe80::1"), 547, 547)).toBe("default");
    expect(dhcp(from("fe80::1"), 67, 68)).toBe("default");
    expect(
      dhcp({ ipv6: { ...V6, source: "fe80::1", extensions: [{ kind: "fragment", more: true }] } }, 546, 547),
    ).toBe("default");
  });
});

describeKernel("verdicts of parse classes", () => {
  const samples: Partial<Record<Reason, PacketSpec>> = {
    "other-ethertype": { ethernet: { type: 0x88cc }, payloadBytes: 46 },
    "truncated-vlan": { ethernet: { type: 0x8100 }, payloadBytes: 3 },
    "too-many-vlan-tags": { vlan: [1, 2, 3], ipv4: V4, udp: UDP },
    "truncated-ip": { ipv4: { ...V4, totalLength: 200 }, udp: UDP },
    "bad-ip-version": { ipv4: { ...V4, version: 5 }, udp: UDP },
    "bad-ihl": { ipv4: { ...V4, ihl: 4 }, udp: UDP },
    "bad-total-length": { ipv4: { ...V4, totalLength: 10 }, udp: UDP },
    "truncated-extension": { ipv6: { ...V6, nextHeader: 0 }, protocol: 59, payloadBytes: 1 },
    "too-many-extensions": {
      ipv6: { ...V6, extensions: Array.from({ length: 9 }, (): ExtensionSpec => ({ kind: "routing" })) },
      udp: UDP,
    },
    "bad-fragment": { ipv4: { ...V4, fragmentOffset: 65_528 }, protocol: 17, payloadBytes: 8 },
    "tiny-fragment": { ipv4: { ...V4, moreFragments: true }, protocol: 6, payloadBytes: 8 },
    "truncated-l4": { ipv4: V4, protocol: 6, payloadBytes: 8 },
    "bad-tcp-offset": { ipv4: V4, tcp: { ...TCP, dataOffset: 4 } },
    "bad-udp-length": { ipv4: V4, udp: { ...UDP, length: 7 } },
  };

  test("there is a packet for every class but truncated-ethernet", () => {
    const classes = REASONS.slice(REASONS.indexOf("other-ethertype"));
    expect(Object.keys(samples).sort()).toEqual(classes.filter((c) => c !== "truncated-ethernet").sort());
  });

  test("a class that is passed is passed, and no other", () => {
    for (const passed of Object.keys(samples) as Reason[]) {
      using one = new Filter({ rules: [], defaultVerdict: "drop", passReasons: [passed] });
      for (const [reason, spec] of Object.entries(samples) as [Reason, PacketSpec][])
        expect(one.run(buildPacket(spec))).toEqual(byReason(reason === passed ? "pass" : "drop", reason));
    }
  });
});
