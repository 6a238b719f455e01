// Programs against the kernel: what it knows of them, and test-runs with metadata, one and many.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { hasLiveFrames } from "../../../test/support/kernel.ts";
import { BpfError, type BpfMap, BpfProgram } from "./index.ts";
import {
  describeKernel,
  frame,
  loadFilter,
  pinDirectory,
  readU64,
  u32,
  u64,
  XDP_DROP,
  XDP_TX,
} from "./testdata/kernel.ts";

/** Packets that the program counted, over all CPUs. */
function sum(counters: BpfMap): bigint {
  const values = counters.readRange(0, 1);
  let total = 0n;
  for (let offset = 0; offset < values.length; offset += 8) total += readU64(values, offset);
  return total;
}

describeKernel("a program", () => {
  const pins = pinDirectory("program");
  afterAll(() => pins[Symbol.dispose]());

  test("tells what the kernel knows of it, and is found by path and by id", () => {
    const { program, table, counters } = loadFilter();
    const { info } = program;
    expect(info).toMatchObject({ type: "xdp", name: "filter", tag: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(info.mapIds).toEqual(expect.arrayContaining([table.info.id, counters.info.id]));
    expect(info.xlatedBytes).toBeGreaterThan(0);
    expect(info.loadTimeNs).toBeGreaterThan(0n);
    program.pin(pins.path("filter"));
    program.close();
    expect(BpfProgram.openPinned(pins.path("filter")).info).toEqual(info);
    expect(BpfProgram.fromId(info.id).info).toEqual(info);
    expect(() => BpfProgram.fromId(4_000_000_000)).toThrow("program open id 4000000000: ENOENT");
  });

  test("runs on a packet and gives it back", () => {
    const { program } = loadFilter(XDP_DROP);
    const run = program.testRun(frame(64));
    expect(run.returnCode).toBe(1);
    expect(run.data).toEqual(frame(64));
    expect(run.metadata).toHaveLength(0);
  });

  test("runs exactly as often as it is told, also right after a child process ended", () => {
    const { program, counters } = loadFilter();
    execFileSync("true");
    program.testRun(frame(64), { repeat: 1000 });
    expect(sum(counters)).toBe(1000n);
  });

  test("gives each repetition the same packet and metadata", () => {
    const { shorten, program, table } = loadFilter();
    expect(shorten.testRun(frame(64), { repeat: 3 }).data).toEqual(frame(64).subarray(4));
    table.update(u32(0), u64(1n));
    expect(
      program.testRun(frame(64), { metadata: new Uint8Array(8), repeat: 3 }).metadata.subarray(0, 4),
    ).toEqual(u32(1));
  });

  test("measures its mean time, also right after a child process ended", () => {
    const { program, counters } = loadFilter();
    const means = Array.from({ length: 5 }, () => {
      execFileSync("true");
      const { durationNs, returnCode } = program.measure(frame(64), { repeat: 10_000 });
      expect(returnCode).toBe(2);
      expect(durationNs).toBeGreaterThan(0);
      return durationNs;
    });
    expect(Math.min(...means)).toBeLessThan(10_000); // a host that takes the CPU away is in the others
    expect(sum(counters)).toBeGreaterThanOrEqual(50_000n);
  });

  test("reads its metadata and leaves its answer there", () => {
    const { program, table } = loadFilter();
    table.update(u32(0), u64(1000n));
    const metadata = new Uint8Array(32).fill(7);
    metadata.set(u32(5));
    const run = program.testRun(frame(100), { metadata });
    expect(run.metadata.subarray(0, 8)).toEqual(new Uint8Array(Uint32Array.of(1005, 100).buffer));
    expect(run.metadata.subarray(8)).toEqual(new Uint8Array(24).fill(7));
    expect(run.data).toEqual(frame(100));
    expect(metadata.subarray(0, 4)).toEqual(u32(5));
  });

  test("gives back a packet that it shortened, with and without metadata", () => {
    const { shorten } = loadFilter();
    expect(shorten.testRun(frame(64)).data).toEqual(frame(64).subarray(4));
    const run = shorten.testRun(frame(64), { metadata: new Uint8Array(32).fill(9) });
    expect(run).toMatchObject({
      returnCode: XDP_TX,
      data: frame(64).subarray(4),
      metadata: new Uint8Array(32).fill(9),
    });
  });

  test.each([0, 32])("takes packets from 14 bytes on, with %i bytes of metadata", (metadataBytes) => {
    const { program } = loadFilter();
    const metadata = new Uint8Array(metadataBytes);
    expect(program.testRun(frame(14), { metadata }).data).toEqual(frame(14));
    expect(() => program.testRun(frame(13), { metadata })).toThrow(
      `program test-run filter: EINVAL (Invalid argument): packet of 13 bytes, metadata of ${metadataBytes}`,
    );
    expect(() => program.testRun(new Uint8Array(0), { metadata })).toThrow(BpfError);
  });

  test("is shown no more of a packet than a page holds beside what the kernel keeps there: 3,520 bytes of 4 KiB", () => {
    const { program } = loadFilter();
    // XDP_PACKET_HEADROOM in front, struct skb_shared_info behind.
    const pageKib = /^KernelPageSize: +(\d+) kB$/m.exec(readFileSync("/proc/self/smaps", "utf8"))![1];
    const most = Number(pageKib) * 1024 - 256 - 320;
    const shown = (bytes: number) =>
      new DataView(
        program.testRun(frame(bytes), { metadata: new Uint8Array(8) }).metadata.slice().buffer,
      ).getUint32(4, true);
    expect(shown(3520)).toBe(3520);
    expect(shown(most)).toBe(most);
    expect(shown(most + 1)).toBe(most);
    expect(program.testRun(frame(9000)).data).toEqual(frame(9000));
  });

  test("takes metadata in steps of 4 bytes", () => {
    const { program } = loadFilter();
    expect(program.testRun(frame(64), { metadata: new Uint8Array(28) }).metadata).toHaveLength(28);
    expect(() => program.testRun(frame(64), { metadata: new Uint8Array(30) })).toThrow(
      expect.objectContaining({ code: "EINVAL" }),
    );
  });

  test("runs on many packets in one call, each with its own metadata", () => {
    const { program, table } = loadFilter();
    table.update(u32(0), u64(100n));
    const lengths = [60, 14, 1500, 61];
    const offsets = Uint32Array.of(0, 60, 74, 1574, 1635);
    const metadata = new Uint8Array(4 * 32);
    for (let i = 0; i < 4; i++) metadata.set(u32(i), i * 32);
    expect(program.testRunMany(frame(1635), offsets, metadata)).toEqual(Uint32Array.of(2, 2, 2, 2));
    const words = new Uint32Array(metadata.buffer);
    for (const [i, length] of lengths.entries())
      expect([words[i * 8], words[i * 8 + 1]]).toEqual([100 + i, length]);
    expect(program.testRunMany(new Uint8Array(0), Uint32Array.of(0))).toEqual(new Uint32Array(0));
    expect(program.testRunMany(frame(60), Uint32Array.of(0, 30, 60))).toEqual(Uint32Array.of(2, 2));
  });

  test("names the packet of many that the kernel refuses", () => {
    const { program, counters } = loadFilter();
    expect(() => program.testRunMany(frame(100), Uint32Array.of(0, 60, 70, 100))).toThrow(
      "program test-run filter: EINVAL (Invalid argument): packet 1 of 3, 10 bytes",
    );
    expect(sum(counters)).toBe(1n);
  });

  test("refuses offsets that fall or leave the buffer, and metadata that does not divide", () => {
    const { program } = loadFilter();
    expect(() => program.testRunMany(frame(100), Uint32Array.of(60, 0))).toThrow(RangeError);
    expect(() => program.testRunMany(frame(100), Uint32Array.of(0, 101))).toThrow(RangeError);
    expect(() => program.testRunMany(frame(100), Uint32Array.of(0, 50, 100), new Uint8Array(33))).toThrow(
      RangeError,
    );
  });

  test.runIf(hasLiveFrames)("runs on live frames, and counts each", () => {
    const { program, counters } = loadFilter(XDP_DROP);
    expect(program.testRunLive(frame(64), { repeat: 1000 })).toBeGreaterThan(0);
    expect(sum(counters)).toBe(1000n);
  });

  test("says of refused live frames that old kernels have none", () => {
    const { program } = loadFilter(XDP_DROP);
    expect(() => program.testRunLive(frame(13), { repeat: 1 })).toThrow(/EINVAL.*kernels before 5\.18/);
  });
});
