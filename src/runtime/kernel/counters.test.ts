import { describe, expect, it } from "vitest";
import { possibleCpus } from "../bpf/index.ts";
import { counterEntry, countersFor, readCounts, slotsImage, slotsOf, sumCounters } from "./counters.ts";

describe("counters", () => {
  it("stand after 32 reasons, by groups of 256 slots, in a group by kind", () => {
    expect(counterEntry(0, 0)).toBe(32);
    expect(counterEntry(255, 0)).toBe(287);
    expect(counterEntry(0, 1)).toBe(288);
    expect(counterEntry(255, 3)).toBe(1055);
    expect(counterEntry(256, 0)).toBe(1056);
    expect(counterEntry(8191, 3)).toBe(32 + 4 * 8192 - 1);
  });

  it("take whole groups", () => {
    expect([0, 1, 256, 257].map(countersFor)).toEqual([32, 1056, 1056, 2080]);
  });

  it("add the CPUs' values up", () => {
    const words = BigUint64Array.of(1n, 10n, 2n, 20n, 3n, 30n, 4n, 40n);
    expect(sumCounters(new Uint8Array(words.buffer), 2)).toEqual([
      { packets: 3, bytes: 30 },
      { packets: 7, bytes: 70 },
    ]);
  });

  it("are read by slot, and no more of them than there are", () => {
    const read: number[] = [];
    /** Each entry counts its own place, on the first CPU. */
    const readRange = (first: number, count: number) => {
      const words = new BigUint64Array(2 * possibleCpus() * count);
      for (let i = 0; i < count; i++) words[2 * possibleCpus() * i] = BigInt(first + i);
      read.push(count);
      return new Uint8Array(words.buffer);
    };
    const { reasons, slots } = readCounts({ readRange }, 258);
    expect(reasons.map(({ packets }) => packets)).toEqual(Array.from({ length: 23 }, (_, reason) => reason));
    expect(slots).toHaveLength(258);
    const packetsOf = (slot: number) => slots[slot]!.map(({ packets }) => packets);
    expect(packetsOf(0)).toEqual([32, 288, 544, 800]);
    expect(packetsOf(255)).toEqual([287, 543, 799, 1055]);
    expect(packetsOf(256)).toEqual([1056, 1312, 1568, 1824]);
    expect(packetsOf(257)).toEqual([1057, 1313, 1569, 1825]);
    expect(read.reduce((sum, count) => sum + count)).toBe(23 + 4 * 258);
  });
});

describe("counter_slots", () => {
  const rule = (action: number, shadow: number) => {
    const line = new Uint8Array(64);
    line[40] = action;
    line[41] = shadow;
    return line;
  };
  const entries = (image: Uint8Array) => [
    ...new Uint32Array(image.buffer, image.byteOffset, image.length / 4),
  ];

  it("have a rule's first counter, whether it passes, and whether its line must be read", () => {
    const [pass, drop, limit] = [0, 1, 2];
    const rules = Buffer.concat([
      rule(pass, 0),
      rule(drop, 0),
      rule(limit, 0),
      rule(pass, 1),
      rule(drop, 1),
      rule(drop, 0),
    ]);
    const { bytes } = slotsImage(rules, [0, 1, 256, 3, 4, null]);
    expect(bytes).toHaveLength(64);
    expect(entries(bytes).slice(0, 6)).toEqual([
      0x40000020, 0x00000021, 0x80000420, 0xc0000023, 0x80000024, 0x0000ffff,
    ]);
  });

  it("are one line at least, and whole lines", () => {
    expect(
      [0, 1, 16, 17].map((count) => slotsImage(null, Array<number>(count).fill(0)).bytes.length),
    ).toEqual([64, 64, 64, 128]);
  });

  it("say which slots they were made of", () => {
    const slots = [0, 255, 256, 8191];
    expect([...slotsOf(slotsImage(new Uint8Array(4 * 64).fill(1), slots).bytes)].slice(0, 4)).toEqual(slots);
  });
});
