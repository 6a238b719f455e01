// Fleets here are IR by hand: what is tested is what an IR means, not how a policy becomes one.

import { describe, expect, test } from "vitest";
import { complement, fromPrefixes } from "../ir/address-set.ts";
import {
  FIELD_DOMAIN,
  type FleetIr,
  type LimitAction,
  type MatchIr,
  type ParseClass,
  type RuleIr,
} from "../ir/nodes.ts";
import { isFault, parsePrefix } from "../ir/prefix.ts";
import { complement as otherValues, ranges } from "../ir/ranges.ts";
import { buildPacket, ethernet, padTo } from "../packet/build.ts";
import { arp, fragments, tcp, udp } from "../packet/helpers.ts";
import { parsePacketText } from "../packet/text.ts";
import { createEvaluator, formatTrace } from "./evaluate.ts";

const frame = (text: string): Uint8Array => buildPacket(parsePacketText(text));
const SECOND = 1_000_000_000n;
const MS = 1_000_000n;

function addresses(...prefixes: string[]) {
  return fromPrefixes(
    prefixes.map((text) => {
      const prefix = parsePrefix(text);
      if (isFault(prefix)) throw new Error(text);
      return prefix;
    }),
  );
}

const ANY: MatchIr = { source: null, destination: null, fields: {}, terms: [] };
const fields = (values: MatchIr["fields"]): MatchIr => ({ ...ANY, fields: values });
const UDP = fields({ protocol: ranges([[17, 17]]) });

let line = 0;
function rule(
  name: string,
  action: RuleIr["action"] | "pass" | "drop",
  match: MatchIr,
  shadow = false,
): RuleIr {
  return {
    kind: "rule",
    id: `site/${name}`,
    name,
    policy: "site",
    backend: null,
    action: typeof action === "string" ? { kind: action } : action,
    shadow,
    alertAbovePps: null,
    match,
    location: { file: "policies/site.policy.ts", line: ++line, column: 3 },
  };
}
function limit(options: Partial<LimitAction> = {}): LimitAction {
  return {
    kind: "limit",
    unit: "packets",
    ratePerSecond: 1000,
    burst: 2,
    key: "source",
    prefix4: 32,
    prefix6: 64,
    blockForSeconds: null,
    ...options,
  };
}

const PARSE_VERDICTS: Record<ParseClass, "pass" | "drop"> = {
  "other-ethertype": "pass",
  "truncated-ethernet": "drop",
  "truncated-vlan": "drop",
  "too-many-vlan-tags": "drop",
  "truncated-ip": "drop",
  "bad-ip-version": "drop",
  "bad-ihl": "drop",
  "bad-total-length": "drop",
  "truncated-extension": "drop",
  "too-many-extensions": "drop",
  "bad-fragment": "drop",
  "tiny-fragment": "drop",
  "truncated-l4": "drop",
  "bad-tcp-offset": "drop",
  "bad-udp-length": "drop",
};
function fleet(rules: RuleIr[], options: Partial<FleetIr> = {}): FleetIr {
  return {
    kind: "fleet",
    name: "edge",
    nodeSelector: {},
    interfaces: ["eth0"],
    attach: "native",
    defaultVerdict: "pass",
    parseVerdicts: PARSE_VERDICTS,
    memoryBudgetBytes: 1 << 24,
    management: [],
    rules,
    policies: [],
    backends: [],
    sets: [],
    location: { file: "policies/site.policy.ts", line: 1, column: 1 },
    ...options,
  };
}

/** `pass site/name reason`, with `-` for no rule. */
function evaluator(rules: RuleIr[], options: Partial<FleetIr> = {}) {
  const inner = createEvaluator(fleet(rules, options));
  const decide = (packet: Uint8Array | string, atNs = 0n): string => {
    const bytes = typeof packet === "string" ? frame(packet) : packet;
    const { verdict, rule, reason } = inner.decide(bytes, atNs);
    return `${verdict} ${rule ?? "-"} ${reason}`;
  };
  return { ...inner, decide };
}

