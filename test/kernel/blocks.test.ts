// docs/SEMANTICS.md §2 "management" and §3 in the kernel: blocks to the nanosecond, and who passes in spite of one.

import { afterEach, beforeAll, expect, test } from "vitest";
import { COUNTER_NONE } from "../../src/bundle/abi.ts";
import { parseAddress } from "../../src/ir/prefix.ts";
import { buildPacket } from "../../src/packet/build.ts";
import { ktimeNs } from "../../src/runtime/bpf/index.ts";
import { describeKernel } from "../support/kernel.ts";
import { blocked, exceeded, from, limit, load, PASS, run, SECOND, ticks, unload, V6 } from "./fixtures.ts";
import { buildObject, byReason, byRule, type Filter } from "./harness.ts";
import type { HandRule } from "./tables.ts";

beforeAll(buildObject);
afterEach(unload);

describeKernel("temporary blocks", () => {
  const blocking = (rule: Partial<HandRule> = {}) =>
    limit({ burstTicks: ticks(1), key: "source", blockNs: 2n * SECOND }, rule);

  test("begin with the packet that exceeds, and end at their last nanosecond", () => {
    const filter = load({ rules: [blocking()] });
    const packet = from("198.51.100.7");
    const t = 10n * SECOND;
    expect(filter.run(packet, t)).toEqual(PASS);
    expect(filter.run(packet, t + 5n)).toEqual(exceeded());
    const until = t + 5n + 2n * SECOND;
    expect(filter.run(packet, t + 6n)).toEqual(blocked(7n));
    expect(filter.run(packet, until - 1n)).toEqual(blocked(7n));
    expect(filter.run(packet, until)).toEqual(PASS);
    // The rest of IPv4 is not blocked.
    expect(filter.run(from("198.51.100.8"), t + 6n)).toEqual(PASS);
  });

  test("blocked packets are charged to no limit", () => {
    const filter = load({ rules: [blocking()] });
    const packet = from("198.51.100.7");
    run(filter, packet, [SECOND, SECOND]);
    expect(run(filter, packet, [SECOND, 3n * SECOND - 1n, 3n * SECOND, 3n * SECOND])).toBe("bbpx");
  });

  test("IPv6 sources are blocked by /64, of all protocols", () => {
    const filter = load({ rules: [blocking()] });
    run(filter, from("2001:db8::1"), [SECOND, SECOND]);
    expect(filter.run(from("2001:db8::ffff:0:0:9", { icmpv6: { type: 128 } }), SECOND)).toEqual(blocked(7n));
    expect(filter.run(from("2001:db8:0:1::1"), SECOND)).toEqual(PASS);
    expect(filter.run(from("2001:db7:ffff:ffff:ffff::1"), SECOND)).toEqual(PASS);
  });

  test("a block is not looked at by what is always passed or does not parse", () => {
    const filter = load({ rules: [blocking()] });
    run(filter, from("fe80::1"), [SECOND, SECOND]);
    expect(filter.run(from("fe80::1"), SECOND)).toEqual(blocked(7n));
    const nd = buildPacket({
      ipv6: { ...V6, source: "fe80::1", hopLimit: 255 },
      icmpv6: { type: 135 },
      payloadBytes: 16,
    });
    expect(filter.run(nd, SECOND)).toEqual(byReason("pass", "neighbour-discovery"));
    expect(filter.run(from("fe80::1", { protocol: 6 }), SECOND)).toEqual(byReason("drop", "truncated-l4"));
  });

  test("an operator's block has no rule, and a rule's counter may have moved to another slot", () => {
    const filter = load({ rules: [] });
    const block = (source: string, untilNs: bigint, rule: bigint, counter: number) => {
      const key = Buffer.from(parseAddress(source)!.value.toString(16).padStart(32, "0"), "hex");
      if (!source.includes(":")) key.fill(0xff, 10, 12);
      const value = Buffer.alloc(24);
      value.writeBigUInt64LE(untilNs, 0);
      value.writeBigUInt64LE(rule, 8);
      value.writeUInt32LE(counter, 16);
      filter.map("blocks").update(key, value);
    };
    block("198.51.100.7", SECOND, 0n, COUNTER_NONE);
    block("2001:db8::", SECOND, 9n, 32); // slot 0
    expect(filter.run(from("198.51.100.7"), SECOND - 1n)).toEqual(blocked(0n));
    expect(filter.run(from("198.51.100.7"), SECOND)).toEqual(PASS);
    expect(filter.run(from("2001:db8::1:2"), 0n)).toEqual(blocked(9n));
    expect(filter.counters()["reason block"]).toEqual({ packets: 1, bytes: 114 });
  });

  test("beside a rule that blocks, a rule that only drops still blocks nobody", () => {
    const only = limit({ burstTicks: ticks(1) }, { id: 8n, source: ["192.0.2.0/24"] });
    const filter = load({ rules: [only, blocking({ source: ["198.51.100.0/24"] })] });
    expect(run(filter, from("192.0.2.1"), [SECOND, SECOND, SECOND])).toBe("pxx");
    expect(run(filter, from("198.51.100.7"), [SECOND, SECOND, SECOND])).toBe("pxb");
    expect([...filter.map("blocks").keys()].length).toBe(1);
  });

  test("a rule that only drops what is above its rate blocks nobody", () => {
    const filter = load({ rules: [limit({ burstTicks: ticks(1) })] });
    expect(run(filter, from("198.51.100.7"), [SECOND, SECOND, 2n * SECOND])).toBe("pxp");
    expect([...filter.map("blocks").keys()]).toEqual([]);
  });

  test("management flows pass from a blocked source", () => {
    const filter = load({
      rules: [
        { id: 1n, action: "pass", fields: { protocol: [[6, 6]], destinationPort: [[22, 22]] } },
        blocking(),
      ],
      managementCount: 1,
    });
    run(filter, from("198.51.100.7"), [SECOND, SECOND]);
    expect(filter.run(from("198.51.100.7"), SECOND)).toEqual(blocked(7n));
    const ssh = { tcp: { sourcePort: 50_000, destinationPort: 22 } };
    expect(filter.run(from("198.51.100.7", ssh), SECOND)).toEqual({
      verdict: "pass",
      rule: 1n,
      reason: "management",
    });
    const https = { tcp: { sourcePort: 50_000, destinationPort: 443 } };
    expect(filter.run(from("198.51.100.7", https), SECOND)).toEqual(blocked(7n));
  });
});

