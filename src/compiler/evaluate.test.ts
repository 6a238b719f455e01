import { describe, expect, test } from "vitest";
import { complement } from "../ir/address-set.ts";
import { FIELD_DOMAIN } from "../ir/nodes.ts";
import { DEFAULT_PARSE_VERDICTS } from "../ir/parse-verdicts.ts";
import { complement as otherValues, ranges } from "../ir/ranges.ts";
import { buildPacket, ethernet, padTo } from "../packet/build.ts";
import { fragments, tcp, udp } from "../packet/helpers.ts";
import {
  ANY,
  addresses,
  evaluator,
  fields,
  frame,
  limit,
  PACKET,
  rule,
  SECOND,
  UDP,
} from "./evaluate/fixture.ts";

describe("parse classes", () => {
  test("get the fleet's verdict, and count by reason", () => {
    const { decide, counters } = evaluator([rule("all", "pass", ANY)]);
    expect(decide(Uint8Array.of(1))).toBe("drop - truncated-ethernet");
    expect(decide(ethernet(0x88cc, new Uint8Array(46)))).toBe("pass - other-ethertype");
    expect(counters().reasons["truncated-ethernet"]).toEqual({ packets: 1, bytes: 1 });
    expect(counters().reasons["other-ethertype"]).toEqual({ packets: 1, bytes: 60 });
    expect(counters().reasons["bad-ihl"]).toEqual({ packets: 0, bytes: 0 });
  });
  test("a verdict that the fleet turns round is turned round", () => {
    const parseVerdicts = {
      ...DEFAULT_PARSE_VERDICTS,
      "truncated-ethernet": "pass",
      "other-ethertype": "drop",
    } as const;
    const { decide } = evaluator([], { parseVerdicts });
    expect(decide(Uint8Array.of(1))).toBe("pass - truncated-ethernet");
    expect(decide(ethernet(0x88cc))).toBe("drop - other-ethertype");
  });
});

describe("always passed", () => {
  const dropAll = [rule("all", "drop", ANY)];
  const { decide } = evaluator(dropAll, { defaultVerdict: "drop" });

  test.each([
    ["arp 10.0.0.1 > 10.0.0.2", "pass - arp"],
    ["icmpv6 fe80::1 > ff02::1 type 133 ttl 255", "pass - neighbour-discovery"],
    ["icmpv6 2001:db8::1 > 2001:db8::2 type 137 ttl 255", "pass - neighbour-discovery"],
    ["icmpv6 fe80::1 > ff02::1 type 132 ttl 255", "drop site/all rule"],
    ["icmpv6 fe80::1 > ff02::1 type 138 ttl 255", "drop site/all rule"],
    ["icmpv6 fe80::1 > ff02::1 type 135 ttl 254", "drop site/all rule"],
    ["icmpv6 fe80::1 > ff02::1 type 135 code 1 ttl 255", "drop site/all rule"],
    ["icmpv6 fe80::1 > ff02::1 type 135 ttl 255 fragment first", "drop site/all rule"],
    ["udp 0.0.0.0:68 > 255.255.255.255:67", "pass - dhcp"],
    ["udp 10.0.0.1:67 > 10.0.0.9:68", "pass - dhcp"],
    ["udp 10.0.0.1:67 > 10.0.0.9:67", "drop site/all rule"],
    ["udp 10.0.0.1:67 > 10.0.0.9:69", "drop site/all rule"],
    ["udp 10.0.0.1:67 > 10.0.0.9:68 fragment first", "drop site/all rule"],
    ["udp 10.0.0.1:546 > 10.0.0.9:547", "drop site/all rule"],
    ["udp [fe80::1]:546 > [ff02::1:2]:547", "pass - dhcp"],
    ["udp [febf:ffff::1]:547 > [fe80::1]:546", "pass - dhcp"],
    ["udp [fec0::1]:547 > [fe80::1]:546", "drop site/all rule"],
    ["udp [fe7f:ffff::1]:547 > [fe80::1]:546", "drop site/all rule"],
    ["udp [fe80::1]:67 > [fe80::2]:68", "drop site/all rule"],
    ["tcp 10.0.0.1:67 > 10.0.0.9:68", "drop site/all rule"],
  ])("%s: %s", (text, expected) => expect(decide(text)).toBe(expected));

  test("an atomic fragment is a whole packet", () => {
    const atomic = buildPacket({
      ipv6: {
        source: "fe80::1",
        destination: "ff02::1",
        hopLimit: 255,
        extensions: [{ kind: "fragment" }],
      },
      icmpv6: { type: 135 },
    });
    expect(decide(atomic)).toBe("pass - neighbour-discovery");
  });

  test("management passes before blocks and rules, and counts twice: by reason and by flow", () => {
    const ssh = {
      ...rule("ssh", "pass", fields({ protocol: ranges([[6, 6]]), destinationPort: ranges([[22, 22]]) })),
      id: "management/ssh",
    };
    const { decide, block, counters } = evaluator(dropAll, { management: [ssh] });
    block("198.51.100.7", SECOND);
    const packet = tcp({ from: "198.51.100.7:50000", to: "203.0.113.5:22" });
    expect(decide(packet)).toBe("pass management/ssh management");
    expect(decide("tcp 198.51.100.7:50000 > 203.0.113.5:23")).toBe("drop - block");
    expect(counters().reasons.management).toEqual({ packets: 1, bytes: 54 });
    expect(counters().rules.get("management/ssh")?.decided).toEqual({ packets: 1, bytes: 54 });
  });
});

