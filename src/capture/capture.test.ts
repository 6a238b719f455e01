import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { udp } from "../packet/index.ts";
import { type PcapngOptions, type WrittenPacket, writePcap, writePcapng } from "./capture-fixture.ts";
import { Capture, CaptureError, fromBytes } from "./index.ts";

const START_NS = 1_700_000_000_123_456_789n;
const FRAME = udp({ from: "198.51.100.7:4000", to: "203.0.113.53:53", payloadBytes: 40 });
const SECOND = udp({ from: "[2001:db8::1]:4000", to: "[2001:db8::53]:53", payloadBytes: 1 });
const RAW_4 = FRAME.subarray(14);
const RAW_6 = SECOND.subarray(14);

interface Read {
  readonly frames: Uint8Array[];
  readonly timesNs: bigint[];
  readonly capture: Capture;
}

function read(bytes: Uint8Array): Read {
  const capture = new Capture(fromBytes(bytes));
  const frames: Uint8Array[] = [];
  const timesNs: bigint[] = [];
  for (const batch of capture.batches())
    for (let i = 0; i < batch.count; i++) {
      frames.push(batch.bytes.slice(batch.offsets[i], batch.offsets[i + 1]));
      timesNs.push(batch.timesNs[i]!);
    }
  return { frames, timesNs, capture };
}

const hex = (frames: readonly Uint8Array[]) => frames.map((frame) => Buffer.from(frame).toString("hex"));
const at = (...ns: readonly bigint[]): WrittenPacket[] =>
  ns.map((offset, i) => ({ bytes: i % 2 ? SECOND : FRAME, timeNs: START_NS + offset }));

