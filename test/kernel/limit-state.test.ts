// The table of limit state (docs/adr/0008-limit-state.md) when it is small, full, contended, or holds a million keys: who
// is forgotten, who goes without state, and that nobody is ever charged for another's packets.

import { afterEach, beforeAll, expect, test } from "vitest";
import { LIMIT_BUCKET, LIMIT_CLAIMED, LIMIT_SLOT, PROOF } from "../../src/bundle/abi.ts";
import { buildPacket } from "../../src/packet/build.ts";
import { limitMultipliers } from "../../src/runtime/kernel/limit-table.ts";
import { describeKernel } from "../support/kernel.ts";
import { from, limit, load, PER_MILLISECOND, run, SECOND, ticks, unload, V4 } from "./fixtures.ts";
import { buildObject, type Filter } from "./harness.ts";
import { runOnThreads, THREADS } from "./on-threads.ts";

beforeAll(buildObject);
afterEach(unload);

const MS = 1_000_000n;
const address = (index: number) => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
const source = (index: number) => from(address(index));
const low = (index: number) => (0xffffn << 32n) | BigInt(0x0a000000 + index);
const bySource = { key: "source" } as const;

describeKernel("a small table", () => {
  test("forgets who owes nothing, and then every newcomer has state", () => {
    const filter = load({ rules: [limit({ ...bySource, burstTicks: ticks(1) })], limitBucketBits: 1 });
    for (let i = 0; i < 200; i++) {
      // A packet takes a millisecond: at the next one's time nobody owes anything.
      const now = SECOND + BigInt(i) * MS;
      expect(run(filter, source(i), [now, now])).toBe("px");
    }
    expect(filter.limitStates().length).toBeLessThanOrEqual(8);
  });

  test("never forgets one who owes more than the newcomer would: that one goes without state", () => {
    const filter = load({ rules: [limit({ ...bySource, burstTicks: ticks(3) })], limitBucketBits: 1 });
    let known = 0;
    for (let i = 0; filter.limitStates().length < 8; i++) {
      known = i;
      expect(run(filter, source(i), [SECOND, SECOND])).toBe("pp");
    }
    const states = filter.limitStates();
    for (let i = known + 1; i < known + 50; i++)
      expect(run(filter, source(i), Array(5).fill(SECOND))).toBe("ppppp");
    expect(filter.limitStates()).toEqual(states);
    // Those of the table are limited as ever.
    const held = states.map((state) => Number(state.low & 0xffffffn));
    for (const i of held) expect(run(filter, source(i), [SECOND, SECOND])).toBe("px");
  });

  test("forgets the one who owes least, where the newcomer owes more", () => {
    const bytes = (index: number, lengthBytes: number) =>
      buildPacket({ ipv4: { ...V4, source: address(index) }, protocol: 47, lengthBytes });
    const filter = load({
      rules: [limit({ ...bySource, unit: "bytes", burstTicks: ticks(2000) })],
      limitBucketBits: 1,
    });
    let index = 0;
    for (; filter.limitStates().length < 8; index++) filter.run(bytes(index, 100 + index), SECOND);
    const owed = () =>
      filter
        .limitStates()
        .map(({ tat }) => (tat - SECOND * 16n) / ticks(1))
        .sort((a, b) => Number(a - b));
    const before = owed();
    // Each is larger than all before it, so there is always one to give way.
    for (let i = 0; i < 8; i++) filter.run(bytes(index + i, 1000 + i), SECOND);
    const after = owed();
    expect(after).toHaveLength(8);
    expect(after.filter((bytes) => bytes >= 1000n).length).toBeGreaterThanOrEqual(4);
    for (const left of after.filter((bytes) => bytes < 1000n)) expect(before).toContain(left);
  });

  test("two limits of one source, and one limit of IPv4, /64 and /128, never meet", () => {
    const filter = load({
      rules: [
        limit({ ...bySource, id: 1n, burstTicks: ticks(1) }, { id: 1n, destination: ["203.0.113.5"] }),
        limit({ ...bySource, id: 2n, burstTicks: ticks(1) }, { id: 2n, destination: ["203.0.113.6"] }),
      ],
      limitBucketBits: 1,
    });
    const to = (destination: string) => buildPacket({ ipv4: { ...V4, destination }, protocol: 47 });
    expect(["203.0.113.5", "203.0.113.6", "203.0.113.5"].map((d) => run(filter, to(d), [SECOND]))).toEqual([
      "p",
      "p",
      "x",
    ]);
    const wide = load({
      rules: [limit({ ...bySource, prefix6: 128, burstTicks: ticks(1) })],
      limitBucketBits: 1,
    });
    const sources = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "192.0.2.1", "::ffff:c000:202"];
    expect(sources.map((s) => run(wide, from(s), [SECOND, SECOND]))).toEqual(Array(5).fill("px"));
  });

  test("under packets on several CPUs, everybody's debt is a sum of his own packets", async () => {
    // Source i sends packets of a length that is his own, so that a charge of another's shows in the remainder.
    const lengths = Array.from({ length: 64 }, (_, i) => 501 + 2 * i);
    const filter = load({
      rules: [limit({ ...bySource, unit: "bytes", burstTicks: 1n << 60n })],
      limitBucketBits: 1,
    });
    const packets = Array.from({ length: 2000 }, (_, n) => {
      const i = (n * 29) % 64;
      return buildPacket({
        ipv4: { ...V4, source: address(i) },
        protocol: 47,
        lengthBytes: lengths[i] as number,
      });
    });
    await runOnThreads(filter, packets, 20, SECOND);
    const states = filter.limitStates();
    expect(states).toHaveLength(8);
    expect(new Set(states.map((state) => state.low)).size).toBe(8);
    for (const state of states) {
      const owedBytes = (state.tat - SECOND * 16n) / ticks(1);
      const length = BigInt(lengths[Number(state.low & 0xffn)] as number);
      expect(owedBytes % length).toBe(0n);
      expect(owedBytes / length).toBeLessThanOrEqual(BigInt(THREADS * 20 * Math.ceil(2000 / 64)));
    }
  });
});

