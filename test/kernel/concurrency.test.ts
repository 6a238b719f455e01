// One limit under packets on several CPUs at once: nothing is charged twice, and nothing is lost.
// Time stands still in a proof instance, so the sums are exact.

import { afterEach, beforeAll, expect, test } from "vitest";
import { describeKernel } from "../support/kernel.ts";
import { from, limit, load, ports, SECOND, ticks, unload } from "./fixtures.ts";
import { buildObject } from "./harness.ts";
import { runOnThreads, THREADS } from "./on-threads.ts";

beforeAll(buildObject);
afterEach(unload);

describeKernel("packets on several CPUs", () => {
  test("each one that a limit lets through is charged once", async () => {
    // 16 ticks a packet, and a bucket that no run can fill.
    const filter = load({ rules: [limit({ multiplier: 16n << 16n, burstTicks: 1n << 60n })] });
    const repeat = 300_000;
    await runOnThreads(filter, [from("198.51.100.7")], repeat, SECOND);
    const tat = filter.limitStates()[0]?.tat;
    expect(tat).toBe(SECOND * 16n + BigInt(THREADS * repeat) * 16n);
    expect(filter.counters()["0 conformed"]?.packets).toBe(THREADS * repeat);
  });

  test("a key that is new to two CPUs at once gets one state", async () => {
    // A bucket of one packet for each source port: of the packets with the same port, whatever their number, one passes.
    const filter = load({
      rules: [limit({ burstTicks: ticks(1), key: "source-port" })],
      limitBucketBits: 16,
    });
    const packets = Array.from({ length: 30_000 }, (_, i) => ports(1 + i, 9));
    await runOnThreads(filter, packets, 1, SECOND);
    const conformed = filter.counters()["0 conformed"]?.packets ?? 0;
    expect(conformed).toBeGreaterThanOrEqual(packets.length);
    // Who waits too long for another CPU to write its key passes without state (docs/adr/0008): rare, where no host takes a
    // CPU away in the middle of it, and never the rule.
    expect(conformed).toBeLessThan(1.1 * packets.length);
    expect(filter.counters()["0 exceeded"]?.packets).toBe(THREADS * packets.length - conformed);
  });

  test("a bucket gives out its burst, also where its first packets come at once", async () => {
    for (let round = 0; round < 5; round++) {
      const filter = load({ rules: [limit({ multiplier: 16n << 16n, burstTicks: 16n * 1000n })] });
      await runOnThreads(filter, [from("198.51.100.7")], 20_000, SECOND);
      const counts = filter.counters();
      const conformed = counts["0 conformed"]?.packets ?? 0;
      expect(conformed).toBeGreaterThanOrEqual(1000);
      expect(conformed).toBeLessThan(1000 + 5 * THREADS); // as above, while the key is new
      expect(counts["0 exceeded"]?.packets).toBe(THREADS * 20_000 - conformed);
    }
  });
});
