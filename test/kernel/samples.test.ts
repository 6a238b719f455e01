// Samples of an instance that serves: what is in one, which packets have one, and the budget of each CPU and jiffy.
// Also what sets the two kinds of instance apart.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, expect, test } from "vitest";
import { REASONS } from "../../src/bundle/abi.ts";
import { buildPacket, truncateTo } from "../../src/packet/build.ts";
import { ktimeNs, RingBuffer } from "../../src/runtime/bpf/index.ts";
import { describeKernel } from "../support/kernel.ts";
import { from, limit, load, ports, SECOND, ticks, unload, V4 } from "./fixtures.ts";
import { buildObject, type Filter } from "./harness.ts";
import { DIGEST_FIRST, type HandPolicy } from "./tables.ts";

beforeAll(buildObject);
afterEach(unload);

/** struct sample of bpf/shared.h: 48 bytes and 96 of the frame. */
function readSample(record: Uint8Array) {
  const bytes = Buffer.from(record);
  expect(bytes.length).toBe(144);
  return {
    timeNs: bytes.readBigUInt64LE(0),
    rule: bytes.readBigUInt64LE(8),
    reason: REASONS[bytes.readUInt32LE(16)],
    verdict: bytes.readUInt32LE(20),
    shadow: bytes.readUInt16LE(24),
    abiVersion: bytes.readUInt16LE(26),
    interfaceIndex: bytes.readUInt32LE(28),
    frameBytes: bytes.readUInt32LE(32),
    capturedBytes: bytes.readUInt32LE(36),
    digest: bytes.subarray(40, 48).toString("hex"),
    frame: bytes.subarray(48),
  };
}