describeKernel("a table of two buckets", () => {
  const LIMIT_ID = 7n;
  const SLOTS = 8;
  const INSERTS = 2 * LIMIT_BUCKET.bytes;
  const two = (burst = 3) =>
    load({ rules: [limit({ ...bySource, burstTicks: ticks(burst) })], limitBucketBits: 1 });

  /** The highest bit of the hash, and the next (docs/adr/0008-limit-state.md). */
  const bucketsOf = (low: bigint, high = 0n) => {
    const [first, second] = limitMultipliers(0n);
    const hash = BigInt.asUintN(64, (low ^ LIMIT_ID) * first + high * second);
    return `${hash >> 63n}${(hash >> 62n) & 1n}`;
  };
  /** So many sources whose first bucket is the first, and their second the second. */
  const sourcesOf = (count: number, buckets = "01") => {
    const found: number[] = [];
    for (let i = 0; found.length < count; i++) if (bucketsOf(low(i)) === buckets) found.push(i);
    return found;
  };
  /** Of each slot, those of the first bucket first, whose it is; null: it is free. */
  const owners = (filter: Filter) => {
    const image = Buffer.from(filter.map("limit_state").readImage(SLOTS * LIMIT_SLOT.bytes));
    return Array.from({ length: SLOTS }, (_, slot) => {
      const at = slot * LIMIT_SLOT.bytes;
      if (image.readBigUInt64LE(at + LIMIT_SLOT.limitId) === 0n) return null;
      return Number(image.readBigUInt64LE(at + LIMIT_SLOT.low) & 0xffffffn);
    });
  };
  const word = (filter: Filter, at: number) =>
    Buffer.from(filter.map("limit_state").readImage(8, at)).readBigUInt64LE();
  const setWord = (filter: Filter, at: number, value: bigint) => {
    const map = filter.map("limit_state");
    const image = Buffer.from(map.readImage(map.info.maxEntries * LIMIT_BUCKET.bytes));
    image.writeBigUInt64LE(value, at);
    map.writeImage(image);
  };

  test("newcomers take three slots of their first bucket, three of their second, then the last of each", () => {
    const filter = two();
    const sources = sourcesOf(SLOTS);
    const taken = sources.map((i) => {
      expect(run(filter, source(i), [SECOND])).toBe("p");
      return owners(filter).indexOf(i);
    });
    expect(taken).toEqual([0, 1, 2, 4, 5, 6, 3, 7]);
  });

  test("an IPv6 source stands where both halves of its address say", () => {
    const filter = two();
    const networks = Array.from({ length: 16 }, (_, i) => 0x2001_0db8_0000_0000n + BigInt(i));
    const wanted = new Set<string>();
    for (const high of networks) {
      filter.clear();
      run(filter, from(`2001:db8:0:${(high & 0xffffn).toString(16)}::1`), [SECOND]);
      const bucket = bucketsOf(0n, high)[0]!;
      wanted.add(bucket);
      expect(owners(filter).findIndex((owner) => owner !== null)).toBe(bucket === "0" ? 0 : 4);
    }
    expect(wanted.size).toBe(2);
  });

  test("a key in its second bucket is limited to the tick, and stands nowhere else", () => {
    const filter = two();
    const [own, ...others] = sourcesOf(4).toReversed() as [number, ...number[]];
    const t = 5n * SECOND;
    for (const i of others) expect(run(filter, source(i), [t, t, t])).toBe("ppp");
    expect(run(filter, source(own), [t, t, t, t, t])).toBe("pppxx");
    expect(owners(filter)).toEqual([...others, null, own, null, null, null]);
    expect(run(filter, source(own), [t + 999_999n, t + 1_000_000n, t + 1_000_000n])).toBe("xpx");
    expect(run(filter, source(own), Array(5).fill(t + SECOND))).toBe("pppxx");
    expect(run(filter, source(own), [t + SECOND - 1n])).toBe("x"); // a clock that is behind
    expect(owners(filter)).toEqual([...others, null, own, null, null, null]);
    expect(word(filter, 4 * LIMIT_SLOT.bytes + LIMIT_SLOT.tat)).toBe((t + SECOND) * 16n + ticks(3));
  });

  test("a slot that somebody writes just now limits nobody, and stays as it is", () => {
    const filter = two(1);
    const [own] = sourcesOf(1) as [number];
    expect(run(filter, source(own), [SECOND, SECOND])).toBe("px");
    setWord(filter, LIMIT_SLOT.tat, LIMIT_CLAIMED);
    expect(run(filter, source(own), [SECOND, SECOND, SECOND])).toBe("ppp");
    expect(owners(filter)).toEqual([own, ...Array<null>(SLOTS - 1).fill(null)]);
    expect(word(filter, LIMIT_SLOT.tat)).toBe(LIMIT_CLAIMED);
  });

  test("newcomers go without state while another one of their stripe is written", () => {
    const filter = two(1);
    const [own, other] = [sourcesOf(1)[0]!, sourcesOf(1, "10")[0]!];
    expect(run(filter, source(own), [SECOND])).toBe("p");
    expect([word(filter, INSERTS), word(filter, INSERTS + 8)]).toEqual([2n, 0n]);
    filter.clear();
    setWord(filter, INSERTS, 1n);
    expect(run(filter, source(own), [SECOND, SECOND, SECOND])).toBe("ppp");
    expect(filter.limitStates()).toEqual([]);
    expect(run(filter, source(other), [SECOND, SECOND])).toBe("px"); // of another stripe
    setWord(filter, INSERTS, 2n);
    expect(run(filter, source(own), [SECOND, SECOND])).toBe("px");
  });
});

