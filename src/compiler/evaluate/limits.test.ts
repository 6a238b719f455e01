import { describe, expect, test } from "vitest";
import type { LimitAction } from "../../ir/nodes.ts";
import { ANY, evaluator, limit, MS, PACKET, rule, SECOND, UDP } from "./fixture.ts";

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