const PACKET = "udp 198.51.100.7:53 > 203.0.113.5:4000";

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
      ...PARSE_VERDICTS,
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

  test("the default verdict may be drop", () => {
    expect(evaluator([], { defaultVerdict: "drop" }).decide(PACKET)).toBe("drop - default");
  });
});

describe("limits", () => {
  // 1,000 packets/s: one interval is 1 ms.
  test("burst exactly, one more, then again after exactly an interval and not a nanosecond before", () => {
    const { decide, counters } = evaluator([rule("rate", limit(), UDP)]);
    const at = 10n * SECOND;
    expect([decide(PACKET, at), decide(PACKET, at), decide(PACKET, at)]).toEqual([
      "pass - default",
      "pass - default",
      "drop site/rate limit",
    ]);
    expect(decide(PACKET, at + MS - 1n)).toBe("drop site/rate limit");
    expect(decide(PACKET, at + MS)).toBe("pass - default");
    expect(decide(PACKET, at + MS)).toBe("drop site/rate limit");
    expect(counters().rules.get("site/rate")).toEqual({
      decided: { packets: 0, bytes: 0 },
      conformed: { packets: 3, bytes: 126 },
      exceeded: { packets: 3, bytes: 126 },
      blocked: { packets: 0, bytes: 0 },
    });
    expect(counters().reasons.limit.packets).toBe(0);
  });

  test("a refused packet costs nothing, and an idle bucket holds its burst and no more", () => {
    const { decide } = evaluator([rule("rate", limit(), UDP)]);
    const verdicts = (at: bigint, count: number) =>
      Array.from({ length: count }, () => decide(PACKET, at)[0]).join("");
    expect(verdicts(SECOND, 100)).toBe(`pp${"d".repeat(98)}`);
    expect(verdicts(SECOND + 2n * MS, 4)).toBe("ppdd");
    expect(verdicts(60n * SECOND, 4)).toBe("ppdd");
  });

  test("time that goes back is no credit", () => {
    const { decide } = evaluator([rule("rate", limit({ burst: 1 }), UDP)]);
    expect([decide(PACKET, SECOND), decide(PACKET, SECOND - MS), decide(PACKET, SECOND + MS)]).toEqual([
      "pass - default",
      "drop site/rate limit",
      "pass - default",
    ]);
  });

  test("bytes are L3 bytes: 1,000 in a burst are ten packets of 100, or one of 1,000 and none of 1,001", () => {
    const options = { unit: "bytes", ratePerSecond: 1000, burst: 1000 } as const;
    const ten = evaluator([rule("rate", limit(options), UDP)]);
    const verdicts = Array.from({ length: 11 }, () => ten.decide(`${PACKET} len 100`, SECOND)[0]).join("");
    expect(verdicts).toBe("ppppppppppd");
    expect(evaluator([rule("rate", limit(options), UDP)]).decide(`${PACKET} len 1000`)).toBe(
      "pass - default",
    );
    expect(evaluator([rule("rate", limit(options), UDP)]).decide(`${PACKET} len 1001`)).toBe(
      "drop site/rate limit",
    );
  });

  test("costs are rounded down: a rate of 3 a second has its third packet within the burst of 3", () => {
    // multiplier 349525333333333, packet 5333333333 ticks, burst of 3 15999999999 ticks (3 packets: 15999999999)
    const { decide } = evaluator([rule("rate", limit({ ratePerSecond: 3, burst: 3 }), UDP)]);
    expect(Array.from({ length: 4 }, () => decide(PACKET, SECOND)[0]).join("")).toBe("pppd");
    // The next fits when 5333333333 ticks (333333333.3125 ns) are over.
    expect(decide(PACKET, SECOND + 333_333_333n)).toBe("drop site/rate limit");
    expect(decide(PACKET, SECOND + 333_333_334n)).toBe("pass - default");
  });

  /** Two packets against a burst of one: "shared" where they have one bucket. */
  const buckets = (options: Partial<LimitAction>, first: string, second: string) => {
    const { decide } = evaluator([rule("rate", limit({ burst: 1, ...options }), ANY)]);
    decide(first);
    return decide(second).startsWith("pass") ? "apart" : "shared";
  };
  test.each([
    [{ key: "source" }, "udp 10.0.0.1:1 > 10.0.0.9:2", "udp 10.0.0.1:3 > 10.0.0.8:4", "shared"],
    [{ key: "source" }, "udp 10.0.0.1:1 > 10.0.0.9:2", "udp 10.0.0.2:1 > 10.0.0.9:2", "apart"],
    [
      { key: "source", prefix4: 24 },
      "udp 10.0.0.0:1 > 10.0.0.9:2",
      "udp 10.0.0.255:1 > 10.0.0.9:2",
      "shared",
    ],
    [{ key: "source", prefix4: 24 }, "udp 10.0.0.255:1 > 10.0.0.9:2", "udp 10.0.1.0:1 > 10.0.0.9:2", "apart"],
    [{ key: "source", prefix4: 0 }, "udp 10.0.0.1:1 > 10.0.0.9:2", "udp 192.0.2.1:1 > 10.0.0.9:2", "shared"],
    [{ key: "source" }, "udp [2001:db8::1]:1 > [::9]:2", "udp [2001:db8::ffff:0:0:1]:1 > [::9]:2", "shared"],
    [{ key: "source" }, "udp [2001:db8::1]:1 > [::9]:2", "udp [2001:db8:0:1::1]:1 > [::9]:2", "apart"],
    [
      { key: "source", prefix6: 128 },
      "udp [2001:db8::1]:1 > [::9]:2",
      "udp [2001:db8::2]:1 > [::9]:2",
      "apart",
    ],
    [{ key: "source", prefix6: 0 }, "udp [2001:db8::1]:1 > [::9]:2", "udp [fe80::2]:1 > [::9]:2", "shared"],
    [
      { key: "source", prefix4: 0, prefix6: 0 },
      "udp 10.0.0.1:1 > 10.0.0.9:2",
      "udp [fe80::2]:1 > [::9]:2",
      "apart",
    ],
    [{ key: "destination", prefix6: 128 }, "udp [::1]:1 > [::9]:2", "udp [::2]:1 > [::9]:2", "shared"],
    [{ key: "destination", prefix6: 128 }, "udp [::1]:1 > [::9]:2", "udp [::1]:1 > [::a]:2", "apart"],
    [{ key: "source-port" }, "udp 10.0.0.1:1 > 10.0.0.9:2", "udp 10.0.0.2:1 > 10.0.0.9:3", "shared"],
    [{ key: "source-port" }, "udp 10.0.0.1:1 > 10.0.0.9:2", "udp 10.0.0.1:2 > 10.0.0.9:2", "apart"],
    [{ key: "destination-port" }, "udp 10.0.0.1:1 > 10.0.0.9:2", "udp 10.0.0.1:2 > 10.0.0.9:2", "shared"],
    [{ key: "destination-port" }, "icmp 10.0.0.1 > 10.0.0.9", "udp 10.0.0.1:2 > 10.0.0.9:0", "shared"],
    [{ key: "rule" }, "udp 10.0.0.1:1 > 10.0.0.9:2", "icmpv6 ::1 > ::2", "shared"],
    // The kernel keeps IPv4 as ::ffff:a.b.c.d.
    [
      { key: "source", prefix6: 128 },
      "udp 10.0.0.1:1 > 10.0.0.9:2",
      "udp [::ffff:a00:1]:1 > [::9]:2",
      "shared",
    ],
    [{ key: "source", prefix6: 128 }, "udp 10.0.0.1:1 > 10.0.0.9:2", "udp [::a00:1]:1 > [::9]:2", "apart"],
    [{ key: "source", prefix6: 64 }, "udp 0.0.0.0:1 > 10.0.0.9:2", "udp [::ffff:0:0]:1 > [::9]:2", "apart"],
  ] as const)("key %o: %s and %s are %s", (options, first, second, expected) =>
    expect(buckets(options, first, second)).toBe(expected),
  );

  test("limits stack: a packet within one goes on to the next, and pays both only where both are reached", () => {
    const { decide, counters } = evaluator([
      rule("source", limit({ burst: 3 }), ANY),
      rule("all", limit({ burst: 2, key: "rule" }), ANY),
    ]);
    const outcomes = Array.from({ length: 4 }, () => decide(PACKET, SECOND));
    expect(outcomes).toEqual([
      "pass - default",
      "pass - default",
      "drop site/all limit",
      "drop site/source limit",
    ]);
    expect(counters().rules.get("site/source")).toMatchObject({
      conformed: { packets: 3 },
      exceeded: { packets: 1 },
    });
    expect(counters().rules.get("site/all")).toMatchObject({
      conformed: { packets: 2 },
      exceeded: { packets: 1 },
    });
  });

  test("block for: the source is dropped until exactly its time, whatever it sends, and the rule counts it", () => {
    const { decide, counters } = evaluator([rule("rate", limit({ burst: 1, blockForSeconds: 60 }), UDP)]);
    const at = 10n * SECOND;
    expect(decide(PACKET, at)).toBe("pass - default");
    expect(decide(PACKET, at)).toBe("drop site/rate limit");
    expect(decide("icmp 198.51.100.7 > 203.0.113.5", at)).toBe("drop site/rate block");
    expect(decide("icmp 198.51.100.8 > 203.0.113.5", at)).toBe("pass - default");
    expect(decide(PACKET, at + 60n * SECOND - 1n)).toBe("drop site/rate block");
    expect(decide(PACKET, at + 60n * SECOND)).toBe("pass - default");
    expect(counters().rules.get("site/rate")).toMatchObject({
      exceeded: { packets: 1 },
      blocked: { packets: 2 },
      conformed: { packets: 2 },
    });
    expect(counters().reasons.block.packets).toBe(0);
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

describe("the trace", () => {
  const bogons: MatchIr = {
    ...ANY,
    source: addresses("10.0.0.0/8"),
    terms: [{ field: "source", text: "source in bogons" }],
  };
  const dns: MatchIr = {
    ...ANY,
    destination: addresses("203.0.113.5/32"),
    fields: { protocol: ranges([[17, 17]]), destinationPort: ranges([[53, 53]]) },
    terms: [
      { field: "protocol", text: "protocol udp" },
      { field: "destinationPort", text: "destinationPort 53" },
      { field: "destination", text: "destination in dns" },
    ],
  };
  const rules = [
    rule("bogons", "drop", bogons, true),
    rule("queries", limit({ burst: 1, blockForSeconds: 1 }), dns),
    rule("answers", "drop", { ...dns, fields: { sourcePort: ranges([[53, 53]]) }, terms: [] }),
  ].map((one, index) => ({ ...one, location: { ...one.location, line: 10 + index } }));
  const explainer = () => createEvaluator(fleet(rules));

  test("names each rule, what it asked for first in vain, and what the packet has", () => {
    const decision = explainer().explain(frame("tcp 198.51.100.7:80 > 203.0.113.5:53"), 0n);
    expect(formatTrace(decision.trace)).toEqual([
      "packet: tcp 198.51.100.7:80 > 203.0.113.5:53 len 40 flags ack",
      "site/bogons (policies/site.policy.ts:10): no match, source in bogons: the packet has 198.51.100.7",
      "site/queries (policies/site.policy.ts:11): no match, protocol udp: the packet has tcp",
      "site/answers (policies/site.policy.ts:12): no match, sourcePort: the packet has 80",
      "no rule decided: the fleet's default, pass",
    ]);
    expect(decision.trace[2]).toMatchObject({
      matched: [],
      failed: { term: "protocol udp", packetHas: "tcp" },
    });
  });

  test("shows terms that held before, in the author's order, and fields that the packet lacks", () => {
    const decision = explainer().explain(frame("udp 198.51.100.7 > 203.0.113.5 fragment later"), 0n);
    expect(decision.trace[2]).toMatchObject({
      matched: ["protocol udp"],
      failed: { term: "destinationPort 53", packetHas: null },
    });
    expect(formatTrace(decision.trace)[2]).toMatch(/: no match, destinationPort 53: the packet has none$/);
  });

  test("shows limits before and after, blocks, and shadow", () => {
    const { explain } = explainer();
    const query = frame("udp 10.0.0.7:5000 > 203.0.113.5:53");
    const lines = [0n, 0n, 250n * MS].map((at) => formatTrace(explain(query, at + SECOND).trace));
    expect(lines[0]).toEqual([
      "packet: udp 10.0.0.7:5000 > 203.0.113.5:53 len 28",
      "site/bogons (policies/site.policy.ts:10): matches, in shadow, goes on, would drop",
      "site/queries (policies/site.policy.ts:11): matches, within the limit, goes on: source 10.0.0.7/32 asks for 1 of 1 free packets (burst 1), 0 left",
      "site/answers (policies/site.policy.ts:12): no match, sourcePort: the packet has 5000",
      "no rule decided: the fleet's default, pass",
    ]);
    expect(lines[1]?.slice(2)).toEqual([
      "site/queries (policies/site.policy.ts:11): matches, drop, above the limit: source 10.0.0.7/32 asks for 1 of 0 free packets (burst 1), blocks the source until 2000000000 ns",
    ]);
    expect(lines[2]?.slice(1)).toEqual(["block: 10.0.0.7 is blocked by site/queries for 750 ms more"]);
  });

  test("is JSON, with 64-bit figures as text", () => {
    const { explain } = explainer();
    const step = explain(frame("udp 10.0.0.7:5000 > 203.0.113.5:53"), SECOND).trace[2];
    expect(JSON.parse(JSON.stringify(step))).toEqual({
      kind: "rule",
      rule: "site/queries",
      management: false,
      action: "limit",
      shadow: false,
      location: { file: "policies/site.policy.ts", line: 11, column: 3 },
      matched: ["protocol udp", "destinationPort 53", "destination in dns"],
      failed: null,
      limit: {
        key: "source 10.0.0.7/32",
        unit: "packets",
        units: 1,
        exceeded: false,
        freeBefore: 1,
        freeAfter: 0,
        burst: 1,
        tatBefore: "0",
        tatAfter: "16016000000",
        blockedUntilNs: null,
      },
    });
  });

  test("is empty, and the decision the same, where it was not asked for", () => {
    const quick = explainer();
    const slow = explainer();
    for (const at of [0n, 1n, SECOND, SECOND + 1n, 3n * SECOND])
      for (const packet of [
        frame("udp 10.0.0.7:53 > 203.0.113.5:53"),
        arp({ from: "10.0.0.1", to: "10.0.0.2" }),
      ])
        expect(quick.decide(packet, at)).toEqual({ ...slow.explain(packet, at), trace: [] });
    expect(quick.counters()).toEqual(slow.counters());
  });

  test("says why a packet was judged before any rule", () => {
    const lines = (packet: Uint8Array) => formatTrace(explainer().explain(packet, 0n).trace);
    expect(lines(arp({ from: "10.0.0.1", to: "10.0.0.2" }))).toEqual([
      "packet: arp, 42 bytes",
      "always passed: arp",
    ]);
    expect(lines(Uint8Array.of(1))).toEqual(["packet: truncated-ethernet, 1 bytes: 01"]);
  });
});
