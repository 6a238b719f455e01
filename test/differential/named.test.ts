// What filters are known to get wrong, each case judged by the evaluator and by the XDP program: ports at the ends of
// their ranges, prefixes inside prefixes, IPv6 extension chains, double VLAN tags, fragments.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatAddress } from "../../src/ir/prefix.ts";
import { buildPacket } from "../../src/packet/build.ts";
import { fragments, udp } from "../../src/packet/helpers.ts";
import type { ExtensionSpec, PacketSpec } from "../../src/packet/spec.ts";
import {
  by,
  drop,
  fleet,
  limit,
  management,
  not,
  packets,
  packetsPerSecond,
  pass,
  policy,
  prefixes,
  range,
} from "../../src/policy/index.ts";
import type { Fleet, Rule } from "../../src/policy/types.ts";
import { describeKernel } from "../support/kernel.ts";
import { lowerFleet } from "./compare.ts";
import { twinIn } from "./edges.ts";
import { type Engine, kernelEngine, modelEngine } from "./engines.ts";

const V4 = { source: "198.51.100.7", destination: "203.0.113.5" };
const V6 = { source: "2001:db8::7", destination: "2001:db8::5" };
const fleetOf = (...rules: Rule[]): Fleet =>
  fleet("named", {
    interfaces: ["eth0"],
    defaultVerdict: "pass",
    management: [],
    policies: [policy("p", { owners: ["test"], rules: rules as never })],
  });

const DEFAULT = "pass - default";
const dropped = (rule: string) => `drop p/${rule} rule`;
const passed = (rule: string) => `pass p/${rule} rule`;

type Open = (fleet: Fleet) => Engine["decide"];

/** Each fleet is opened once, before the tests of its block. */
function block(name: string, open: Open, of: Fleet, body: (decide: Engine["decide"]) => void): void {
  describe(name, () => {
    let decide: Engine["decide"];
    beforeAll(() => {
      decide = open(of);
    });
    body((frame, atNs) => decide(frame, atNs));
  });
}