describe("pcap", () => {
  for (const littleEndian of [true, false])
    for (const nanoseconds of [true, false])
      it(`is read in ${littleEndian ? "little" : "big"}-endian order with ${nanoseconds ? "nano" : "micro"}seconds`, () => {
        const bytes = writePcap(at(0n, 1_000n, 2_000_001_500n), { littleEndian, nanoseconds });
        const { frames, timesNs, capture } = read(bytes);
        expect(hex(frames)).toEqual(hex([FRAME, SECOND, FRAME]));
        // 789 ns of the start are cut off in microseconds: the differences are between cut times.
        expect(timesNs).toEqual(nanoseconds ? [0n, 1_000n, 2_000_001_500n] : [0n, 1_000n, 2_000_002_000n]);
        expect(capture).toMatchObject({ format: "pcap", packets: 3, cutPackets: 0, damageCount: 0 });
      });

  it("puts an Ethernet header before raw IP, by its version, and as IPv4 where it has none", () => {
    const packets = [RAW_4, RAW_6, Uint8Array.of(0x70, 0), new Uint8Array(0)];
    for (const linkType of [12, 14, 101]) {
      const { frames } = read(
        writePcap(
          packets.map((bytes) => ({ bytes, timeNs: 0n })),
          { linkType },
        ),
      );
      expect(frames.map((frame) => Buffer.from(frame.subarray(12, 14)).toString("hex"))).toEqual([
        "0800",
        "86dd",
        "0800",
        "0800",
      ]);
      expect(hex(frames.map((frame) => frame.subarray(14)))).toEqual(hex(packets));
    }
  });
  it("takes the IP version from the link types that name it", () => {
    const typeOf = (linkType: number, bytes: Uint8Array) =>
      Buffer.from(
        read(writePcap([{ bytes, timeNs: 0n }], { linkType })).frames[0]!.subarray(12, 14),
      ).toString("hex");
    expect(typeOf(228, RAW_6)).toBe("0800");
    expect(typeOf(229, RAW_4)).toBe("86dd");
  });
  it("takes Ethernet with a frame check sequence, told in the upper bits of the link type", () => {
    const { frames } = read(writePcap(at(0n), { linkType: 0x5400_0001 }));
    expect(hex(frames)).toEqual(hex([FRAME]));
  });
  it("refuses other link types by their name", () => {
    const bytes = writePcap(at(0n), { linkType: 113 });
    expect(() => read(bytes)).toThrow(CaptureError);
    expect(() => read(bytes)).toThrow(
      /^pcap: link type 113, Linux cooked capture .* is neither Ethernet nor raw IP$/,
    );
    expect(() => read(writePcap(at(0n), { linkType: 147 }))).toThrow(/link type 147 is neither/);
  });

  it("names a record that is cut, and gives out what stands before it", () => {
    const bytes = writePcap(at(0n, 1n), { nanoseconds: true });
    const secondAt = 24 + 16 + FRAME.length;
    for (const [length, message] of [
      [bytes.length - 1, `the last record is cut: ${SECOND.length - 1} of ${SECOND.length} bytes`],
      [secondAt + 16, `the last record is cut: 0 of ${SECOND.length} bytes`],
      [secondAt + 15, "the last record's header is cut: 15 of 16 bytes"],
      [secondAt + 1, "the last record's header is cut: 1 of 16 bytes"],
    ] as const) {
      const { frames, capture } = read(bytes.subarray(0, length));
      expect(frames).toHaveLength(1);
      expect(capture.damages).toEqual([{ offset: secondAt, message }]);
    }
    expect(read(bytes.subarray(0, secondAt)).capture.damages).toEqual([]);
  });
  it("ends at a length that no packet has: 262,144 bytes are one, 262,145 are not", () => {
    const longest = writePcap([{ bytes: new Uint8Array(262_144), timeNs: 0n }]);
    expect(read(longest)).toMatchObject({ frames: { length: 1 }, capture: { damageCount: 0 } });
    const { frames, capture } = read(writePcap([...at(0n), { bytes: new Uint8Array(262_145), timeNs: 0n }]));
    expect(frames).toHaveLength(1);
    expect(capture.damages).toMatchObject([
      { offset: 40 + FRAME.length, message: expect.stringContaining("claims 262145 bytes") },
    ]);
  });
  it("counts packets that a snap length has cut", () => {
    const { capture } = read(
      writePcap([{ bytes: FRAME, timeNs: 0n, originalBytes: FRAME.length + 1 }, ...at(0n)]),
    );
    expect(capture).toMatchObject({ packets: 2, cutPackets: 1, damageCount: 0 });
  });
  it("gives out captures larger than a batch and than the window, in order", () => {
    const packets = Array.from({ length: 20_000 }, (_, i) => {
      const bytes = new Uint8Array(500);
      new DataView(bytes.buffer).setUint32(0, i);
      return { bytes, timeNs: BigInt(i) };
    });
    const { frames, timesNs } = read(writePcap(packets, { nanoseconds: true }));
    expect(frames.map((frame) => new DataView(frame.buffer).getUint32(0))).toEqual([...packets.keys()]);
    expect(timesNs).toEqual(packets.map(({ timeNs }) => timeNs));
  });
});