describeKernel("management", () => {
  test.each([1, 65, 200])("of %i rules the topmost flow passes, before every rule", (count) => {
    const flows: HandRule[] = [
      { id: 1n, action: "pass", source: ["192.0.2.0/24"] },
      { id: 2n, action: "pass", fields: { destinationPort: [[22, 22]] } },
    ];
    const rules = Array.from(
      { length: count },
      (_, i): HandRule => ({ id: BigInt(100 + i), action: "drop" }),
    );
    const filter = load({ rules: [...flows, ...rules], managementCount: 2 });
    const ssh = { tcp: { sourcePort: 50_000, destinationPort: 22 } };
    expect(filter.run(from("192.0.2.1", ssh))).toEqual({ verdict: "pass", rule: 1n, reason: "management" });
    expect(filter.run(from("198.51.100.7", ssh))).toEqual({
      verdict: "pass",
      rule: 2n,
      reason: "management",
    });
    expect(filter.run(from("198.51.100.7"))).toEqual(byRule("drop", 100n));
  });
});

describeKernel("blocks of an instance that serves", () => {
  const hour = 3_600n * SECOND;
  const horizon = (filter: Filter) => {
    const value = Buffer.from(filter.map("block_horizon").readImage(16));
    return { rules: value.readBigUInt64LE(0), operator: value.readBigUInt64LE(8) };
  };
  const reasons = (filter: Filter) => Object.keys(filter.counters()).sort();

  test("by a rule raise the horizon, and hold", () => {
    const filter = load({
      rules: [limit({ burstTicks: ticks(3_600_000), multiplier: ticks(3_600_000) << 16n, blockNs: hour })],
      proof: false,
    });
    expect(horizon(filter)).toEqual({ rules: 0n, operator: 0n });
    const before = ktimeNs();
    for (let i = 0; i < 3; i++) filter.program.testRun(from("198.51.100.7"));
    expect(reasons(filter)).toEqual(["0 blocked", "0 conformed", "0 exceeded", "reason default"]);
    const { rules } = horizon(filter);
    // A tick late at most, where no host holds the CPU up that keeps the time.
    expect(rules).toBeGreaterThan(before + hour - SECOND);
    expect(rules).toBeLessThanOrEqual(ktimeNs() + hour);
    // A block that ends sooner does not lower it, and of another source it is one.
    filter.program.testRun(from("198.51.100.8"));
    // Its own end is later by the time between the two, which is a tick or more where the machine is busy.
    expect(horizon(filter).rules).toBeGreaterThanOrEqual(rules);
    expect(horizon(filter).rules).toBeLessThanOrEqual(ktimeNs() + hour);
  });

  test("by an operator are looked for while the horizon is ahead", () => {
    const filter = load({ rules: [], proof: false });
    const block = Buffer.alloc(24);
    block.writeBigUInt64LE(ktimeNs() + hour, 0);
    block.writeUInt32LE(COUNTER_NONE, 16);
    filter.map("blocks").update(Buffer.from("00000000000000000000ffffc6336407", "hex"), block);
    const run = () => filter.program.testRun(from("198.51.100.7")).returnCode;
    expect(run()).toBe(2);
    const ahead = (untilNs: bigint) => {
      const value = Buffer.alloc(8);
      value.writeBigUInt64LE(untilNs);
      filter.map("block_horizon").writeImage(value, 8);
    };
    ahead(ktimeNs() + hour);
    expect(run()).toBe(1);
    ahead(ktimeNs() - SECOND);
    expect(run()).toBe(2);
  });
});