function cases(open: Open): void {
  const port = (destination: number, source = 40_000) =>
    buildPacket({ ipv4: V4, udp: { sourcePort: source, destinationPort: destination } });

  block(
    "a port range",
    open,
    fleetOf(
      drop("low", { protocol: "udp", destinationPort: range(0, 52) }),
      drop("middle", { protocol: "udp", destinationPort: [range(1024, 2047), 4000, range(5000, 5001)] }),
      drop("high", { protocol: "udp", destinationPort: range(65_534, 65_535) }),
      drop("others", { protocol: "udp", sourcePort: not(range(1, 65_534)) }),
    ),
    (decide) => {
      test.each([
        [0, dropped("low")],
        [52, dropped("low")],
        [53, DEFAULT],
        [1023, DEFAULT],
        [1024, dropped("middle")],
        [2047, dropped("middle")],
        [2048, DEFAULT],
        [3999, DEFAULT],
        [4000, dropped("middle")],
        [4001, DEFAULT],
        [4999, DEFAULT],
        [5000, dropped("middle")],
        [5001, dropped("middle")],
        [5002, DEFAULT],
        [65_533, DEFAULT],
        [65_534, dropped("high")],
        [65_535, dropped("high")],
      ])("decides destination port %i to the number", (number, expected) => {
        expect(decide(port(number))).toBe(expected);
      });
      test.each([
        [0, dropped("others")],
        [1, DEFAULT],
        [65_534, DEFAULT],
        [65_535, dropped("others")],
      ])("turned round decides source port %i to the number", (number, expected) => {
        expect(decide(port(53, number))).toBe(expected);
      });
    },
  );

  const from = (source: string) =>
    source.includes(":")
      ? buildPacket({ ipv6: { ...V6, source }, protocol: 47 })
      : buildPacket({ ipv4: { ...V4, source }, protocol: 47 });

  block(
    "a broad deny under a narrower set",
    open,
    fleet("named", {
      interfaces: ["eth0"],
      defaultVerdict: "pass",
      management: [],
      policies: [
        policy("p", {
          owners: ["test"],
          sets: {
            friends: prefixes("10.1.2.0/24", "2001:db8:1:2::/64"),
            worst: prefixes("10.1.2.128/25", "2001:db8:1:2:8000::/65"),
            broad: prefixes("10.0.0.0/8", "2001:db8::/32"),
          },
          rules: [
            drop("worst", { source: "worst" }),
            pass("friends", { source: "friends" }),
            drop("broad", { source: "broad" }),
          ],
        }),
      ],
    }),
    (decide) => {
      test.each([
        ["9.255.255.255", DEFAULT],
        ["10.0.0.0", dropped("broad")],
        ["10.1.1.255", dropped("broad")],
        ["10.1.2.0", passed("friends")],
        ["10.1.2.127", passed("friends")],
        ["10.1.2.128", dropped("worst")],
        ["10.1.2.255", dropped("worst")],
        ["10.1.3.0", dropped("broad")],
        ["10.255.255.255", dropped("broad")],
        ["11.0.0.0", DEFAULT],
        ["2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", DEFAULT],
        ["2001:db8::", dropped("broad")],
        ["2001:db8:1:1:ffff:ffff:ffff:ffff", dropped("broad")],
        ["2001:db8:1:2::", passed("friends")],
        ["2001:db8:1:2:7fff:ffff:ffff:ffff", passed("friends")],
        ["2001:db8:1:2:8000::", dropped("worst")],
        ["2001:db8:1:2:ffff:ffff:ffff:ffff", dropped("worst")],
        ["2001:db8:1:3::", dropped("broad")],
        ["2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", dropped("broad")],
        ["2001:db9::", DEFAULT],
      ])("decides %s by the narrowest rule above it", (source, expected) => {
        expect(decide(from(source))).toBe(expected);
      });
    },
  );

  const chain = (
    extensions: readonly ExtensionSpec[],
    rest: PacketSpec = { udp: { sourcePort: 1, destinationPort: 53 } },
  ) => buildPacket({ ...rest, ipv6: { ...V6, extensions } });
  const eight: readonly ExtensionSpec[] = [
    { kind: "hop-by-hop" },
    { kind: "destination-options", body: new Uint8Array(22) },
    { kind: "routing", body: new Uint8Array(38) },
    { kind: "fragment" },
    { kind: "authentication" },
    { kind: "mobility" },
    { kind: "hip" },
    { kind: "shim6" },
  ];

  block(
    "an IPv6 extension chain",
    open,
    fleetOf(
      drop("dns", { protocol: "udp", destinationPort: 53 }),
      drop("esp", { protocol: 50 }),
      drop("empty", { protocol: 59 }),
    ),
    (decide) => {
      test.each([
        ["no header", chain([]), dropped("dns")],
        ["one of each kind, eight in all", chain(eight), dropped("dns")],
        ["eight in another order", chain([...eight].reverse()), dropped("dns")],
        ["a ninth", chain([...eight, { kind: "hop-by-hop" }]), "drop - too-many-extensions"],
        [
          "a header that goes on beyond the packet",
          chain([{ kind: "routing", lengthByte: 255 }]),
          "drop - truncated-extension",
        ],
        [
          "ESP after two headers",
          chain(eight.slice(0, 2), { protocol: 50, payloadBytes: 20 }),
          dropped("esp"),
        ],
        ["no next header after two", chain(eight.slice(0, 2), { protocol: 59 }), dropped("empty")],
        [
          "ICMP for IPv4 after one, which has no header there",
          chain(eight.slice(0, 1), { protocol: 1, payloadBytes: 2 }),
          DEFAULT,
        ],
        ["two fragment headers", chain([{ kind: "fragment" }, { kind: "fragment" }]), "drop - bad-fragment"],
      ])("with %s", (_, frame, expected) => {
        expect(decide(frame)).toBe(expected);
      });
    },
  );

  const tagged = (vlan: PacketSpec["vlan"], destinationPort = 4000) =>
    buildPacket({ ipv4: V4, udp: { sourcePort: 1, destinationPort }, ...(vlan ? { vlan } : {}) });

  block(
    "a VLAN tag",
    open,
    fleetOf(
      drop("dns", { protocol: "udp", destinationPort: 53 }),
      drop("seven", { vlan: 7 }),
      drop("nine", { vlan: 9 }),
      drop("tagged", { vlan: not(range(0, 4094)) }),
    ),
    (decide) => {
      test.each([
        ["none", tagged(undefined), DEFAULT],
        ["one", tagged([7]), dropped("seven")],
        ["two, of which the outer counts", tagged([9, 7]), dropped("nine")],
        ["two, with the service tag outside", tagged([{ id: 9, type: 0x88a8 }, { id: 7 }]), dropped("nine")],
        ["two, and the ports are read behind them", tagged([8, 7], 53), dropped("dns")],
        ["a priority, which is no part of the id", tagged([{ id: 7, priority: 7 }]), dropped("seven")],
        ["id 4095, by a negated range", tagged([4095]), dropped("tagged")],
        ["three", tagged([1, 2, 3]), "drop - too-many-vlan-tags"],
      ])("%s", (_, frame, expected) => {
        expect(decide(frame)).toBe(expected);
      });
    },
  );

  // More than 64 rules, and so few combinations of their classes that the compiler writes down which rule decides each.
  const flow = management("ssh", { source: "192.0.2.1/32", destination: "203.0.113.9/32" });
  const written = Array.from({ length: 63 }, (_, n) =>
    drop(`port-${n}`, { protocol: "udp", destinationPort: n }),
  );
  const withTtl = (ttl: number, source = V4.source, destination = V4.destination) =>
    buildPacket({ ipv4: { source, destination, ttl }, udp: { sourcePort: 9, destinationPort: 9999 } });

  block(
    "a packet whose rule is written down",
    open,
    { ...fleetOf(...written, drop("ttl", { ttl: 7 }), drop("last", { ttl: 8 })), management: [flow] },
    (decide) => {
      test.each([
        ["is no management flow's, which asks for less than the rule", withTtl(7), dropped("ttl")],
        ["is none's where the source alone is", withTtl(7, "192.0.2.1"), dropped("ttl")],
        ["is none's where the destination alone is", withTtl(8, V4.source, "203.0.113.9"), dropped("last")],
        [
          "is the flow's where both are",
          withTtl(7, "192.0.2.1", "203.0.113.9"),
          "pass management/ssh management",
        ],
        ["is a port's", port(5), dropped("port-5")],
        ["is none's, and gets the default", port(63), DEFAULT],
      ])("%s", (_, frame, expected) => {
        expect(decide(frame)).toBe(expected);
      });
    },
  );

  // So many that they stand in an exact table: each alone in its /64 but for the last two.
  const site = (n: number) => 0x2001_0db8_0000_0000n + BigInt(n);
  const at = (n: number, low: bigint) => (site(n) << 64n) | low;
  const hosts = [...Array.from({ length: 1200 }, (_, n) => at(n, 1n)), at(1199, 3n)];
  const listed = hosts.map((host) => formatAddress(6, host) as `${string}:${string}`);
  const host = (value: bigint) =>
    buildPacket({ ipv6: { ...V6, source: formatAddress(6, value) }, protocol: 47 });

  block("a host among many of IPv6", open, fleetOf(drop("hosts", { source: listed })), (decide) => {
    test.each([
      ["that is listed", at(7, 1n), dropped("hosts")],
      ["that is listed beside another", at(1199, 3n), dropped("hosts")],
      ["of their /64 that is not listed", at(1199, 2n), DEFAULT],
      ["whose low half is another host's of another /64", at(7, 3n), DEFAULT],
      ["of another /64", at(1200, 1n), DEFAULT],
      ["that has the hash of a listed one, in a /64 of hosts", twinIn(site(8), at(7, 1n)), DEFAULT],
      ["that has the hash of a listed one, in another /64", twinIn(site(5000), at(7, 1n)), DEFAULT],
    ])("%s", (_, source, expected) => {
      expect(decide(host(source))).toBe(expected);
    });
  });

  const whole = udp({ from: "198.51.100.7:1", to: "203.0.113.5:53", payloadBytes: 100 });
  const whole6 = udp({ from: "[2001:db8::7]:1", to: "[2001:db8::5]:53", payloadBytes: 100 });
  const [first, later] = fragments(whole, 64);
  const [first6, later6] = fragments(whole6, 64);
  const part = (fragmentOffset: number, moreFragments: boolean, rest: PacketSpec) =>
    buildPacket({ ...rest, ipv4: { ...V4, fragmentOffset, moreFragments } });

  block(
    "a fragment",
    open,
    fleetOf(
      limit(
        "dns",
        { protocol: "udp", destinationPort: 53 },
        { rate: packetsPerSecond(1), burst: packets(1000), key: by.source() },
      ),
      drop("other-port", { protocol: "udp", destinationPort: not(53) }),
      drop("first", { fragment: "first", destinationPort: range(0, 65_535), protocol: "udp" }),
      drop("later-udp", { fragment: "later", protocol: "udp" }),
      pass("rest", { fragment: not("none") }),
    ),
    (decide) => {
      test.each([
        ["that is none, whole", whole, DEFAULT],
        ["that is none, in IPv6", whole6, DEFAULT],
        ["that is the first has ports", first!, dropped("first")],
        ["that is the first has ports, in IPv6", first6!, dropped("first")],
        [
          "that is a later one has none, and matches no port rule, negated or not",
          later!,
          dropped("later-udp"),
        ],
        ["that is a later one has none, in IPv6", later6!, dropped("later-udp")],
        ["later, of another protocol", part(64, false, { protocol: 47, payloadBytes: 8 }), passed("rest")],
        [
          "later, whose data would read as a bad UDP header",
          part(8, true, { protocol: 17, payload: new Uint8Array(8) }),
          dropped("later-udp"),
        ],
        ["first, of 7 bytes", part(0, true, { protocol: 17, payloadBytes: 7 }), "drop - tiny-fragment"],
        [
          "first, of 8 bytes that say they are more",
          part(0, true, { udp: { sourcePort: 1, destinationPort: 9, length: 900 } }),
          dropped("other-port"),
        ],
        ["that ends at 65,535", part(65_504, false, { protocol: 47, payloadBytes: 31 }), passed("rest")],
        [
          "that ends at 65,536",
          part(65_504, false, { protocol: 47, payloadBytes: 32 }),
          "drop - bad-fragment",
        ],
      ])("%s", (_, frame, expected) => {
        expect(decide(frame)).toBe(expected);
      });
    },
  );
}

function opener(make: (fleet: NonNullable<ReturnType<typeof lowerFleet>>) => Engine): Open {
  const engines: Engine[] = [];
  afterAll(() => {
    for (const engine of engines) engine.close();
  });
  return (fleet) => {
    const ir = lowerFleet(fleet);
    const rules = fleet.policies.flatMap((policy) => policy.rules);
    expect(ir?.rules).toHaveLength(rules.length);
    const engine = make(ir!);
    engines.push(engine);
    return engine.decide;
  };
}

describe("the model", () => cases(opener(modelEngine)));
describeKernel("the kernel", () => cases(opener(kernelEngine)));