describe("pcapng", () => {
  const times = (options: PcapngOptions, ...ns: readonly bigint[]) =>
    read(writePcapng(at(...ns), options)).timesNs;

  for (const littleEndian of [true, false])
    it(`is read in ${littleEndian ? "little" : "big"}-endian order, unknown blocks skipped`, () => {
      const interfaces = [{ resolution: 9 }];
      const bytes = writePcapng(at(0n, 7n), { littleEndian, interfaces, unknownBlocks: true });
      const { frames, timesNs, capture } = read(bytes);
      expect(hex(frames)).toEqual(hex([FRAME, SECOND]));
      expect(timesNs).toEqual([0n, 7n]);
      expect(capture).toMatchObject({ format: "pcapng", damageCount: 0 });
    });
  it("reads times in each interface's resolution and offset", () => {
    expect(times({}, 0n, 1_000n)).toEqual([0n, 1_000n]);
    expect(times({ interfaces: [{ resolution: 3 }] }, 0n, 2_999_999n)).toEqual([0n, 3_000_000n]); // ms: …123, …126
    expect(times({ interfaces: [{ resolution: 12 }] }, 0n, 1n)).toEqual([0n, 1n]);
    expect(times({ interfaces: [{ resolution: 0 }] }, 0n, 2_000_000_000n)).toEqual([0n, 2_000_000_000n]);
    // 2^-10 s are 976,562.5 ns
    expect(times({ interfaces: [{ resolution: 0x8a }] }, 0n, 500_000_000n)).toEqual([0n, 500_000_000n]);
    const offset = [{ resolution: 9 }, { resolution: 9, offsetSeconds: -5n }];
    const packets = at(0n, 1n).map((packet, i) => ({ ...packet, interface: i }));
    expect(read(writePcapng(packets, { interfaces: offset })).timesNs).toEqual([0n, 1n]);
  });
  it("reads simple packets, which have the time of the one before, and the old packet block", () => {
    const interfaces = [{ resolution: 9, snapBytes: 60 }];
    const packets: WrittenPacket[] = [
      { bytes: FRAME, timeNs: START_NS, block: "old" },
      { bytes: FRAME, timeNs: START_NS + 5n },
      { bytes: FRAME.subarray(0, 60), timeNs: 0n, originalBytes: 61, block: "simple" },
      { bytes: FRAME.subarray(0, 30), timeNs: 0n, block: "simple" },
    ];
    const { frames, timesNs, capture } = read(writePcapng(packets, { interfaces }));
    expect(frames.map(({ length }) => length)).toEqual([FRAME.length, FRAME.length, 60, 30]);
    expect(timesNs).toEqual([0n, 5n, 5n, 5n]);
    expect(capture.cutPackets).toBe(1);
  });
  it("begins anew at each section: byte order and interfaces", () => {
    const little = writePcapng(at(0n), { interfaces: [{ linkType: 101 }, {}], littleEndian: true });
    const big = writePcapng(at(1n), { littleEndian: false });
    const { frames } = read(Buffer.concat([little, big]));
    expect(frames.map(({ length }) => length)).toEqual([FRAME.length + 14, FRAME.length]);
  });
  it("refuses a link type with the packet that has it, after those before", () => {
    const packets = at(0n, 1n).map((packet, i) => ({ ...packet, interface: i }));
    const bytes = writePcapng(packets, { interfaces: [{}, { linkType: 127 }] });
    const capture = new Capture(fromBytes(bytes));
    const batches = capture.batches();
    expect(batches.next().value).toMatchObject({ count: 1 });
    expect(() => batches.next()).toThrow(
      /^pcapng, interface 1: link type 127, IEEE 802\.11 with radiotap, is neither/,
    );
    expect(read(writePcapng(at(0n), { interfaces: [{}, { linkType: 127 }] })).frames).toHaveLength(1);
  });
  it("names what is damaged, and goes on where it can", () => {
    const good = writePcapng(at(0n, 1n, 2n));
    const blockBytes = (good.length - 28 - 20 - 32 - Math.ceil(SECOND.length / 4) * 4) / 2;
    const edited = (offset: number, value: number) => {
      const bytes = good.slice();
      new DataView(bytes.buffer).setUint32(offset, value, true);
      return read(bytes);
    };
    const first = 48;
    // The first packet's length, interface and block lengths.
    expect(edited(first + 20, 10_000)).toMatchObject({
      frames: { length: 2 },
      capture: {
        damages: [{ offset: first, message: expect.stringContaining("a packet of 10000 bytes in a block") }],
      },
    });
    expect(edited(first + 8, 3)).toMatchObject({
      frames: { length: 2 },
      capture: { damages: [{ offset: first, message: expect.stringContaining("interface 3") }] },
    });
    expect(edited(first + blockBytes - 4, 8)).toMatchObject({
      frames: { length: 0 },
      capture: { damages: [{ offset: first, message: expect.stringContaining("two lengths") }] },
    });
    for (const length of [0, 11, 13]) expect(edited(first + 4, length).capture.damageCount).toBe(1);
    const cut = read(good.subarray(0, good.length - 1));
    expect(cut).toMatchObject({ frames: { length: 2 }, capture: { damageCount: 1 } });
  });
});