/** Words of struct sample_state, of each CPU. */
function sampleState(filter: Filter) {
  const [[, value] = []] = [...filter.map("sample_state").entries()];
  const words = [...new BigUint64Array(Uint8Array.from(value!).buffer)].map(Number);
  const word = (index: number) => words.filter((_, at) => at % 6 === index);
  return { used: word(1), taken: word(2), suppressed: word(3), lost: word(4) };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

const serve = (policy: HandPolicy) => load({ proof: false, samplesPerJiffy: 1000, ...policy });

/** All that `run` makes: as many as the program says that it took. */
async function samplesOf(filter: Filter, run: () => void) {
  const records: Uint8Array[] = [];
  using _ring = RingBuffer.open(filter.map("samples"), (record) => records.push(record));
  run();
  await expect.poll(() => records.length).toBe(sum(sampleState(filter).taken));
  await sleep(50); // none besides
  return records.map(readSample);
}

describeKernel("samples", () => {
  test("say which packet was dropped, when, where, by whom and why", async () => {
    const filter = serve({ rules: [{ id: 0x1122334455667788n, action: "drop" }] });
    const packet = from("198.51.100.7"); // 114 bytes
    const before = ktimeNs();
    const [sample, ...more] = await samplesOf(filter, () => filter.program.testRun(packet));
    expect(more).toEqual([]);
    expect(sample).toMatchObject({
      rule: 0x1122334455667788n,
      reason: "rule",
      verdict: 0,
      shadow: 0,
      abiVersion: 2,
      interfaceIndex: 1, // BPF_PROG_TEST_RUN runs as if on loopback
      frameBytes: 114,
      capturedBytes: 96,
      digest: Array.from({ length: 8 }, (_, i) => (DIGEST_FIRST + i).toString(16)).join(""),
    });
    expect(sample!.timeNs).toBeGreaterThanOrEqual(before);
    expect(sample!.timeNs).toBeLessThanOrEqual(ktimeNs());
    expect(sample!.frame).toEqual(Buffer.from(packet.subarray(0, 96)));
  });

  test("hold the frame's first 96 bytes, or all of it and zeros", async () => {
    const filter = serve({ rules: [], defaultVerdict: "drop" });
    const long = Uint8Array.from({ length: 300 }, (_, i) => (i % 255) + 1);
    const lengths = [...Array.from({ length: 85 }, (_, i) => 14 + i), 104, 300];
    const samples = await samplesOf(filter, () => {
      for (const bytes of lengths) filter.program.testRun(truncateTo(long, bytes));
    });
    expect(samples.map(({ frameBytes }) => frameBytes)).toEqual(lengths);
    for (const { frameBytes, capturedBytes, frame } of samples) {
      const captured = Math.min(96, frameBytes);
      expect(capturedBytes).toBe(captured);
      expect(frame).toEqual(Buffer.concat([long.subarray(0, captured), Buffer.alloc(96 - captured)]));
    }
  });

  test("are taken of drops of every kind and of what shadow rules would have dropped, and of no pass", async () => {
    const block = { blockNs: 60n * SECOND, burstTicks: ticks(1), multiplier: ticks(1000) << 16n };
    const at = (port: number) => ({ destinationPort: [[port, port]] as const });
    const filter = serve({
      rules: [
        { id: 1n, action: "pass", fields: at(22) },
        { id: 2n, action: "drop", shadow: true, fields: at(53) },
        { id: 3n, action: "pass", shadow: true, fields: at(53) },
        limit({ burstTicks: ticks(1) - 1n }, { id: 4n, shadow: true, fields: at(54) }),
        limit({ burstTicks: ticks(10) }, { id: 5n, shadow: true, fields: at(55) }),
        { id: 6n, action: "pass", fields: { destinationPort: [[53, 55]] } },
        limit({ ...block, burstTicks: 1n }, { id: 7n, fields: at(56) }),
      ],
      managementCount: 1,
      defaultVerdict: "drop",
      passReasons: ["other-ethertype"],
    });
    const samples = await samplesOf(filter, () => {
      for (const port of [22, 53, 54, 55, 57, 56, 57]) filter.program.testRun(ports(9, port));
      filter.program.testRun(buildPacket({ ipv4: { ...V4, ihl: 4 }, protocol: 47 }));
      filter.program.testRun(buildPacket({ ethernet: { type: 0x88cc }, payloadBytes: 46 }));
      filter.program.testRun(buildPacket({ arp: { sender: V4.source, target: V4.destination } }));
    });
    expect(samples.map(({ reason, rule, shadow }) => [reason, rule, shadow])).toEqual([
      ["rule", 2n, 1],
      ["limit", 4n, 1],
      ["default", 0n, 0],
      ["limit", 7n, 0],
      ["block", 7n, 0],
      ["bad-ihl", 0n, 0],
    ]);
    expect(new Set(samples.map(({ verdict }) => verdict))).toEqual(new Set([0]));
  });

  test("stay within the budget of a jiffy, whatever arrives", async () => {
    const filter = serve({ rules: [], defaultVerdict: "drop", samplesPerJiffy: 3 });
    const packet = from("198.51.100.7");
    const begun = ktimeNs();
    let tookNs = 0n;
    let sent = 100_000;
    const most = () => sampleState(filter).used.reduce((a, b) => Math.max(a, b));
    const samples = await samplesOf(filter, () => {
      filter.program.testRun(packet, { repeat: sent });
      // A jiffy that has just begun: on a slow machine it has had a packet or two.
      for (; most() < 3; sent += 10) filter.program.testRun(packet, { repeat: 10 });
      tookNs = ktimeNs() - begun;
    });
    const { taken, suppressed, lost } = sampleState(filter);
    expect(most()).toBe(3);
    expect([sum(taken), sum(suppressed), sum(lost)]).toEqual([samples.length, sent - samples.length, 0]);
    // A jiffy is 1 ms at the shortest (CONFIG_HZ=1000); the run may change its CPU between two system calls, not in one.
    const jiffies = Number(tookNs / 1_000_000n) + 2;
    expect(samples.length).toBeGreaterThanOrEqual(3);
    expect(samples.length).toBeLessThanOrEqual(3 * jiffies);
    expect(filter.counters()["reason default"]?.packets).toBe(sent);
  });

  test("are taken again in a later jiffy, when the budget of one was spent", async () => {
    const filter = serve({ rules: [], defaultVerdict: "drop", samplesPerJiffy: 1 });
    const packet = from("198.51.100.7");
    filter.program.testRun(packet, { repeat: 10_000 });
    const taken = () => sum(sampleState(filter).taken);
    // On each CPU, whichever it runs on: a jiffy lasts 10 ms at most, and one packet in it finds a budget.
    for (let round = 0; round < 3; round++) {
      const before = taken();
      await sleep(20);
      filter.program.testRun(packet, { repeat: 10_000 });
      expect(taken()).toBeGreaterThan(before);
    }
  });

  test("have nothing of the frame that stood in the ring buffer before", async () => {
    const filter = serve({ rules: [], defaultVerdict: "drop", samplesPerJiffy: 0xffffffff });
    const long = new Uint8Array(300).fill(0xee);
    const records: Uint8Array[] = [];
    using _ring = RingBuffer.open(filter.map("samples"), (record) => records.push(record));
    // 256 KiB have room for 1,724 samples: the next one stands where the first stood.
    filter.program.testRun(long, { repeat: 1724 });
    await expect.poll(() => records.length).toBe(1724);
    filter.program.testRun(long.subarray(0, 14));
    await expect.poll(() => records.length).toBe(1725);
    expect(readSample(records.at(-1)!).frame).toEqual(
      Buffer.concat([long.subarray(0, 14), Buffer.alloc(82)]),
    );
  });

  test("a budget of none takes none, and neither does a proof instance", async () => {
    const none = serve({ rules: [], defaultVerdict: "drop", samplesPerJiffy: 0 });
    expect(await samplesOf(none, () => none.program.testRun(from("198.51.100.7")))).toEqual([]);
    const proof = load({ rules: [], defaultVerdict: "drop", samplesPerJiffy: 1000 });
    expect(await samplesOf(proof, () => proof.run(from("198.51.100.7")))).toEqual([]);
  });

  test("a ring buffer that nobody empties loses samples and no verdict", () => {
    const filter = serve({ rules: [], defaultVerdict: "drop", samplesPerJiffy: 0xffffffff });
    const run = filter.program.testRun(from("198.51.100.7"), { repeat: 20_000 });
    expect(run.returnCode).toBe(1);
    expect(filter.counters()["reason default"]?.packets).toBe(20_000);
    const { taken, suppressed, lost } = sampleState(filter);
    // 256 KiB of records of 144 bytes with 8 before each.
    expect([sum(taken), sum(suppressed), sum(lost)]).toEqual([1724, 0, 20_000 - 1724]);
  });
});

describeKernel("instances", () => {
  test("a proof instance without its 32 bytes of metadata aborts, and counts nothing", () => {
    const filter = load({ rules: [] });
    for (const metadata of [new Uint8Array(0), new Uint8Array(28)])
      expect(filter.program.testRun(from("198.51.100.7"), { metadata }).returnCode).toBe(0);
    expect(filter.counters()).toEqual({});
  });

  test("an instance that serves leaves metadata alone, and keeps the kernel's time", () => {
    const filter = serve({ rules: [limit({ burstTicks: ticks(1), multiplier: ticks(3_600_000) << 16n })] });
    const metadata = new Uint8Array(32).fill(0xee);
    const left = filter.program.testRun(from("198.51.100.7"), { metadata }).metadata;
    expect(new Uint8Array(left)).toEqual(metadata);
    unload();
    const served = serve({ rules: [limit({})] });
    const before = ktimeNs();
    served.program.testRun(from("198.51.100.7"));
    const tat = served.limitStates()[0]?.tat;
    expect(tat! - ticks(1)).toBeGreaterThanOrEqual(before * 16n);
    expect(tat! - ticks(1)).toBeLessThanOrEqual(ktimeNs() * 16n);
  });

  test("a limit whose burst lasts 100 ms is a tick late at most, a shorter one is not late", () => {
    const late = (burstTicks: bigint) => {
      const served = serve({ rules: [limit({ burstTicks })], limitBucketBits: 1 });
      let most = 0n;
      for (let i = 0; i < 500; i++) {
        served.clear();
        const before = ktimeNs();
        served.program.testRun(from("198.51.100.7"));
        const after = ktimeNs();
        const now = (served.limitStates()[0]!.tat - ticks(1)) / 16n;
        expect(now).toBeLessThanOrEqual(after);
        if (before - now > most) most = before - now;
        if (most > 500_000n) break;
      }
      return most;
    };
    expect(late(ticks(100) - 1n)).toBe(0n);
    // A host that takes the CPU away which keeps the time makes ticks late: the calmest of some counts.
    const tick = Array.from({ length: 5 }, () => late(ticks(100))).reduce((a, b) => (a < b ? a : b));
    expect(tick).toBeGreaterThan(0n);
    expect(tick).toBeLessThanOrEqual(10_000_000n);
  });

  test("the clock of a limit whose burst lasts 100 ms goes on with the ticks", async () => {
    const served = serve({ rules: [limit({ burstTicks: ticks(100) })], limitBucketBits: 1 });
    const lateness = async () => {
      served.clear();
      await sleep(100);
      const before = ktimeNs();
      served.program.testRun(from("198.51.100.7"));
      return before - (served.limitStates()[0]!.tat - ticks(1)) / 16n;
    };
    // A host that takes the CPU away which keeps the time makes ticks late: the calmest of some counts.
    const found: bigint[] = [];
    for (let i = 0; i < 5 && !found.some((late) => late < 50_000_000n); i++) {
      await lateness(); // whichever CPU it is, it has looked at the clock before
      found.push(await lateness());
    }
    expect(found.some((late) => late < 50_000_000n)).toBe(true);
  });

  test("no packet aborts: every return is pass or drop", () => {
    const filter = serve({ rules: [limit({})], everyDimension: true });
    const frame = buildPacket({
      vlan: [1, 2],
      ipv6: { source: "::1", destination: "::2", extensions: [{ kind: "routing" }, { kind: "fragment" }] },
      udp: { sourcePort: 1, destinationPort: 2 },
      payloadBytes: 20,
    });
    for (let bytes = 14; bytes <= frame.length; bytes++)
      expect([1, 2]).toContain(filter.program.testRun(truncateTo(frame, bytes)).returnCode);
  });
});
