// Every method of every handle, crossed with closed: a clear EBADF, never a crash, and never another file's descriptor.
// Open, attached and replaced are in the tests of each class.

import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadAddon } from "./addon.ts";
import { BpfError, BpfMap, BpfObject, BpfProgram, RingBuffer, XdpLink } from "./index.ts";
import { compile } from "./testdata/compile.ts";
import { describeKernel, frame, loadFilter, u32, u64, vethPair } from "./testdata/kernel.ts";

type Method<T> = readonly [name: string, call: (handle: T) => unknown];

const MAP: Method<BpfMap>[] = [
  ["info", (map) => map.info],
  ["valueBytes", (map) => map.valueBytes],
  ["lookup", (map) => map.lookup(u32(0))],
  ["update", (map) => map.update(u32(0), u64(0n))],
  ["delete", (map) => map.delete(u32(0))],
  ["keys", (map) => [...map.keys()]],
  ["entries", (map) => [...map.entries()]],
  ["readRange", (map) => map.readRange(0, 1)],
  ["writeImage", (map) => map.writeImage(u64(0n))],
  ["readImage", (map) => map.readImage(8)],
  ["holdsImage", (map) => map.holdsImage(u64(0n))],
  ["freeze", (map) => map.freeze()],
  ["pin", (map) => map.pin("/sys/fs/bpf/piston-test-never")],
  ["RingBuffer.open", (map) => RingBuffer.open(map, () => {})],
];

const PROGRAM: Method<BpfProgram>[] = [
  ["info", (program) => program.info],
  ["testRun", (program) => program.testRun(frame(64))],
  ["testRunMany", (program) => program.testRunMany(frame(64), Uint32Array.of(0, 64))],
  ["testRunLive", (program) => program.testRunLive(frame(64), { repeat: 1 })],
  ["measure", (program) => program.measure(frame(64), { repeat: 1 })],
  ["pin", (program) => program.pin("/sys/fs/bpf/piston-test-never")],
  ["XdpLink.attach", (program) => XdpLink.attach(program, 1, "generic")],
];

const LINK: Method<XdpLink>[] = [
  ["info", (link) => link.info],
  ["update", (link) => link.update(loadFilter().program)],
  ["detach", (link) => link.detach()],
  ["pin", (link) => link.pin("/sys/fs/bpf/piston-test-never")],
];

const OBJECT: Method<BpfObject>[] = [
  ["maps", (object) => object.maps()],
  ["programs", (object) => object.programs()],
  ["setMaxEntries", (object) => object.setMaxEntries("table", 1)],
  ["reuseMap", (object) => object.reuseMap("table", loadFilter().table)],
  ["setInitialValue", (object) => object.setInitialValue(".rodata", u64(0n))],
  ["load", (object) => object.load()],
  ["loadBeside", (object) => object.loadBeside(BpfObject.open(compile("filter"), "other"))],
  ["program", (object) => object.program("filter")],
  ["map", (object) => object.map("table")],
];

const RING_BUFFER: Method<RingBuffer>[] = [
  ["ref", (buffer) => buffer.ref()],
  ["unref", (buffer) => buffer.unref()],
];

const openLoadedObject = () => {
  const object = BpfObject.open(compile("filter"), "filter");
  object.load();
  return object;
};

function crossedWithClosed<T extends Disposable & { close(): void; readonly closed: boolean }>(
  kind: string,
  methods: readonly Method<T>[],
  open: () => T,
): void {
  describe(`a closed ${kind}`, () => {
    test.each(methods)("refuses %s", (_, call) => {
      const handle = open();
      expect(handle.closed).toBe(false);
      handle.close();
      expect(handle.closed).toBe(true);
      expect(() => call(handle)).toThrow(
        expect.objectContaining({ name: "BpfError", code: "EBADF", errno: 9 }),
      );
      expect(() => call(handle)).toThrow(/ is closed$/);
    });

    test("closes again without harm to a descriptor that took its number", () => {
      const handle = open();
      handle.close();
      using other = BpfMap.create({
        type: "array",
        name: "other",
        keyBytes: 4,
        valueBytes: 4,
        maxEntries: 1,
      });
      handle.close();
      handle[Symbol.dispose]();
      expect(other.info.name).toBe("other");
    });
  });
}

