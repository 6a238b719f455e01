// The two parsers, bpf/parse.bpf.h and src/packet/parse.ts, on damaged frames: one parse class or every field equal. The
// kernel's field values come out bit by bit, by a shadow rule for each bit and its counter.

import { afterAll, beforeAll, expect, test } from "vitest";
import { FIELD_DOMAIN, FIELD_NAMES, type FieldName } from "../../src/ir/nodes.ts";
import type { PayloadTest } from "../../src/ir/payload.ts";
import { alwaysPassed } from "../../src/packet/always-passed.ts";
import { buildPacket } from "../../src/packet/build.ts";
import { type ParseResult, parsePacket } from "../../src/packet/parse.ts";
import type { ExtensionSpec, PacketSpec } from "../../src/packet/spec.ts";
import { describeKernel } from "../support/kernel.ts";
import { buildObject, Filter } from "./harness.ts";
import type { HandRule, Range } from "./tables.ts";

const SEED = Number(process.env["PISTON_FUZZ_SEED"] ?? 20_260_101);
const FRAMES = Number(process.env["PISTON_FUZZ_FRAMES"] ?? 3000);

interface Probe {
  readonly field: FieldName;
  /** null: whether the packet has the field at all. */
  readonly bit: number | null;
}
/** A shadow rule for each, in two filters: one would need more classes of a 16-bit field than 16 bits can name. */
const probes: readonly (readonly Probe[])[] = [
  FIELD_NAMES.flatMap((field) => [{ field, bit: null }, ...bitsOf(field).filter(({ bit }) => bit > 7)]),
  FIELD_NAMES.flatMap((field) => bitsOf(field).filter(({ bit }) => bit <= 7)),
];

function bitsOf(field: FieldName) {
  return Array.from({ length: Math.ceil(Math.log2(FIELD_DOMAIN[field])) }, (_, bit) => ({ field, bit }));
}

function valuesWithBit(field: FieldName, bit: number | null): Range[] {
  const last = FIELD_DOMAIN[field] - 1;
  if (bit === null) return [[0, last]];
  const ranges: Range[] = [];
  for (let first = 1 << bit; first <= last; first += 2 << bit)
    ranges.push([first, Math.min(last, first + (1 << bit) - 1)]);
  return ranges;
}

/** Of every length, at offsets that meet every end of what random frames have. */
const PAYLOAD_TESTS: readonly PayloadTest[] = Array.from({ length: 16 }, (_, i) => {
  const bytes = 1 + (i % 8);
  const mask = Array.from({ length: bytes }, (_, byte) => (byte === 0 ? 0x80 >> (i % 3) : byte % 2));
  return { offset: [0, 1, 7, 18, 60, 255][i % 6]!, mask, value: mask.map((bits) => (i % 2 ? bits : 0)) };
});

let filters: readonly Filter[] = [];
beforeAll(() => {
  buildObject();
  filters = probes.map((of) => {
    const rules = of.map(
      ({ field, bit }, i): HandRule => ({
        id: BigInt(i + 1),
        action: "pass",
        shadow: true,
        fields: { [field]: valuesWithBit(field, bit) },
      }),
    );
    return new Filter({ rules, defaultVerdict: "pass", payloadTests: PAYLOAD_TESTS });
  });
});
afterAll(() => {
  for (const filter of filters) filter.close();
});

/** mulberry32: a seed gives the same frames on every machine. */
function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const EXTENSIONS = [
  "hop-by-hop",
  "routing",
  "destination-options",
  "authentication",
  "mobility",
  "hip",
  "shim6",
] as const;
const PORTS = [0, 53, 67, 68, 546, 547, 65_535];

/** Types and lengths that make sense, one after another, and some that do not. */
function randomOptions(int: (below: number) => number, pick: <T>(values: readonly T[]) => T): Uint8Array {
  const bytes: number[] = [];
  for (const most = int(41); bytes.length < most; ) {
    const type = pick([0, 1, 1, 7, 68, 131, 137, 148, 130, int(256)]);
    bytes.push(type);
    if (type < 2) continue;
    const length = pick([0, 1, 2, 2, 3, 4, 4, 8, int(45)]);
    bytes.push(length);
    for (let i = 2; i < length; i++) bytes.push(int(256));
  }
  return Uint8Array.from(bytes.slice(0, 40));
}