describe("blocks by an operator", () => {
  test("hold until their time, exclusive, and count by reason", () => {
    const { decide, block, counters } = evaluator([]);
    block("198.51.100.7", 5n * SECOND);
    expect(decide(PACKET, 5n * SECOND - 1n)).toBe("drop - block");
    expect(decide(PACKET, 5n * SECOND)).toBe("pass - default");
    expect(decide("udp 198.51.100.8:53 > 203.0.113.5:4000", 0n)).toBe("pass - default");
    expect(counters().reasons.block.packets).toBe(1);
  });
  test("an IPv6 source is blocked with its /64, and with no more", () => {
    const { decide, block } = evaluator([]);
    block("2001:db8:0:1::7", SECOND);
    expect(decide("udp [2001:db8:0:1:ffff:ffff:ffff:ffff]:1 > [2001:db8::9]:2")).toBe("drop - block");
    expect(decide("udp [2001:db8:0:2::]:1 > [2001:db8::9]:2")).toBe("pass - default");
    expect(decide("udp [2001:db8::ffff]:1 > [2001:db8::9]:2")).toBe("pass - default");
  });
  test("an IPv4 source may be written as a socket of IPv6 shows it", () => {
    const { decide, block, unblock } = evaluator([]);
    block("::ffff:198.51.100.7", SECOND);
    expect(decide(PACKET)).toBe("drop - block");
    expect(unblock("198.51.100.7")).toBe(true);
  });
  test("unblock ends one, and says whether there was one", () => {
    const { decide, block, unblock } = evaluator([]);
    block("198.51.100.7", SECOND);
    expect([unblock("198.51.100.7"), unblock("198.51.100.7")]).toEqual([true, false]);
    expect(decide(PACKET)).toBe("pass - default");
    expect(() => block("198.51.100.0/24", SECOND)).toThrow(
      '"198.51.100.0/24" is not an IPv4 or IPv6 address',
    );
  });
});