describeKernel("ten thousand sources at 100 packets a second with a burst of 200", () => {
  const policy = {
    rules: [limit({ ...bySource, multiplier: PER_MILLISECOND * 10n, burstTicks: ticks(10) * 200n })],
  };
  const SOURCES = 10_000;
  const packets = Array.from({ length: SOURCES }, (_, i) => source(i));
  const conformed = (filter: Filter) => filter.counters()["0 conformed"]?.packets;
  const allOwe = (filter: Filter, nowNs: bigint, ownPackets: bigint) => {
    const states = filter.limitStates();
    expect(new Set(states.map((state) => state.low))).toEqual(new Set(packets.map((_, i) => low(i))));
    expect(new Set(states.map((state) => state.tat))).toEqual(
      new Set([nowNs * 16n + ticks(10) * ownPackets]),
    );
  };

  test("each passes what GCRA says, to the packet, on one CPU", () => {
    const filter = load(policy);
    const send = (nowNs: bigint, repeat: number) => {
      const metadata = new Uint8Array(PROOF.bytes);
      new DataView(metadata.buffer).setBigUint64(PROOF.nowNs, nowNs, true);
      for (const packet of packets) filter.program.testRun(packet, { metadata, repeat });
    };
    send(SECOND, 199);
    expect(conformed(filter)).toBe(SOURCES * 199);
    send(SECOND, 3);
    expect(conformed(filter)).toBe(SOURCES * 200);
    allOwe(filter, SECOND, 200n);
    send(SECOND + 10n * MS - 1n, 1); // one packet takes 10 ms
    expect(conformed(filter)).toBe(SOURCES * 200);
    send(SECOND + 10n * MS, 2);
    expect(conformed(filter)).toBe(SOURCES * 201);
    send(2n * SECOND, 150);
    expect(conformed(filter)).toBe(SOURCES * 300);
    allOwe(filter, 2n * SECOND, 200n);
  });

  /**
   * A host that takes a CPU away while it writes a new key lets the other's packets of that key go without state, uncharged
   * (docs/adr/0008-limit-state.md). That hits a key or two, and a run in some thirty: then another one must be without it.
   */
  async function runUndisturbed(): Promise<Filter> {
    for (let attempt = 1; ; attempt++) {
      const filter = load(policy);
      await runOnThreads(filter, packets, 150, SECOND);
      const uncharged = conformed(filter)! - SOURCES * 200;
      expect(uncharged).toBeGreaterThanOrEqual(0);
      expect(uncharged).toBeLessThanOrEqual(attempt < 4 ? 5 * 150 : 0);
      if (uncharged === 0) return filter;
    }
  }

  test("and on several at once", async () => {
    const filter = await runUndisturbed();
    allOwe(filter, SECOND, 200n);
    await runOnThreads(filter, packets, 60, 2n * SECOND);
    expect(conformed(filter)).toBe(SOURCES * 300);
    allOwe(filter, 2n * SECOND, 200n);
  });
});

