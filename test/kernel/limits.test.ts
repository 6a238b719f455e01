// docs/SEMANTICS.md §4 "Limits" in the kernel: to the tick, by every key, stacked.

import { afterEach, beforeAll, expect, test } from "vitest";
import { buildPacket } from "../../src/packet/build.ts";
import { describeKernel } from "../support/kernel.ts";
import {
  exceeded,
  from,
  limit,
  load,
  PASS,
  ports,
  run,
  SECOND,
  ticks,
  to,
  unload,
  V4,
  V6,
} from "./fixtures.ts";
import { buildObject, byRule } from "./harness.ts";
import type { HandLimit } from "./tables.ts";

beforeAll(buildObject);
afterEach(unload);

describeKernel("limits", () => {
  test("a burst of three passes, and each millisecond one more, to the tick", () => {
    const filter = load({ rules: [limit({})] });
    const packet = from("198.51.100.7");
    const t = 5n * SECOND;
    expect(run(filter, packet, [t, t, t, t, t])).toBe("pppxx");
    expect(filter.run(packet, t)).toEqual(exceeded());
    // 1 ms is 16,000,000 ticks of 1/16 ns: one nanosecond less is 16 ticks short.
    expect(run(filter, packet, [t + 999_999n, t + 1_000_000n, t + 1_000_000n])).toBe("xpx");
    expect(run(filter, packet, [t + 3_999_999n, t + 3_999_999n, t + 4_000_000n])).toBe("ppp");
    expect(run(filter, packet, Array(5).fill(t + SECOND))).toBe("pppxx");
  });

  test("a burst that is one tick too small for the third packet", () => {
    const filter = load({ rules: [limit({ burstTicks: ticks(3) - 1n })] });
    expect(run(filter, from("198.51.100.7"), [0n, 0n, 0n])).toBe("ppx");
    filter.clear();
    expect(run(filter, from("198.51.100.7"), [0n, 0n, 1n])).toBe("ppp"); // 16 ticks later
  });

  test("a packet larger than the burst is above the rate and leaves no state", () => {
    const filter = load({ rules: [limit({ burstTicks: ticks(1) - 1n })] });
    expect(run(filter, from("198.51.100.7"), [SECOND, 2n * SECOND])).toBe("xx");
    expect(filter.limitStates()).toEqual([]);
  });

  test("what is above the rate leaves the state as it is", () => {
    const filter = load({ rules: [limit({})] });
    const packet = from("198.51.100.7");
    run(filter, packet, [SECOND, SECOND, SECOND]);
    const [state] = filter.limitStates();
    expect(state?.tat).toBe(SECOND * 16n + ticks(3));
    run(filter, packet, [SECOND, SECOND]);
    expect(filter.limitStates()).toEqual([state]);
  });

  test("time that goes backwards between CPUs never underflows", () => {
    const filter = load({ rules: [limit({})] });
    const packet = from("198.51.100.7");
    expect(run(filter, packet, [10n * SECOND, 10n * SECOND - 1n, 10n * SECOND - 1_000_000n, 0n])).toBe(
      "ppxx",
    );
  });

  test("bytes are L3 bytes, rounded down after the shift", () => {
    // 1/3 tick a byte: 65536 / 3 = 21845.33, so 21845. In ticks: 99 bytes 32.9995, 100 bytes 33.3, 198 bytes 65.998, 199 bytes 66.3.
    const filter = load({ rules: [limit({ unit: "bytes", multiplier: 21_845n, burstTicks: 65n })] });
    const bytes = (lengthBytes: number) => buildPacket({ ipv4: V4, protocol: 47, lengthBytes });
    expect(run(filter, bytes(199), [SECOND])).toBe("x");
    expect(run(filter, bytes(198), [SECOND])).toBe("p");
    filter.clear();
    expect(run(filter, bytes(100), [SECOND, SECOND])).toBe("px");
    expect(run(filter, bytes(99), [SECOND])).toBe("p"); // 33 + 32 ticks
    filter.clear();
    expect(run(filter, buildPacket({ ipv6: V6, protocol: 47, lengthBytes: 199 }), [SECOND])).toBe("x");
    expect(
      run(filter, buildPacket({ ipv6: V6, protocol: 47, lengthBytes: 198, vlan: [1, 2] }), [SECOND]),
    ).toBe("p");
  });

  test("the greatest byte multiplier times the longest packet does not overflow", () => {
    // 3000 bytes; a frame of 65,535 does not fit a test-run, and 65535 * (2^48 - 1) is below 2^64.
    const packet = buildPacket({ ipv4: V4, protocol: 47, lengthBytes: 3000 });
    const cost = (((1n << 48n) - 1n) * 3000n) >> 16n;
    const fits = load({ rules: [limit({ unit: "bytes", multiplier: (1n << 48n) - 1n, burstTicks: cost })] });
    expect(run(fits, packet, [SECOND, SECOND])).toBe("px");
    fits.close();
    const short = load({
      rules: [limit({ unit: "bytes", multiplier: (1n << 48n) - 1n, burstTicks: cost - 1n })],
    });
    expect(run(short, packet, [SECOND])).toBe("x");
  });

  /** Which of the packets share a bucket that holds one packet: the first of each bucket passes. */
  const share = (key: Partial<HandLimit>, packets: readonly Uint8Array[]) => {
    const filter = load({ rules: [limit({ burstTicks: ticks(1), ...key })] });
    return packets.map((packet) => run(filter, packet, [SECOND])).join("");
  };

  test("key rule: one bucket for all", () => {
    expect(share({ key: "rule" }, [from("192.0.2.1"), from("192.0.2.2"), from("2001:db8::1")])).toBe("pxx");
  });

  test("key source, cut to the prefix", () => {
    const v4 = ["192.0.2.0", "192.0.2.1", "192.0.3.0", "192.0.2.0"].map((source) => from(source));
    expect(share({ key: "source", prefix4: 32 }, v4)).toBe("pppx");
    expect(share({ key: "source", prefix4: 31 }, v4)).toBe("pxpx");
    expect(share({ key: "source", prefix4: 23 }, v4)).toBe("pxxx");
    expect(share({ key: "source", prefix4: 0 }, [from("0.0.0.0"), from("255.255.255.255")])).toBe("px");
    expect(
      share({ key: "source", prefix4: 1 }, [from("127.255.255.255"), from("128.0.0.0"), from("0.0.0.0")]),
    ).toBe("ppx");
    const v6 = ["2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::1", "2001:db9::1"].map(
      (source) => from(source),
    );
    expect(share({ key: "source", prefix6: 128 }, v6)).toBe("pppp");
    expect(share({ key: "source", prefix6: 65 }, v6)).toBe("pppp");
    expect(share({ key: "source", prefix6: 64 }, v6)).toBe("pxpp");
    expect(share({ key: "source", prefix6: 63 }, v6)).toBe("pxxp");
    expect(share({ key: "source", prefix6: 32 }, v6)).toBe("pxxp");
    expect(share({ key: "source", prefix6: 31 }, v6)).toBe("pxxx");
    expect(share({ key: "source", prefix6: 0 }, [from("::"), from("ffff::"), from("192.0.2.1")])).toBe("pxp");
    expect(
      share({ key: "source", prefix6: 127 }, [from("2001:db8::2"), from("2001:db8::3"), from("2001:db8::4")]),
    ).toBe("pxp");
  });

  test("key destination, cut to the prefix", () => {
    expect(
      share({ key: "destination", prefix4: 32 }, [to("192.0.2.0"), to("192.0.2.1"), to("192.0.2.0")]),
    ).toBe("ppx");
    expect(
      share({ key: "destination", prefix4: 24 }, [to("192.0.2.0"), to("192.0.2.1"), to("192.0.3.0")]),
    ).toBe("pxp");
    expect(
      share({ key: "destination", prefix6: 128 }, [to("2001:db8::1"), to("2001:db8::2"), to("2001:db8::1")]),
    ).toBe("ppx");
  });

  test("keys of ports; packets without one are keyed 0", () => {
    const none = buildPacket({ ipv4: V4, icmp: { type: 8 } });
    expect(
      share({ key: "source-port" }, [
        ports(1, 9),
        ports(2, 9),
        ports(1, 8),
        none,
        ports(0, 9),
        ports(65_535, 9),
      ]),
    ).toBe("ppxpxp");
    expect(
      share({ key: "destination-port" }, [ports(9, 1), ports(9, 2), ports(8, 1), none, ports(9, 0)]),
    ).toBe("ppxpx");
  });

  test("the key is laid out as shared.h says", () => {
    const filter = load({ rules: [limit({ key: "source", id: 0x1122334455667788n })] });
    filter.run(from("198.51.100.7"), SECOND);
    expect(filter.limitStates()).toMatchObject([
      { limitId: 0x1122334455667788n, high: 0n, low: 0xffff_c633_6407n },
    ]);
  });

  test("limits stack: what one lets through the next one judges; what it drops is not charged below", () => {
    const filter = load({
      rules: [
        limit({ burstTicks: ticks(3) }, { id: 1n }),
        limit({ burstTicks: ticks(2) }, { id: 2n }),
        { id: 3n, action: "drop", source: ["192.0.2.0/24"] },
      ],
    });
    const one = from("198.51.100.7");
    expect([1, 2, 3, 4, 5].map(() => filter.run(one, SECOND))).toEqual([
      PASS,
      PASS,
      exceeded(2n),
      exceeded(1n),
      exceeded(1n),
    ]);
    filter.clear();
    expect(filter.run(from("192.0.2.1"), SECOND)).toEqual(byRule("drop", 3n));
    expect(filter.counters()["2 decided"]?.packets).toBe(1);
  });

  // After some packets with the same limit as their topmost rule the program guesses that it is the next one's too.
  test.each([0, 64])("a limit that was guessed charges its own packets alone, %i rules apart", (apart) => {
    const burst = { burstTicks: ticks(100) };
    const filter = load({
      rules: [
        limit(burst, { id: 1n, destination: ["203.0.113.5"] }),
        ...Array.from({ length: apart }, (_, i) => ({
          id: BigInt(100 + i),
          action: "drop" as const,
          fields: { destinationPort: [[9, 9] as const] }, // these packets have no ports
        })),
        limit({ ...burst, id: 8n }, { id: 2n, destination: ["203.0.113.5", "203.0.113.6"] }),
        { id: 3n, action: "drop", destination: ["203.0.113.7"] },
      ],
    });
    const [both, second, dropped] = ["203.0.113.5", "203.0.113.6", "203.0.113.7"].map((address) =>
      to(address),
    );
    const times = (count: number) => Array<bigint>(count).fill(SECOND);
    for (const [packet, count] of [
      [both!, 20],
      [second!, 1],
      [both!, 2],
      [second!, 20],
      [both!, 1],
    ] as const)
      expect(run(filter, packet, times(count))).toBe("p".repeat(count));
    expect(filter.run(dropped!, SECOND)).toEqual(byRule("drop", 3n));
    expect(run(filter, second!, times(1))).toBe("p");
    expect(filter.counters()["0 conformed"]?.packets).toBe(23);
    expect(filter.counters()[`${apart + 1} conformed`]?.packets).toBe(45);
    expect(filter.counters()[`${apart + 2} decided`]?.packets).toBe(1);
    expect(
      filter
        .limitStates()
        .map(({ tat }) => tat - 16n * SECOND)
        .sort((a, b) => (a < b ? -1 : 1)),
    ).toEqual([ticks(23), ticks(45)]);
  });

  test("two rules with one limit id share their state, as the same limit in two generations does", () => {
    const filter = load({
      rules: [
        limit({ id: 5n, burstTicks: ticks(2) }, { id: 1n, destination: ["203.0.113.5"] }),
        limit({ id: 5n, burstTicks: ticks(2) }, { id: 2n, destination: ["203.0.113.6"] }),
      ],
    });
    expect(
      [to("203.0.113.5"), to("203.0.113.6"), to("203.0.113.6")].map((p) => filter.run(p, SECOND)),
    ).toEqual([PASS, PASS, exceeded(2n)]);
  });
});