function randomFrame(next: () => number): Uint8Array {
  const int = (below: number) => Math.floor(next() * below);
  const pick = <T>(values: readonly T[]): T => values[int(values.length)]!;
  const maybe = <T>(chance: number, value: () => T): T | undefined => (next() < chance ? value() : undefined);
  const defined = <T extends object>(value: T) =>
    Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
      [K in keyof T]: NonNullable<T[K]>;
    };

  if (next() < 0.01) return buildPacket({ arp: { sender: "198.51.100.7", target: "203.0.113.5" } });
  const vlan = maybe(0.3, () =>
    Array.from({ length: 1 + int(3) }, () => ({
      id: int(4096),
      priority: int(8),
      type: pick([0x8100, 0x88a8]),
    })),
  );
  const v6 = next() < 0.55;
  const l4: PacketSpec = pick([
    () => ({
      tcp: defined({
        sourcePort: pick(PORTS),
        destinationPort: int(65_536),
        flags: int(256),
        options: maybe(0.3, () => new Uint8Array(int(40))),
        dataOffset: maybe(0.2, () => int(16)),
      }),
    }),
    () => ({
      udp: defined({
        sourcePort: pick(PORTS),
        destinationPort: pick(PORTS),
        length: maybe(0.3, () => int(60)),
      }),
    }),
    () =>
      v6
        ? { icmpv6: { type: pick([128, 132, 133, 135, 137, 138]), code: pick([0, 0, 1]) } }
        : { icmp: { type: int(256), code: int(256) } },
    () => ({ protocol: pick([0, 1, 6, 17, 43, 44, 50, 51, 58, 59, 60, 132, 135, 255]) }),
  ])();
  const extension = (): ExtensionSpec =>
    next() < 0.25
      ? { kind: "fragment", offset: pick([0, 0, 8, 65_528]), more: next() < 0.4 }
      : defined({
          kind: pick(EXTENSIONS),
          lengthByte: maybe(0.1, () => int(6)),
          body: maybe(0.2, () => new Uint8Array(int(30))),
        });
  const spec: PacketSpec = {
    ...(vlan ? { vlan } : {}),
    ...l4,
    payloadBytes: pick([0, 1, 7, 8, 19, 20, 64, int(300)]),
    ...(v6
      ? {
          ipv6: defined({
            source: pick(["fe80::1", "2001:db8::7"]),
            destination: "2001:db8::5",
            hopLimit: pick([255, int(256)]),
            dscp: int(64),
            ecn: int(4),
            flowLabel: int(1 << 20),
            extensions: Array.from({ length: pick([0, 0, 1, 2, 3, 8, 9]) }, extension),
            payloadLength: maybe(0.15, () => int(200)),
          }),
        }
      : {
          ipv4: defined({
            source: "198.51.100.7",
            destination: "203.0.113.5",
            ttl: int(256),
            dscp: int(64),
            ecn: int(4),
            moreFragments: next() < 0.15,
            dontFragment: next() < 0.3,
            fragmentOffset: pick([0, 0, 0, 0, 8, 65_528]),
            options: maybe(0.4, () => randomOptions(int, pick)),
            ihl: maybe(0.1, () => int(16)),
            totalLength: maybe(0.15, () => int(200)),
          }),
        }),
  };
  const frame = buildPacket(spec);
  if (next() < 0.5) for (let i = 40; i < frame.length; i++) if (next() < 0.3) frame[i] = int(256);
  for (let flips = pick([0, 0, 0, 1, 2, 6]); flips > 0; flips--)
    frame[12 + int(Math.min(60, frame.length - 12))] = int(256);
  return next() < 0.2 ? frame.subarray(0, 14 + int(frame.length - 13)) : frame;
}

/** What the TypeScript parser says, in the terms of the kernel. */
function expected(parsed: ParseResult): { reason: string; fields: Record<string, number | null> | null } {
  if (parsed.kind === "arp") return { reason: "arp", fields: null };
  if (parsed.kind === "failure") return { reason: parsed.class, fields: null };
  const passed = alwaysPassed(parsed);
  return passed ? { reason: passed, fields: null } : { reason: "default", fields: parsed.fields };
}

describeKernel("fuzzing", () => {
  test(`${FRAMES} damaged frames, seed ${SEED}`, { timeout: 600_000 }, () => {
    const next = random(SEED);
    const seen = new Map<string, number>();
    const before = filters.map((filter) => filter.counters());
    for (let i = 0; i < FRAMES; i++) {
      const frame = randomFrame(next);
      const want = expected(parsePacket(frame, PAYLOAD_TESTS));
      const fields: Record<string, number | null> = Object.fromEntries(
        FIELD_NAMES.map((name) => [name, null]),
      );
      let reason = "";
      filters.forEach((filter, f) => {
        ({ reason } = filter.run(frame));
        const after = filter.counters();
        probes[f]!.forEach(({ field, bit }, slot) => {
          const name = `${slot} decided`;
          if (after[name]?.packets === before[f]![name]?.packets) return;
          fields[field] = (fields[field] ?? 0) + (bit === null ? 0 : 1 << bit);
        });
        before[f] = after;
      });
      const got = { reason, fields: reason === "default" ? fields : null };
      expect({ frame: Buffer.from(frame).toString("hex"), ...got }, `frame ${i} of seed ${SEED}`).toEqual({
        frame: Buffer.from(frame).toString("hex"),
        ...want,
      });
      seen.set(reason, (seen.get(reason) ?? 0) + 1);
    }
    // The generator reaches every class that a test-run can have, or the test proves less than it says.
    expect([...seen.keys()].sort()).toEqual([
      "arp",
      "bad-fragment",
      "bad-ihl",
      "bad-ip-version",
      "bad-tcp-offset",
      "bad-total-length",
      "bad-udp-length",
      "default",
      "dhcp",
      "neighbour-discovery",
      "other-ethertype",
      "tiny-fragment",
      "too-many-extensions",
      "too-many-vlan-tags",
      "truncated-extension",
      "truncated-ip",
      "truncated-l4",
      "truncated-vlan",
    ]);
  });
});