describe("matching", () => {
  test("rules go from top to bottom, and the first that decides ends it", () => {
    const { decide, counters } = evaluator([
      rule("inner", "pass", { ...ANY, source: addresses("198.51.100.7/32") }),
      rule("outer", "drop", { ...ANY, source: addresses("198.51.100.0/24") }),
      rule("never", "pass", { ...ANY, source: addresses("198.51.100.0/25") }),
    ]);
    expect(decide(PACKET)).toBe("pass site/inner rule");
    expect(decide("udp 198.51.100.8:53 > 203.0.113.5:4000")).toBe("drop site/outer rule");
    expect(decide("udp 198.51.101.0:53 > 203.0.113.5:4000")).toBe("pass - default");
    expect(counters().rules.get("site/never")?.decided.packets).toBe(0);
    expect(counters().reasons.rule.packets).toBe(0);
    expect(counters().reasons.default.packets).toBe(1);
  });

  test.each([
    ["10.0.0.0", "drop"],
    ["9.255.255.255", "pass"],
    ["10.255.255.255", "drop"],
    ["11.0.0.0", "pass"],
    ["255.255.255.255", "drop"],
    ["255.255.255.254", "pass"],
  ])("a plain set holds its members: source %s, %s", (source, expected) => {
    const { decide } = evaluator([
      rule("set", "drop", { ...ANY, source: addresses("10.0.0.0/8", "255.255.255.255/32") }),
    ]);
    expect(decide(`udp ${source}:1 > 203.0.113.5:2`)).toContain(expected);
  });
  test.each([
    ["2001:db8::", "drop"],
    ["2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "pass"],
    ["2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "drop"],
    ["2001:db9::", "pass"],
  ])("an IPv6 set holds its members: destination %s, %s", (destination, expected) => {
    const { decide } = evaluator([rule("set", "drop", { ...ANY, destination: addresses("2001:db8::/32") })]);
    expect(decide(`udp [::1]:1 > [${destination}]:2`)).toContain(expected);
  });
  test("a set of one family holds nothing of the other; a negated one all of it", () => {
    const set = addresses("0.0.0.0/0");
    const plain = evaluator([rule("set", "drop", { ...ANY, source: set })]);
    const negated = evaluator([rule("set", "drop", { ...ANY, source: complement(set) })]);
    expect(plain.decide("udp [::1]:1 > [::2]:2")).toBe("pass - default");
    expect(negated.decide("udp [::1]:1 > [::2]:2")).toBe("drop site/set rule");
    expect(negated.decide(PACKET)).toBe("pass - default");
  });

  test.each([
    ["sourcePort", 53],
    ["destinationPort", 4000],
    ["tcpFlags", 0x12],
    ["l3Length", 52],
    ["ttl", 9],
    ["dscp", 46],
    ["vlan", 7],
    ["payloadLength", 12],
    ["fragment", 0],
    ["protocol", 6],
  ] as const)("field %s at both edges", (field, value) => {
    const packet = "tcp 198.51.100.7:53 > 203.0.113.5:4000 flags syn,ack len 52 ttl 9 dscp 46 vlan 7";
    const verdict = (first: number, last: number) =>
      evaluator([rule("field", "drop", fields({ [field]: ranges([[first, last]]) }))]).decide(packet);
    expect(verdict(value, value)).toBe("drop site/field rule");
    expect(verdict(value + 1, value + 1)).toBe("pass - default");
    if (value > 0) expect(verdict(0, value - 1)).toBe("pass - default");
  });

  test("payload bytes, at the fleet's tests, and what the trace says of them", () => {
    const tests = [{ offset: 4, mask: [0xff, 0xf0], value: [0x54, 0x50] }];
    const bit = rule("bytes", "drop", fields({ payload: ranges([[0x8000, 0xffff]]) }));
    const { decide, explain } = evaluator([bit], { payloadTests: tests });
    expect(decide("udp 1.2.3.4:1 > 5.6.7.8:2 payload 0x00000000545f")).toBe("drop site/bytes rule");
    expect(decide("udp 1.2.3.4:1 > 5.6.7.8:2 payload 0x00000000544f")).toBe("pass - default");
    expect(decide("udp 1.2.3.4:1 > 5.6.7.8:2 payload 0x0000000054")).toBe("pass - default");
    expect(decide("udp 1.2.3.4:1 > 5.6.7.8:2")).toBe("pass - default");
    expect(decide("udp 1.2.3.4 > 5.6.7.8 fragment later")).toBe("pass - default");
    const failed = explain(frame("udp 1.2.3.4:1 > 5.6.7.8:2 payload 0x0000000054"), 0n).trace[1];
    expect(failed).toMatchObject({ failed: { term: "payload", packetHas: "5 bytes, 0x0000000054" } });
  });

  test("IPv4 options and IPv6 extension headers, and never those of the other version", () => {
    const v4 = "udp 1.2.3.4:1 > 5.6.7.8:2 options record-route";
    const v6 = "udp [::1]:1 > [::2]:2 extensions routing";
    const verdict = (field: "ipv4Options" | "ipv6Extensions", first: number, last: number, packet: string) =>
      evaluator([rule("field", "drop", fields({ [field]: ranges([[first, last]]) }))]).decide(packet);
    expect(verdict("ipv4Options", 3, 3, v4)).toBe("drop site/field rule");
    expect(verdict("ipv4Options", 4, 255, v4)).toBe("pass - default");
    expect(verdict("ipv4Options", 0, 0, "udp 1.2.3.4:1 > 5.6.7.8:2")).toBe("drop site/field rule");
    expect(verdict("ipv4Options", 0, 255, v6)).toBe("pass - default");
    expect(verdict("ipv6Extensions", 2, 2, v6)).toBe("drop site/field rule");
    expect(verdict("ipv6Extensions", 0, 1, v6)).toBe("pass - default");
    expect(verdict("ipv6Extensions", 0, 0, "udp [::1]:1 > [::2]:2")).toBe("drop site/field rule");
    expect(verdict("ipv6Extensions", 0, 255, v4)).toBe("pass - default");
  });

  test("a field that the packet lacks matches neither a range nor its negation", () => {
    const later = "udp 198.51.100.7 > 203.0.113.5 fragment later";
    const values = ranges([[53, 53]]);
    for (const field of [
      "sourcePort",
      "destinationPort",
      "tcpFlags",
      "icmp",
      "vlan",
      "payloadLength",
    ] as const)
      for (const wanted of [values, otherValues(values, FIELD_DOMAIN[field])])
        expect(evaluator([rule("field", "drop", fields({ [field]: wanted }))]).decide(later)).toBe(
          "pass - default",
        );
    expect(evaluator([rule("icmp", "drop", fields({ icmp: ranges([[0, 65_535]]) }))]).decide(PACKET)).toBe(
      "pass - default",
    );
    expect(
      evaluator([rule("ports", "drop", fields({ sourcePort: ranges([[0, 65_535]]) }))]).decide(
        "icmp 1.2.3.4 > 5.6.7.8",
      ),
    ).toBe("pass - default");
  });

  test("fragments: the first has its ports, later ones their kind alone", () => {
    const { decide } = evaluator([
      rule("port", "drop", fields({ destinationPort: ranges([[4000, 4000]]) })),
      rule("later", "drop", fields({ fragment: ranges([[2, 2]]) })),
    ]);
    const pieces = fragments(udp({ from: "198.51.100.7:53", to: "203.0.113.5:4000", payloadBytes: 100 }), 64);
    expect(pieces.map((piece) => decide(piece))).toEqual(["drop site/port rule", "drop site/later rule"]);
  });

  test("bytes are frame bytes, padding too", () => {
    const { decide, counters } = evaluator([rule("all", "drop", ANY)]);
    decide(padTo(frame(PACKET), 60));
    expect(counters().rules.get("site/all")?.decided).toEqual({ packets: 1, bytes: 60 });
  });

  test("counters that were read stay as they were", () => {
    const { decide, counters } = evaluator([rule("all", "drop", ANY)]);
    decide(PACKET);
    const before = counters();
    decide(PACKET);
    decide(Uint8Array.of(1));
    expect(before.rules.get("site/all")?.decided.packets).toBe(1);
    expect(before.reasons["truncated-ethernet"].packets).toBe(0);
    expect(counters().rules.get("site/all")?.decided.packets).toBe(2);
  });

  test("the default verdict may be drop", () => {
    expect(evaluator([], { defaultVerdict: "drop" }).decide(PACKET)).toBe("drop - default");
  });
});

describe("shadow", () => {
  test("pass and drop count and go on", () => {
    const { decide, counters } = evaluator([
      rule("would-drop", "drop", UDP, true),
      rule("would-pass", "pass", UDP, true),
      rule("real", "drop", UDP),
    ]);
    expect(decide(PACKET)).toBe("drop site/real rule");
    expect([...counters().rules.values()].map(({ decided }) => decided.packets)).toEqual([1, 1, 1]);
  });
  test("a limit keeps its own state, counts, and neither drops nor blocks", () => {
    const { decide, counters } = evaluator([
      rule("would-limit", limit({ burst: 1, blockForSeconds: 60 }), UDP, true),
      rule("real", limit({ burst: 2 }), UDP),
    ]);
    expect(Array.from({ length: 3 }, () => decide(PACKET))).toEqual([
      "pass - default",
      "pass - default",
      "drop site/real limit",
    ]);
    expect(counters().rules.get("site/would-limit")).toMatchObject({
      conformed: { packets: 1 },
      exceeded: { packets: 2 },
      blocked: { packets: 0 },
    });
  });
});