describe("pcapng, block by block", () => {
  const u16 = (value: number) => Uint8Array.of(value & 0xff, value >> 8);
  const u32 = (value: number) => Uint8Array.of(...u16(value & 0xffff), ...u16(value >>> 16));
  /** As it stands: both lengths are those of the body, whatever it is, unless `length` says otherwise. */
  const block = (type: number, body: readonly Uint8Array[], length?: number) => {
    const bytes = Buffer.concat(body);
    const told = u32(length ?? bytes.length + 12);
    return Buffer.concat([u32(type), told, bytes, told]);
  };
  const sectionOf = (major: number) =>
    block(0x0a0d0d0a, [u32(0x1a2b3c4d), u16(major), u16(0), u32(0xffff_ffff), u32(0xffff_ffff)]);
  const SECTION = sectionOf(1);
  const interfaceOf = (...options: Uint8Array[]) => block(1, [u16(1), u16(0), u32(0), ...options]);
  const resolution = (value: number) => Buffer.concat([u16(9), u16(1), Uint8Array.of(value, 0, 0, 0)]);
  const packet = (units: number, bytes = Uint8Array.of()) =>
    block(6, [u32(0), u32(0), u32(units), u32(bytes.length), u32(bytes.length), bytes]);
  const readBlocks = (...blocks: Uint8Array[]) => {
    const { frames, timesNs, capture } = read(Buffer.concat(blocks));
    return { frames: frames.length, timesNs, damages: capture.damages.map(({ message }) => message) };
  };
  /** Two packets 7 units apart. */
  const apart = (...options: Uint8Array[]) =>
    readBlocks(SECTION, interfaceOf(...options), packet(1), packet(8)).timesNs[1];

  it("has microseconds where no option, or none that is whole, says otherwise", () => {
    expect(apart()).toBe(7_000n);
    expect(apart(resolution(9))).toBe(7n);
    expect(apart(u16(0), u16(0), resolution(9))).toBe(7_000n); // behind the end of options
    expect(apart(u16(9), u16(1))).toBe(7_000n); // its value would be the block's second length
    expect(apart(u16(9), u16(0), resolution(9))).toBe(7n);
    expect(apart(u16(2), u16(3), Uint8Array.of(97, 98, 99, 0), resolution(9))).toBe(7n); // padded to 4 bytes
  });

  it("has an offset of 8 bytes, signed, in every resolution", () => {
    const offset = (...bytes: number[]) => [u16(14), u16(bytes.length), Uint8Array.from(bytes)];
    const minus = Array<number>(8).fill(0xff);
    const twoInterfaces = (exponent: number, ...options: Uint8Array[]) => {
      const second = block(6, [u32(1), u32(0), u32(8), u32(0), u32(0)]);
      const both = [interfaceOf(resolution(exponent)), interfaceOf(resolution(exponent), ...options)];
      return readBlocks(SECTION, ...both, packet(1), second).timesNs[1];
    };
    const plus = [1, 0, 0, 0, 0, 0, 0, 0];
    expect(twoInterfaces(9, ...offset(...plus))).toBe(1_000_000_007n);
    expect(twoInterfaces(12, ...offset(...plus))).toBe(1_000_000_000n);
    expect(twoInterfaces(0x80, ...offset(...plus))).toBe(8_000_000_000n);
    expect(twoInterfaces(0, ...offset(...minus))).toBe(6_000_000_000n);
    expect(twoInterfaces(9, ...offset(1, 0, 0, 0))).toBe(7n); // too short to be one
  });

  it.each([
    ["a section of 24 bytes", [block(0x0a0d0d0a, [u32(0x1a2b3c4d), u32(1), u32(0)])], "cannot have 24 bytes"],
    ["a block of 14 bytes", [SECTION, block(0xbad, [u16(0)])], "cannot have 14 bytes"],
    ["a packet that ends far away", [SECTION, block(6, [], 0x7fff_fff0)], "more than any packet takes"],
    ["an interface of 4 bytes", [SECTION, block(1, [u32(1)])], "an interface description of 4 bytes"],
    [
      "a packet block of 16 bytes",
      [SECTION, interfaceOf(), block(6, [u32(0), u32(0), u32(0), u32(0)])],
      "a packet block of 16 bytes; its header has 20",
    ],
    [
      "a packet longer than its block's room by less than the block's length",
      [SECTION, interfaceOf(), block(6, [u32(0), u32(0), u32(0), u32(4), u32(4)])],
      "a packet of 4 bytes in a block with room for 0",
    ],
    [
      "a packet of 262,148 bytes",
      [SECTION, interfaceOf(), packet(0, new Uint8Array(262_148))],
      "a packet of 262148 bytes",
    ],
    ["a section of version 2", [sectionOf(2)], "pcapng version 2"],
    [
      "a simple packet that its block has no room for",
      [SECTION, interfaceOf(), block(3, [u32(5), u32(0)])],
      "a packet of 5 bytes in a block with room for 4",
    ],
  ])("names %s", (_, blocks, message) => {
    const { frames, damages } = readBlocks(...blocks);
    expect([frames, damages.length]).toEqual([0, 1]);
    expect(damages[0]).toContain(message);
  });

  it("takes a packet of 262,144 bytes, and an old one whose block says how many were lost", () => {
    expect(readBlocks(SECTION, interfaceOf(), packet(0, new Uint8Array(262_144)))).toMatchObject({
      frames: 1,
      damages: [],
    });
    const old = block(2, [u16(0), u16(3), u32(0), u32(0), u32(0), u32(0)]);
    expect(readBlocks(SECTION, interfaceOf(), old)).toMatchObject({ frames: 1, damages: [] });
  });

  it("takes the interfaces of its own section alone", () => {
    const { damages } = readBlocks(SECTION, interfaceOf(), packet(0), SECTION, packet(0));
    expect(damages).toEqual(["a packet of interface 0, which the section does not describe"]);
  });
});

