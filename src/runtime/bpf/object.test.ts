// Object files against the kernel: maps adjusted before load, constants, refusals with the verifier's words.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { BpfError, BpfMap, BpfObject, MAP_FLAGS } from "./index.ts";
import { compile } from "./testdata/compile.ts";
import { describeKernel, frame, loadFilter, u32, u64, XDP_DROP, XDP_PASS } from "./testdata/kernel.ts";

const CONSTANTS = { word: 0x7a000000, bit: 0x7b000000, optional: 0x7c000000, anyBit: 255 };

describeKernel("an object file", () => {
  test("lists its maps as its source declares them", () => {
    using object = BpfObject.open(compile("filter"), "filter");
    const maps = new Map(object.maps().map((map) => [map.name, map]));
    expect([...maps.keys()].sort()).toEqual(["counters", "filter.rodata", "records", "table"]);
    expect(maps.get("table")).toEqual({
      name: "table",
      type: "array",
      keyBytes: 4,
      valueBytes: 8,
      maxEntries: 4,
      flags: 1024,
    });
    expect(maps.get("records")).toMatchObject({ type: "ringbuf", maxEntries: 65_536 });
  });

  test("loads with other constants, which its program then follows", () => {
    expect(loadFilter(XDP_PASS).program.testRun(frame(64)).returnCode).toBe(2);
    expect(loadFilter(XDP_DROP).program.testRun(frame(64)).returnCode).toBe(1);
  });

  test("loads while signals keep arriving, though the verifier gives up at each", () => {
    const script = fileURLToPath(new URL("testdata/process.ts", import.meta.url));
    const output = execFileSync(process.execPath, [script, "signals"], {
      encoding: "utf8",
      timeout: 240_000,
    });
    expect(output.trim()).toBe("as expected");
  });

  test("loads with a map of another size", () => {
    using object = BpfObject.open(compile("filter"), "filter");
    object.setMaxEntries("table", 77);
    object.load();
    expect(object.map("table").info.maxEntries).toBe(77);
  });

  test("reaches a table of any size by its address, at an index that is a constant put into its code", () => {
    const run = (constants: Uint8Array) => {
      using table = tableOf(Uint8Array.from({ length: 100_000 }, (_, at) => at % 3));
      using object = BpfObject.open(compile("patched"), "patched");
      object.useValue("table", table);
      object.useConstants(CONSTANTS, constants);
      object.load();
      using program = object.program("patched");
      return program.testRun(frame(64)).returnCode;
    };
    expect(run(u32(0, 0))).toBe(0);
    expect(run(u32(99_998, 0))).toBe(99_998 % 3);
    expect(run(u32(99_998, 0b0111))).toBe(99_998 % 3);
    expect(run(u32(99_998, 0b1000))).toBe(3);
    expect(run(u32(99_998, 0b1_0000))).toBe(99_999 % 3);
    expect(() => run(u32(99_999, 0b1_0000))).toThrow(/invalid access to map value/);
    expect(() => run(u32(100_000, 0))).toThrow(/invalid access to map value/);
    expect(() => run(u32(0))).toThrow(/EINVAL/); // no constant at offset 4
    expect(() => run(u32(0x8000_0000, 0))).toThrow(/EINVAL/); // would be extended to 64 bits with its sign
  });

  test("means the same whatever its constants rule out, and has all of its maps", () => {
    const expected = (mode: number, rounds: number) => {
      let sum = mode << 4;
      for (let round = 0; round < Math.min(rounds, 8); round++) sum = sum * 3 + 64 * round;
      if (mode === 1) sum += rounds < 4 ? 10 * rounds + 7 : 1000;
      else if (mode & 4) sum -= mode >> 1;
      if ((mode & 3) === 3) sum += 3;
      if (mode & 8) sum += 5;
      return (sum * 2 + (mode > 5 || (mode | rounds) === 11 ? 1 : 0)) >>> 0;
    };
    for (let mode = 0; mode < 12; mode++)
      for (const rounds of [0, 1, 3, 4, 7, 8, 9, 1000]) {
        using object = BpfObject.open(compile("pruned"), "pruned");
        object.useConstants(CONSTANTS, u32(mode, rounds));
        object.load();
        using map = object.map("rare");
        for (let key = 0; key < 4; key++) map.update(u32(key), u32(10 * key));
        using program = object.program("pruned");
        expect([mode, rounds, program.testRun(frame(64)).returnCode]).toEqual([
          mode,
          rounds,
          expected(mode, rounds),
        ]);
        expect(program.info.mapIds).toEqual([map.info.id]);
      }
  });

  test("is the same program by its tag where its constants are, and another where they are not", () => {
    const tagOf = (mode: number) => {
      using object = BpfObject.open(compile("pruned"), "pruned");
      object.useConstants(CONSTANTS, u32(mode, 3));
      object.load();
      using program = object.program("pruned");
      return program.info.tag;
    };
    expect(tagOf(2)).toBe(tagOf(2));
    expect(tagOf(2)).not.toBe(tagOf(3));
  });

  test("uses no value of a map that has more than one", () => {
    using several = BpfMap.create({ type: "array", name: "t", keyBytes: 4, valueBytes: 8, maxEntries: 2 });
    using object = BpfObject.open(compile("patched"), "patched");
    expect(() => object.useValue("table", several)).toThrow(/is not an array of one element/);
  });

  test("loads with a map that is there already, and both see its values", () => {
    using shared = BpfMap.create({
      type: "percpu_array",
      name: "shared",
      keyBytes: 4,
      valueBytes: 8,
      maxEntries: 8,
    });
    using object = BpfObject.open(compile("filter"), "filter");
    object.reuseMap("counters", shared);
    object.load();
    expect(object.map("counters").info.id).toBe(shared.info.id);
    expect(object.maps().map((map) => map.name)).toContain("counters");
    object.program("filter").testRun(frame(64), { repeat: 5 });
    const values = new BigUint64Array(shared.readRange(0, 1).slice().buffer);
    expect(values.reduce((sum, value) => sum + value, 0n)).toBe(5n);
  });

  test("refuses a map of another shape, and names both", () => {
    using other = BpfMap.create({ type: "hash", name: "other", keyBytes: 4, valueBytes: 16, maxEntries: 8 });
    using object = BpfObject.open(compile("filter"), "filter");
    expect(() => object.reuseMap("counters", other)).toThrow(
      "object reuse-map filter counters: EINVAL (Invalid argument): it wants percpu_array of 4-byte keys and 8-byte values, other is hash of 4-byte keys and 16-byte values",
    );
  });

  test("hands out maps and programs that outlive it", () => {
    const object = BpfObject.open(compile("filter"), "filter");
    object.load();
    const program = object.program("filter");
    const table = object.map("table");
    object.close();
    table.update(u32(0), u64(3n));
    expect(program.testRun(frame(64)).returnCode).toBe(2);
    expect(program.info.mapIds).toContain(table.info.id);
  });

  test("carries the verifier's reason when its program is refused, and prints nothing", () => {
    using object = BpfObject.open(compile("refused"), "refused");
    let caught: unknown;
    try {
      object.load();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(BpfError);
    const error = caught as BpfError;
    expect(error).toMatchObject({ code: "EACCES", errno: 13, operation: "object load", object: "refused" });
    expect(error.log).toContain("invalid access to packet, off=0 size=1");
    expect(error.message).toMatch(/^object load refused: EACCES \(Permission denied\)\n/);
    expect(error.message).toContain("invalid access to packet");
    expect(() => object.load()).toThrow("its load was already called");
    expect(() => object.program("careless")).toThrow("it is not loaded");
  });

  test("loads beside another one, and each follows its own constants", () => {
    using one = BpfObject.open(compile("filter"), "filter");
    using other = BpfObject.open(compile("filter"), "filter");
    other.setInitialValue(".rodata", Uint8Array.of(XDP_DROP, 0, 0, 0, 0, 0, 0, 0));
    one.loadBeside(other);
    expect(one.program("filter").testRun(frame(64)).returnCode).toBe(2);
    expect(other.program("filter").testRun(frame(64)).returnCode).toBe(1);
    expect(() => other.load()).toThrow("its load was already called");
  });

  test("loads beside one that is refused, whose reason the error carries", () => {
    for (const order of ["first", "second"]) {
      using good = BpfObject.open(compile("filter"), "filter");
      using bad = BpfObject.open(compile("refused"), "refused");
      const load = () => (order === "first" ? bad.loadBeside(good) : good.loadBeside(bad));
      expect(load, order).toThrow(
        expect.objectContaining({
          code: "EACCES",
          object: "refused",
          log: expect.stringContaining("invalid access to packet") as unknown,
        }),
      );
      expect(() => good.load()).toThrow("its load was already called");
      expect(() => bad.load()).toThrow("its load was already called");
    }
  });

  test("is not loaded beside itself, nor beside a closed one, and can be loaded after that", () => {
    using object = BpfObject.open(compile("filter"), "filter");
    const closed = BpfObject.open(compile("filter"), "closed");
    closed.close();
    expect(() => object.loadBeside(object)).toThrow("beside itself");
    expect(() => object.loadBeside(closed)).toThrow("the object is closed");
    object.load();
  });

  test("refuses bytes that are no ELF object, and an object cut short", () => {
    expect(() => BpfObject.open(new Uint8Array(64), "zeros")).toThrow(
      expect.objectContaining({ operation: "object open", object: "zeros" }),
    );
    expect(() => BpfObject.open(compile("filter").subarray(0, 200), "short")).toThrow(BpfError);
    expect(() => BpfObject.open(new Uint8Array(0), "empty")).toThrow(BpfError);
    expect(() => BpfObject.open("/nowhere/filter.bpf.o", "filter")).toThrow("ENOENT");
  });

  test("names what it has not", () => {
    using object = BpfObject.open(compile("filter"), "filter");
    expect(() => object.setMaxEntries("nothing", 1)).toThrow("it has no map nothing");
    expect(() => object.setInitialValue(".rodata", new Uint8Array(3))).toThrow(
      "the value has 3 bytes, the map's has 8",
    );
    expect(() => object.map("table")).toThrow("it is not loaded");
    object.load();
    expect(() => object.program("nothing")).toThrow("object program filter: ENOENT");
    expect(() => object.setMaxEntries("table", 1)).toThrow(expect.objectContaining({ code: "EBUSY" }));
    expect(() => object.setInitialValue(".rodata", new Uint8Array(8))).toThrow(
      expect.objectContaining({ code: "EBUSY" }),
    );
  });
});

function tableOf(bytes: Uint8Array): BpfMap {
  const map = BpfMap.create({
    type: "array",
    name: "table",
    keyBytes: 4,
    valueBytes: bytes.length,
    maxEntries: 1,
    flags: MAP_FLAGS.mmapable,
  });
  map.writeImage(bytes);
  return map;
}
