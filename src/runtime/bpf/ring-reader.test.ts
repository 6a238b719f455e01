// Records taken from the kernel's ring buffer by asking: none is lost, none comes twice, and both positions stay true
// over readers.

import { expect, test } from "vitest";
import { BpfError, type RecordSlots, RingReader } from "./index.ts";
import { describeKernel, type Filter, frame, loadFilter, XDP_PASS } from "./testdata/kernel.ts";
import { turn, until } from "./testdata/until.ts";

/** struct record of testdata/filter.bpf.c, and the kernel's header before each. */
const RECORD_BYTES = 16;
const HEADER_BYTES = 8;
const RING_BYTES = 65_536;

function slots(count: number, slotBytes = RECORD_BYTES): RecordSlots {
  return {
    bytes: new Uint8Array(new SharedArrayBuffer(count * slotBytes)),
    slotBytes,
    sizes: new Uint32Array(count),
  };
}

const total = () => new Float64Array(new SharedArrayBuffer(8));

function write(filter: Filter, lengths: readonly number[]): void {
  for (const length of lengths) filter.program.testRun(frame(length));
}

/** The packet's length, as each record has it. */
function lengths({ bytes, slotBytes }: RecordSlots, count: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: count }, (_, i) => view.getUint32(i * slotBytes + 8, true));
}

describeKernel("a ring reader", () => {
  test("takes what there is, whole and in order, into shared memory, and adds it up there", () => {
    const filter = loadFilter(XDP_PASS, true);
    using reader = RingReader.open(filter.records);
    const into = slots(8);
    const sum = total();
    expect(reader.drain(into, sum)).toBe(0);
    write(filter, [60, 61, 62]);
    expect(reader.drain(into, sum)).toBe(3);
    expect(lengths(into, 3)).toEqual([60, 61, 62]);
    expect([...into.sizes.subarray(0, 3)]).toEqual([16, 16, 16]);
    write(filter, [63]);
    expect(reader.drain(into, sum)).toBe(1);
    expect(lengths(into, 1)).toEqual([63]);
    expect(sum[0]).toBe(4);
  });

  test("takes no more than slots and caller allow, and leaves the rest for the next", () => {
    const filter = loadFilter(XDP_PASS, true);
    using reader = RingReader.open(filter.records);
    write(filter, [14, 15, 16, 17, 18]);
    const sum = total();
    expect(reader.drain(slots(2), sum)).toBe(2);
    expect(reader.drain(slots(8), sum, 1)).toBe(1);
    expect(reader.drain(slots(8), sum, 0)).toBe(0);
    using another = RingReader.open(filter.records);
    const rest = slots(8);
    expect(another.drain(rest, sum)).toBe(2);
    expect(lengths(rest, 2)).toEqual([17, 18]);
    expect(sum[0]).toBe(5);
  });

  test("cuts a record to its slot and says how long it was", () => {
    const filter = loadFilter(XDP_PASS, true);
    using reader = RingReader.open(filter.records);
    write(filter, [77, 78]);
    const into = slots(2, 12);
    expect(reader.drain(into, total())).toBe(2);
    expect(lengths(into, 2)).toEqual([77, 78]);
    expect([...into.sizes]).toEqual([16, 16]);
  });

  test("tells both positions since the map was made, also over the ring's end", () => {
    const filter = loadFilter(XDP_PASS, true);
    using reader = RingReader.open(filter.records);
    const each = RECORD_BYTES + HEADER_BYTES;
    const fits = Math.floor(RING_BYTES / each);
    const into = slots(fits);
    const sum = total();
    filter.program.testRun(frame(60), { repeat: fits });
    expect(reader.positions()).toEqual({ read: 0, written: fits * each });
    expect(reader.drain(into, sum)).toBe(fits);
    for (let round = 1; round <= 3; round++) {
      filter.program.testRun(frame(60 + round), { repeat: 1000 });
      expect(reader.drain(into, sum)).toBe(1000);
      expect(new Set(lengths(into, 1000))).toEqual(new Set([60 + round]));
    }
    expect(sum[0]).toBe(fits + 3000);
    using another = RingReader.open(filter.records);
    expect(another.positions()).toEqual({ read: (fits + 3000) * each, written: (fits + 3000) * each });
  });

  test("wakes whoever waits once, for records of before and after, and nobody who has closed it", async () => {
    const filter = loadFilter(XDP_PASS, true);
    const reader = RingReader.open(filter.records);
    let woken = 0;
    reader.wait(() => woken++);
    await turn();
    expect(woken).toBe(0);
    write(filter, [60]);
    await until(() => woken === 1);
    write(filter, [61]);
    await turn();
    expect(woken).toBe(1);
    reader.wait(() => woken++); // there are records already
    await until(() => woken === 2);
    expect(reader.drain(slots(4), total())).toBe(2);
    reader.wait(() => woken++);
    reader.wait(() => {
      woken += 10;
    });
    write(filter, [62]);
    await until(() => woken === 12);
    reader.wait(() => woken++);
    reader.close();
    await turn();
    expect(woken).toBe(12);
    expect(() => reader.wait(() => {})).toThrow(BpfError);
  });

  test("is closed once, for good; a map of another kind has no reader", () => {
    const filter = loadFilter(XDP_PASS, true);
    const reader = RingReader.open(filter.records);
    reader.close();
    reader.close();
    expect(reader.closed).toBe(true);
    expect(() => reader.positions()).toThrow(BpfError);
    expect(() => reader.drain(slots(1), total())).toThrow(BpfError);
    expect(() => RingReader.open(filter.table)).toThrow(BpfError);
  });
});