describe("time", () => {
  const times = (...ns: readonly bigint[]) => {
    const packets = ns.map((offset) => ({ bytes: FRAME, timeNs: START_NS + offset }));
    return read(writePcapng(packets, { interfaces: [{ resolution: 9 }] })).timesNs;
  };
  const second = 1_000_000_000n;
  const leap = 1n << 55n;

  it("counts from the first packet and never runs back: what comes late has the time of the latest before it", () => {
    expect(times(0n, 50n, -1n, 40n, 60n)).toEqual([0n, 50n, 50n, 50n, 60n]);
  });
  it("goes on from where it was after more than 60 seconds back", () => {
    expect(times(60n * second, 0n, 70n * second)).toEqual([0n, 0n, 10n * second]);
    expect(times(60n * second + 1n, 0n, 70n * second)).toEqual([0n, 0n, 70n * second]);
  });
  it("leaps 417 days at most, so that one damaged timestamp does not end it", () => {
    expect(times(0n, leap, leap + 5n)).toEqual([0n, leap, leap + 5n]);
    expect(times(0n, leap + 1n, 5n, 7n)).toEqual([0n, leap, leap, leap + 2n]);
  });
  it("ends 18 years after the first packet, so that 64-bit ticks hold it", () => {
    const steps = Array.from({ length: 18 }, (_, i) => BigInt(i) * leap);
    const found = times(...steps);
    expect(found.slice(0, 16)).toEqual(steps.slice(0, 16));
    expect(found.slice(16)).toEqual([(1n << 59n) - 1n, (1n << 59n) - 1n]);
  });
});

