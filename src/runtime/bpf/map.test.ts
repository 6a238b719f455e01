// Maps against the kernel: single entries, iteration, ranges, images, freezing, pins.

import { readdirSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { sectionSha256 } from "../../bundle/digest.ts";
import { BpfMap, BpfProgram, MAP_FLAGS, type MapDefinition, possibleCpus, XdpLink } from "./index.ts";
import { describeKernel, loadFilter, pinDirectory, readU64, u32, u64 } from "./testdata/kernel.ts";

const HASH: MapDefinition = { type: "hash", name: "pairs", keyBytes: 4, valueBytes: 8, maxEntries: 20_000 };
const IMAGE: MapDefinition = {
  type: "array",
  name: "image",
  keyBytes: 4,
  valueBytes: 64,
  maxEntries: 1000,
  flags: MAP_FLAGS.mmapable,
};

describeKernel("a map", () => {
  const pins = pinDirectory("map");
  afterAll(() => pins[Symbol.dispose]());

  test("tells what the kernel made of its definition", () => {
    using map = BpfMap.create(IMAGE);
    expect(map.info).toMatchObject({
      type: "array",
      name: "image",
      keyBytes: 4,
      valueBytes: 64,
      maxEntries: 1000,
      flags: 1024,
      frozen: false,
    });
    expect(map.info.memoryBytes).toBeGreaterThanOrEqual(64_000);
    expect(map.valueBytes).toBe(map.info.valueBytes);
  });

  test("finds, replaces and deletes an entry of a hash table", () => {
    using map = BpfMap.create(HASH);
    expect(map.lookup(u32(1))).toBeNull();
    map.update(u32(1), u64(10n));
    expect(map.lookup(u32(1))).toEqual(u64(10n));
    map.update(u32(1), u64(11n), "exist");
    expect(map.lookup(u32(1))).toEqual(u64(11n));
    expect(map.delete(u32(1))).toBe(true);
    expect(map.delete(u32(1))).toBe(false);
  });

  test("refuses to add what is there, and to replace what is not", () => {
    using map = BpfMap.create(HASH);
    expect(() => map.update(u32(1), u64(1n), "exist")).toThrow(
      expect.objectContaining({ code: "ENOENT", operation: "map update", object: "pairs" }),
    );
    map.update(u32(1), u64(1n), "noexist");
    expect(() => map.update(u32(1), u64(2n), "noexist")).toThrow("map update pairs: EEXIST (File exists)");
  });

  test("refuses keys and values of another length before the kernel reads past them", () => {
    using map = BpfMap.create(HASH);
    expect(() => map.lookup(new Uint8Array(3))).toThrow("the key has 3 bytes, the map's have 4");
    expect(() => map.update(u32(0), new Uint8Array(9))).toThrow("the value has 9 bytes, the map's have 8");
    expect(() => map.delete(new Uint8Array(5))).toThrow(expect.objectContaining({ code: "EINVAL" }));
  });

  test("refuses a type that there is not, and sizes that the kernel does not take", () => {
    expect(() => BpfMap.create({ ...HASH, type: "no_such_type" as "hash" })).toThrow(
      'there is no map type "no_such_type"',
    );
    expect(() => BpfMap.create({ ...HASH, maxEntries: 0 })).toThrow("map create pairs: EINVAL");
  });

  test.each(["hash", "lru_hash", "percpu_hash"] as const)(
    "reads all entries of a %s, more than one batch",
    (type) => {
      using map = BpfMap.create({ ...HASH, type });
      const cpus = type === "percpu_hash" ? possibleCpus() : 1;
      const value = (i: number) =>
        new Uint8Array(BigUint64Array.from({ length: cpus }, (_, c) => BigInt(i * 3 + c)).buffer);
      for (let i = 0; i < 9000; i++) map.update(u32(i), value(i));
      const seen = new Map(
        [...map.entries()].map(([k, v]) => [new DataView(k.buffer, k.byteOffset).getUint32(0, true), v]),
      );
      expect(seen.size).toBe(9000);
      for (const i of [0, 1, 4095, 4096, 8999]) expect(seen.get(i)).toEqual(value(i));
      expect([...map.keys()]).toHaveLength(9000);
    },
  );

  test("reads all entries of a trie and of an array, and none of an empty table", () => {
    using trie = BpfMap.create({ ...HASH, type: "lpm_trie", keyBytes: 8, flags: MAP_FLAGS.noPreallocate });
    const prefix = Uint8Array.of(8, 0, 0, 0, 10, 0, 0, 0);
    trie.update(prefix, u64(7n));
    expect([...trie.entries()]).toEqual([[prefix, u64(7n)]]);
    using array = BpfMap.create({ ...HASH, type: "array", maxEntries: 5000 });
    array.update(u32(4999), u64(1n));
    const entries = [...array.entries()];
    expect(entries).toHaveLength(5000);
    expect(entries[4999]).toEqual([u32(4999), u64(1n)]);
    using empty = BpfMap.create(HASH);
    expect([...empty.entries()]).toEqual([]);
    expect([...empty.keys()]).toEqual([]);
  });

  test("gives each CPU's value of a per-CPU map, rounded up to 8 bytes", () => {
    using map = BpfMap.create({
      type: "percpu_array",
      name: "percpu",
      keyBytes: 4,
      valueBytes: 12,
      maxEntries: 3,
    });
    expect(map.lookup(u32(0))).toHaveLength(16 * possibleCpus());
    expect(map.readRange(0, 3)).toHaveLength(3 * 16 * possibleCpus());
  });

  test("reads ranges of an array, at its first and last entry and in between", () => {
    using map = BpfMap.create({
      type: "array",
      name: "range",
      keyBytes: 4,
      valueBytes: 8,
      maxEntries: 10_000,
    });
    for (const i of [0, 1, 5000, 9999]) map.update(u32(i), u64(BigInt(i + 1)));
    const all = map.readRange(0, 10_000);
    expect(readU64(all, 5000 * 8)).toBe(5001n);
    expect(map.readRange(0, 1)).toEqual(u64(1n));
    expect(map.readRange(1, 1)).toEqual(u64(2n));
    expect(map.readRange(9999, 1)).toEqual(u64(10_000n));
    expect(map.readRange(5, 0)).toHaveLength(0);
    expect(() => map.readRange(9999, 2)).toThrow("ERANGE");
    using hash = BpfMap.create(HASH);
    expect(() => hash.readRange(0, 1)).toThrow("only arrays have ranges");
  });

  test("takes and gives its memory image, also from the middle of a page", () => {
    using map = BpfMap.create(IMAGE);
    const image = Uint8Array.from({ length: 64_000 }, (_, i) => (i * 7) & 255);
    map.writeImage(image);
    expect(map.readImage(64_000)).toEqual(image);
    expect(map.lookup(u32(999))).toEqual(image.subarray(999 * 64));
    map.writeImage(new Uint8Array(5000).fill(1), 4100);
    expect(map.readImage(5002, 4099)).toEqual(
      Uint8Array.from([image[4099] ?? -1, ...new Uint8Array(5000).fill(1), image[9100] ?? -1]),
    );
  });

  test("says whether it holds an image, to the last bit", () => {
    using map = BpfMap.create(IMAGE);
    const image = Uint8Array.from({ length: 64_000 }, (_, i) => (i * 7) & 255);
    map.writeImage(image);
    map.freeze();
    expect(map.holdsImage(image)).toBe(true);
    expect(map.holdsImage(image.subarray(4099, 9100), 4099)).toBe(true);
    expect(map.holdsImage(new Uint8Array(0), 64_000)).toBe(true);
    for (const at of [0, 4095, 4096, 63_999]) {
      const other = image.slice();
      other[at]! ^= 0x80;
      expect(map.holdsImage(other)).toBe(false);
      expect(map.holdsImage(other.subarray(at, at + 1), at)).toBe(false);
    }
    expect(() => map.holdsImage(new Uint8Array(2), 63_999)).toThrow("ERANGE");
  });

  test("refuses an image that does not fit, and one of a map that is not mmap-able", () => {
    using map = BpfMap.create(IMAGE);
    map.writeImage(new Uint8Array(64_000));
    expect(() => map.writeImage(new Uint8Array(64_001))).toThrow("ERANGE");
    expect(() => map.writeImage(new Uint8Array(1), 64_000)).toThrow("ERANGE");
    expect(() => map.readImage(1, 2 ** 40)).toThrow("ERANGE");
    using plain = BpfMap.create({ ...IMAGE, flags: 0 });
    expect(() => plain.writeImage(new Uint8Array(1))).toThrow(
      "only an array with BPF_F_MMAPABLE has an image",
    );
  });

  test("is sealed with what it was given, each with the digest of what it holds, whatever the sizes", () => {
    // Below and above what one thread does alone (256 KiB, one part), whole parts and begun ones, and no multiple of a page.
    for (const sizes of [
      [64],
      [262_080, 64],
      [262_144],
      [262_144, 64],
      [262_152],
      [524_288],
      [3_127_680],
      [2_097_152, 64, 503_104, 8, 1_914_688, 262_144],
      [8, 262_144, 3_127_680],
    ]) {
      const images = sizes.map((length, of) => ({
        name: `sealed_${of}`,
        bytes: Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) + (i >> 18) + of) & 255),
      }));
      const sealed = BpfMap.sealed(images);
      for (const [i, { map, sha256 }] of sealed.entries()) {
        const { name, bytes } = images[i]!;
        expect(Buffer.from(sha256).toString("hex")).toBe(sectionSha256(bytes));
        expect(map.info).toMatchObject({ name, type: "array", frozen: true, valueBytes: bytes.length });
        expect(Buffer.from(map.readImage(bytes.length)).equals(bytes)).toBe(true);
        expect(() => map.writeImage(bytes.subarray(0, 8))).toThrow("EPERM");
        map.close();
      }
    }
    expect(BpfMap.sealed([])).toEqual([]);
  });

  test("is not sealed where one of several cannot be, and then none is left", () => {
    // Fewer is well: what another case has left may be collected meanwhile.
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const before = descriptors();
    const good = { name: "good", bytes: new Uint8Array(300_000) };
    expect(() => BpfMap.sealed([good, { name: "odd", bytes: new Uint8Array(12) }])).toThrow("whole words");
    expect(() => BpfMap.sealed([good, { name: "none", bytes: new Uint8Array(0) }])).toThrow("whole words");
    expect(() => BpfMap.sealed([good, { name: "a name", bytes: new Uint8Array(64) }, good])).toThrow(
      expect.objectContaining({ operation: "map create", object: "a name", code: "EINVAL" }),
    );
    expect(descriptors()).toBeLessThanOrEqual(before);
  });

  test("is frozen right after its image was written, and takes nothing more", () => {
    using map = BpfMap.create(IMAGE);
    map.writeImage(new Uint8Array(64_000).fill(5));
    map.freeze();
    expect(map.info.frozen).toBe(true);
    expect(() => map.writeImage(new Uint8Array(1))).toThrow(
      "map write image: EPERM (Operation not permitted): the map is frozen",
    );
    expect(() => map.update(u32(0), new Uint8Array(64))).toThrow(
      "map update image: EPERM (Operation not permitted)",
    );
    expect(map.readImage(2, 63_998)).toEqual(Uint8Array.of(5, 5));
    // EBUSY up to some kernel, EPERM on newer ones.
    expect(() => map.freeze()).toThrow(/^map freeze image: (EBUSY|EPERM) /);
  });

  test("lives on in its pin when it is closed, and is found by path and by id", () => {
    const map = BpfMap.create(HASH);
    map.update(u32(9), u64(99n));
    map.pin(pins.path("pairs"));
    const id = map.info.id;
    expect(() => map.pin(pins.path("pairs"))).toThrow(
      expect.objectContaining({ code: "EEXIST", operation: "map pin" }),
    );
    map.close();
    using pinned = BpfMap.openPinned(pins.path("pairs"));
    expect(pinned.lookup(u32(9))).toEqual(u64(99n));
    using byId = BpfMap.fromId(id);
    expect(byId.info.id).toBe(id);
  });

  test("names the path or the id where there is none", () => {
    expect(() => BpfMap.openPinned(pins.path("none"))).toThrow(
      expect.objectContaining({ code: "ENOENT", operation: "map open", object: pins.path("none") }),
    );
    expect(() => BpfMap.fromId(4_000_000_000)).toThrow("map open id 4000000000: ENOENT");
    expect(() => BpfMap.openPinned("/tmp")).toThrow(expect.objectContaining({ object: "/tmp" }));
  });

  test("is not taken for a program or a link, nor a program for it", () => {
    const { program, table } = loadFilter();
    table.pin(pins.path("a-map"));
    program.pin(pins.path("a-program"));
    expect(() => BpfProgram.openPinned(pins.path("a-map"))).toThrow("it is a map, not a program");
    expect(() => XdpLink.openPinned(pins.path("a-map"))).toThrow("it is a map, not a link");
    expect(() => BpfMap.openPinned(pins.path("a-program"))).toThrow("it is a program, not a map");
  });
});