describeKernel("handles", () => {
  let veth: ReturnType<typeof vethPair>;
  beforeAll(() => {
    veth = vethPair();
  });
  afterAll(() => veth[Symbol.dispose]());

  crossedWithClosed("map", MAP, () => loadFilter().table);
  crossedWithClosed("program", PROGRAM, () => loadFilter().program);
  crossedWithClosed("link", LINK, () => XdpLink.attach(loadFilter().program, veth.ifindex, "native"));
  crossedWithClosed("object", OBJECT, openLoadedObject);
  crossedWithClosed("ring buffer", RING_BUFFER, () => RingBuffer.open(loadFilter().records, () => {}));

  test("a link is not moved to or from a closed program", () => {
    const [one, two] = [loadFilter().program, loadFilter().program];
    using link = XdpLink.attach(one, veth.ifindex, "native");
    two.close();
    expect(() => link.update(two)).toThrow(
      "link update filter: EBADF (Bad file descriptor): the program is closed",
    );
    expect(() => link.update(loadFilter().program, two)).toThrow("the program is closed");
    expect(link.info.programId).toBe(one.info.id);
  });

  test("an object does not take a closed map", () => {
    using object = BpfObject.open(compile("filter"), "filter");
    const { table } = loadFilter();
    table.close();
    expect(() => object.reuseMap("table", table)).toThrow("the map is closed");
  });

  test("leave no descriptor behind, whatever failed", () => {
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const tries = () => {
      const { program, shorten, table, counters, records } = loadFilter();
      expect(() => XdpLink.attach(program, 2 ** 31 - 1, "native")).toThrow(BpfError);
      expect(() => RingBuffer.open(table, () => {})).toThrow(BpfError);
      using refused = BpfObject.open(compile("refused"), "refused");
      expect(() => refused.load()).toThrow(BpfError);
      const buffer = RingBuffer.open(records, () => {});
      for (const handle of [program, shorten, table, counters, records, buffer]) handle.close();
    };
    tries();
    const before = descriptors();
    for (let i = 0; i < 20; i++) tries();
    expect(descriptors()).toBe(before);
  });

  test("of one kind are not taken for another, nor for anything else", () => {
    const { program, table } = loadFilter();
    const addon = loadAddon();
    const link = XdpLink.attach(program, veth.ifindex, "native");
    const wrong = [BpfMap.nativeOf(table), {}, null, 7, Object.create(BpfProgram.nativeOf(program))];
    for (const value of wrong)
      expect(() => addon.attachXdp(value as never, veth.ifindex, false)).toThrow(TypeError);
    for (const value of [BpfProgram.nativeOf(program), {}, undefined]) {
      expect(() => addon.openRingBuffer(value as never, () => {})).toThrow(TypeError);
    }
    link.close();
  });

  test("are made by the addon only, and their methods stay with them", () => {
    const { program, table } = loadFilter();
    const map = BpfMap.nativeOf(table);
    const NativeMap = map.constructor as unknown as new (...args: unknown[]) => unknown;
    expect(() => new NativeMap()).toThrow("a map is opened, not constructed");
    expect(() => new NativeMap({})).toThrow("a map is opened, not constructed");
    expect(() => map.info.call(BpfProgram.nativeOf(program) as never)).toThrow(TypeError);
    expect(() => map.info.call({} as never)).toThrow(TypeError);
  });

  test("refuse arguments of another type", () => {
    const { table, program } = loadFilter();
    const map = BpfMap.nativeOf(table);
    expect(() => map.lookup("1234" as never)).toThrow("key must be a Uint8Array");
    expect(() => map.lookup(Uint32Array.of(0) as never)).toThrow("key must be a Uint8Array");
    expect(() => map.readRange(-1, 1)).toThrow(RangeError);
    expect(() => map.readRange(0.5, 1)).toThrow(RangeError);
    expect(() => map.readImage(Number.NaN, 0)).toThrow(RangeError);
    expect(() => map.pin(7 as never)).toThrow("path must be a string");
    expect(() =>
      BpfProgram.nativeOf(program).testRunMany(frame(14), frame(14) as never, frame(0), Uint32Array.of(0)),
    ).toThrow("offsets must be a Uint32Array");
  });
});
