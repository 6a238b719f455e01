// Ring buffers against the kernel: records come in order and whole, the event loop is never held, close means close.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ktimeNs, RingBuffer } from "./index.ts";
import {
  describeKernel,
  type Filter,
  frame,
  loadFilter,
  readU64,
  XDP_DROP,
  XDP_PASS,
} from "./testdata/kernel.ts";
import { turn, until } from "./testdata/until.ts";

/** Writes one record for each packet length. */
function write(filter: Filter, lengths: readonly number[]): void {
  for (const length of lengths) filter.program.testRun(frame(length));
}

const length = (record: Uint8Array) => new DataView(record.buffer, record.byteOffset).getUint32(8, true);
const sixty = (count: number) => Array.from({ length: count }, () => 60);

describeKernel("a ring buffer", () => {
  test("gives each record once, whole and in order", async () => {
    const filter = loadFilter(XDP_DROP, true);
    const records: Uint8Array[] = [];
    using _buffer = RingBuffer.open(filter.records, (bytes) => records.push(bytes));
    const before = ktimeNs();
    write(filter, [60, 61, 62]);
    const after = ktimeNs();
    await until(() => records.length === 3);
    expect(records.map(length)).toEqual([60, 61, 62]);
    for (const record of records) {
      expect(record).toHaveLength(16);
      expect(readU64(record)).toBeGreaterThanOrEqual(before);
      expect(readU64(record)).toBeLessThanOrEqual(after);
      expect(record[12]).toBe(XDP_DROP);
    }
    write(filter, [99]);
    await until(() => records.length === 4);
    expect(length(records[3] as Uint8Array)).toBe(99);
    expect(length(records[0] as Uint8Array)).toBe(60);
  });

  test("gives what was written before it was opened", async () => {
    const filter = loadFilter(XDP_PASS, true);
    write(filter, [70, 71]);
    const lengths: number[] = [];
    using _buffer = RingBuffer.open(filter.records, (bytes) => lengths.push(length(bytes)));
    await until(() => lengths.length === 2);
    expect(lengths).toEqual([70, 71]);
  });

  test("takes at most 256 records in one turn of the event loop, and the rest in the next ones", async () => {
    const filter = loadFilter(XDP_PASS, true);
    const lengths = Array.from({ length: 1000 }, (_, i) => 14 + i);
    write(filter, lengths);
    const got: number[] = [];
    const most: number[] = [];
    using _buffer = RingBuffer.open(filter.records, (bytes) => got.push(length(bytes)));
    let before = 0;
    await until(() => {
      most.push(got.length - before);
      before = got.length;
      return got.length === 1000;
    });
    expect(Math.max(...most)).toBe(256);
    expect(got).toEqual(lengths);
  });

  test("goes on after it was full", async () => {
    const filter = loadFilter(XDP_PASS, true);
    let count = 0;
    write(filter, sixty(5000)); // 65,536 bytes hold 2,730 records of 16 and 8 bytes
    using _buffer = RingBuffer.open(filter.records, () => count++);
    await until(() => count >= 2700);
    const full = count;
    expect(full).toBeLessThanOrEqual(2730);
    write(filter, [60]);
    await until(() => count === full + 1);
  });

  test("gives nothing after close, not even what was read in the same turn", async () => {
    const filter = loadFilter(XDP_PASS, true);
    let count = 0;
    const buffer = RingBuffer.open(filter.records, () => {
      count++;
      if (count === 5) buffer.close();
    });
    write(filter, sixty(10));
    await until(() => count === 5);
    write(filter, [60]);
    for (let i = 0; i < 10; i++) await turn();
    expect(count).toBe(5);
    expect(buffer.closed).toBe(true);
  });

  test("works while the map's own handle is closed, and several at once", async () => {
    const [one, two] = [loadFilter(XDP_PASS, true), loadFilter(XDP_PASS, true)];
    const counts = [0, 0];
    using _first = RingBuffer.open(one.records, () => counts[0]!++);
    using _second = RingBuffer.open(two.records, () => counts[1]!++);
    one.records.close();
    write(one, [60, 60]);
    write(two, [60, 60, 60]);
    await until(() => counts[0] === 2 && counts[1] === 3);
  });

  test("refuses a map that is no ring buffer", () => {
    const filter = loadFilter();
    expect(() => RingBuffer.open(filter.table, () => {})).toThrow(
      expect.objectContaining({ code: "EINVAL", operation: "ring-buffer open", object: "table" }),
    );
  });

  test.each([
    ["open", "is ended by process.exit()"],
    ["unref", "does not keep a process alive once it is unreferenced"],
    ["throw", "hands what its function throws to uncaughtException, and goes on"],
    ["collect", "keeps itself while it is open, and lets go of descriptors that nobody holds"],
  ])("%s: %s", (scenario) => {
    const script = fileURLToPath(new URL("testdata/process.ts", import.meta.url));
    const output = execFileSync(process.execPath, ["--expose-gc", script, scenario], {
      encoding: "utf8",
      timeout: 120_000,
    });
    expect(output.trim()).toBe("as expected");
  });
});