describeKernel("a million active sources", () => {
  test("find their state in the table that serves, and none that of another", () => {
    const SOURCES = 1_000_000;
    const CHUNK = 50_000;
    const filter = load({ rules: [limit({ ...bySource, burstTicks: ticks(1) })], limitBucketBits: 19 });
    const frame = source(0);
    const frames = new Uint8Array(CHUNK * frame.length);
    const offsets = Uint32Array.from({ length: CHUNK + 1 }, (_, i) => i * frame.length);
    for (let i = 0; i < CHUNK; i++) frames.set(frame, i * frame.length);
    const view = new DataView(frames.buffer);
    const metadata = new Uint8Array(CHUNK * PROOF.bytes);
    const send = () => {
      const nowNs = new DataView(metadata.buffer);
      let passed = 0;
      for (let first = 0; first < SOURCES; first += CHUNK) {
        for (let i = 0; i < CHUNK; i++) {
          view.setUint32(i * frame.length + 26, 0x0a000000 + first + i);
          nowNs.setBigUint64(i * PROOF.bytes + PROOF.nowNs, SECOND, true);
        }
        for (const code of filter.program.testRunMany(frames, offsets, metadata)) if (code === 2) passed++;
      }
      return passed;
    };
    expect(send()).toBe(SOURCES);
    // All owe a packet at once: 200 or so found their eight slots taken.
    expect(send()).toBeLessThan(SOURCES / 1000);
    const states = filter.limitStates();
    expect(states.length).toBeGreaterThan(SOURCES - SOURCES / 1000);
    expect(states.every((state) => state.tat === SECOND * 16n + ticks(1))).toBe(true);
  });
});