describe("what is no capture", () => {
  it.each([
    ["nothing", [], "the capture is empty"],
    ["three bytes", [1, 2, 3], "the file is too short for a capture"],
    ["text", [...Buffer.from("hello, world")], "the file is neither pcap nor pcapng"],
    ["gzip", [0x1f, 0x8b, 8, 0, 0], "the capture is compressed with gzip"],
    ["zstd", [0x28, 0xb5, 0x2f, 0xfd, 0], "the capture is compressed with zstd"],
    ["half a header", [...writePcap([]).subarray(0, 23)], "the pcap header is cut: 23 of 24 bytes"],
  ])("%s is refused by what it is", (_, bytes, message) => {
    expect(() => read(Uint8Array.from(bytes))).toThrow(message);
  });
});

it("no bytes make the reader throw anything but a CaptureError", () => {
  const captures = [
    writePcap(at(0n, 1n, 2n, 3n)),
    writePcap(at(0n, 1n, 2n), { littleEndian: false, nanoseconds: true, linkType: 101 }),
    writePcapng(at(0n, 1n, 2n, 3n), {
      interfaces: [{ resolution: 9, offsetSeconds: 1n }],
      unknownBlocks: true,
    }),
    writePcapng(
      at(0n, 1n).map((packet) => ({ ...packet, block: "simple" })),
      { littleEndian: false },
    ),
  ];
  const edit = fc.record({ at: fc.nat(), byte: fc.nat(255) });
  fc.assert(
    fc.property(
      fc.constantFrom(...captures),
      fc.array(edit, { maxLength: 8 }),
      fc.nat(),
      (whole, edits, cut) => {
        const bytes = whole.slice(0, whole.length - (cut % 50));
        for (const { at: where, byte } of edits) bytes[where % bytes.length] = byte;
        try {
          const { frames, capture } = read(bytes);
          expect(frames.length).toBe(capture.packets);
        } catch (error) {
          if (!(error instanceof CaptureError)) throw error;
        }
      },
    ),
    { numRuns: 800 },
  );
});

const tcpdump = spawnSync("tcpdump", ["--version"]).status === 0;
if (!tcpdump) console.error("skipping the check of the captures by tcpdump: it is not installed");
it.skipIf(!tcpdump)("tcpdump reads the captures that these tests write", () => {
  const directory = mkdtempSync(join(tmpdir(), "piston-capture-"));
  try {
    const packets = at(0n, 1_000n);
    const files = [
      writePcap(packets),
      writePcap(packets, { littleEndian: false }),
      writePcap(packets, { nanoseconds: true }),
      writePcapng(packets),
      writePcapng(packets, { littleEndian: false, interfaces: [{ resolution: 9 }], unknownBlocks: true }),
      writePcap(
        [
          { bytes: RAW_4, timeNs: START_NS },
          { bytes: RAW_6, timeNs: START_NS + 1000n },
        ],
        { linkType: 101 },
      ),
    ];
    for (const [i, bytes] of files.entries()) {
      const path = join(directory, `${i}.pcap`);
      writeFileSync(path, bytes);
      const { stdout } = spawnSync("tcpdump", ["-n", "-tt", "-r", path], { encoding: "utf8" });
      const lines = stdout.trim().split("\n");
      expect(lines).toHaveLength(2);
      expect(lines[0]).toMatch(/^1700000000\.123456.* IP 198\.51\.100\.7\.4000 > 203\.0\.113\.53\.53/);
      expect(lines[1]).toMatch(/^1700000000\.123457.* IP6 2001:db8::1\.4000 > 2001:db8::53\.53/);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
