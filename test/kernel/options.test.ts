// docs/SEMANTICS.md §1 and §4, IPv4 options and IPv6 extension headers present: named packets at the edges, judged by the
// kernel and by the evaluator's parser.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPacket } from "../../src/packet/build.ts";
import { EXTENSION_BIT, OPTION_BIT, parsePacket } from "../../src/packet/parse.ts";
import type { ExtensionSpec, PacketSpec } from "../../src/packet/spec.ts";
import { buildObject, Filter } from "./harness.ts";

const V4 = { source: "198.51.100.7", destination: "203.0.113.5" };
const V6 = { source: "2001:db8::7", destination: "2001:db8::5" };
const UDP = { udp: { sourcePort: 40_000, destinationPort: 53 } };

let filter: Filter;
beforeAll(() => {
  buildObject();
  const shadow = { action: "drop", shadow: true } as const;
  const bit = (n: number) => {
    const values = Array.from({ length: 256 }, (_, value) => value).filter((value) => (value >> n) & 1);
    return values.map((value) => [value, value] as const);
  };
  filter = new Filter({
    rules: [
      ...Array.from({ length: 8 }, (_, n) => ({
        id: BigInt(n + 1),
        ...shadow,
        fields: { ipv4Options: bit(n) },
      })),
      ...Array.from({ length: 8 }, (_, n) => ({
        id: BigInt(n + 9),
        ...shadow,
        fields: { ipv6Extensions: bit(n) },
      })),
      { id: 17n, ...shadow, fields: { ipv4Options: [[0, 255]] } },
      { id: 18n, ...shadow, fields: { ipv6Extensions: [[0, 255]] } },
    ],
    defaultVerdict: "pass",
  });
});
afterAll(() => filter?.close());

/** The two fields' values as the kernel's shadow rules counted them, and as the parser reads them: equal, or it throws. */
function present(spec: PacketSpec | Uint8Array): readonly [number | null, number | null] {
  const frame = spec instanceof Uint8Array ? spec : buildPacket(spec);
  const before = filter.counters();
  expect(filter.run(frame)).toMatchObject({ reason: "default" });
  const after = filter.counters();
  const hit = (slot: number) => after[`${slot} decided`]?.packets !== before[`${slot} decided`]?.packets;
  const value = (first: number, any: number) => {
    if (!hit(any)) return null;
    let bits = 0;
    for (let bit = 0; bit < 8; bit++) if (hit(first + bit)) bits |= 1 << bit;
    return bits;
  };
  const found = [value(0, 16), value(8, 17)] as const;
  const parsed = parsePacket(frame);
  if (parsed.kind !== "packet") throw new Error("does not parse");
  expect([parsed.fields.ipv4Options, parsed.fields.ipv6Extensions]).toEqual(found);
  return found;
}

describe("IPv4 options", () => {
  const options = (...bytes: number[]) =>
    present({ ...UDP, ipv4: { ...V4, options: Uint8Array.from(bytes) } })[0];
  const { any, malformed, other } = OPTION_BIT;

  test("a header of 20 bytes has none, and it has the field; an IPv6 packet has not", () => {
    expect(present({ ...UDP, ipv4: V4 })).toEqual([0, null]);
    expect(present({ ...UDP, ipv6: V6 })).toEqual([null, 0]);
  });

  test("padding alone is any", () => {
    expect(options(0)).toBe(any);
    expect(options(1, 1, 1, 1)).toBe(any);
    expect(options(...Array<number>(40).fill(1))).toBe(any);
  });

  test.each([
    ["record-route", 7],
    ["timestamp", 68],
    ["loose-source-route", 131],
    ["strict-source-route", 137],
    ["router-alert", 148],
  ] as const)("%s is type %i, and its neighbours are other", (name, type) => {
    expect(options(type, 4, 0, 0)).toBe(any | OPTION_BIT[name]);
    for (const near of [type - 1, type + 1, type ^ 0x80]) expect(options(near, 4, 0, 0)).toBe(any | other);
  });

  test("what stands after the end of options is not read; no-operation is passed over", () => {
    expect(options(0, 7, 3, 4)).toBe(any);
    expect(options(1, 7, 3, 4)).toBe(any | OPTION_BIT["record-route"]);
    expect(options(...Array<number>(38).fill(1), 7, 2)).toBe(any | OPTION_BIT["record-route"]);
  });

  test("a length of 0, 1, missing, or one past the header is malformed; 2 and up to the end are not", () => {
    expect(options(7, 0, 1, 1)).toBe(any | malformed);
    expect(options(7, 1, 1, 1)).toBe(any | malformed);
    expect(options(7, 2, 1, 1)).toBe(any | OPTION_BIT["record-route"]);
    expect(options(7, 4, 1, 1)).toBe(any | OPTION_BIT["record-route"]);
    expect(options(7, 5, 1, 1)).toBe(any | malformed);
    expect(options(7, 255, 1, 1)).toBe(any | malformed);
    expect(options(1, 1, 1, 7)).toBe(any | malformed);
    expect(options(...Array<number>(39).fill(1), 7)).toBe(any | malformed);
  });

  test("what stands before a malformed option counts, what stands behind it does not", () => {
    expect(options(148, 4, 0, 0, 7, 0, 68, 2)).toBe(any | OPTION_BIT["router-alert"] | malformed);
  });

  test("all kinds at once, and twenty of two bytes", () => {
    expect(options(7, 2, 68, 2, 131, 2, 137, 2, 148, 2, 130, 2, 130)).toBe(255);
    expect(options(...Array.from({ length: 40 }, (_, i) => (i % 2 ? 2 : i === 38 ? 7 : 130)))).toBe(
      any | other | OPTION_BIT["record-route"],
    );
  });

  test("a packet has none of those of the packet before", () => {
    const plain = { ...UDP, ipv4: V4 };
    for (let round = 0; round < 2; round++) {
      expect(options(7, 4, 4, 0)).toBe(any | OPTION_BIT["record-route"]);
      expect(present(plain)).toEqual([0, null]);
      expect(present({ ...UDP, vlan: [1, 2], ipv4: { ...V4, options: Uint8Array.of(7, 4, 4, 0) } })[0]).toBe(
        any | OPTION_BIT["record-route"],
      );
      expect(present(plain)).toEqual([0, null]);
    }
  });

  test("a later fragment and a tagged packet have their options too", () => {
    const ipv4 = { ...V4, options: Uint8Array.of(7, 4, 4, 0) };
    const wanted = any | OPTION_BIT["record-route"];
    expect(present({ ipv4: { ...ipv4, fragmentOffset: 8 }, protocol: 17 })[0]).toBe(wanted);
    expect(present({ vlan: [1, 2], ipv4, ...UDP })[0]).toBe(wanted);
  });
});

describe("IPv6 extension headers", () => {
  const kinds = [
    "hop-by-hop",
    "routing",
    "destination-options",
    "authentication",
    "mobility",
    "hip",
    "shim6",
    "fragment",
  ] as const;
  const extensions = (list: readonly ExtensionSpec[], rest: PacketSpec = UDP) =>
    present({ ...rest, ipv6: { ...V6, extensions: list } })[1];

  test.each(kinds)("%s alone, after others, and twice", (kind) => {
    const bit = EXTENSION_BIT[kind];
    expect(extensions([{ kind }])).toBe(bit);
    expect(extensions([{ kind: "mobility" }, { kind: "hip" }, { kind }])).toBe(
      bit | EXTENSION_BIT.mobility | EXTENSION_BIT.hip,
    );
    if (kind !== "fragment") expect(extensions([{ kind }, { kind }])).toBe(bit);
  });

  test("all eight, each in its own length", () => {
    expect(extensions(kinds.map((kind) => ({ kind })))).toBe(255);
    const body = new Uint8Array(30);
    expect(extensions(kinds.map((kind) => (kind === "fragment" ? { kind } : { kind, body })))).toBe(255);
  });

  test("ESP and no next header are no extension headers", () => {
    expect(extensions([], { protocol: 50, payloadBytes: 8 })).toBe(0);
    expect(extensions([{ kind: "routing" }], { protocol: 59 })).toBe(EXTENSION_BIT.routing);
  });

  test("a later fragment has what stands before its data; the data is not walked", () => {
    const later: ExtensionSpec = { kind: "fragment", offset: 8 };
    expect(extensions([{ kind: "hop-by-hop" }, later], { protocol: 43, payload: new Uint8Array(8) })).toBe(
      EXTENSION_BIT["hop-by-hop"] | EXTENSION_BIT.fragment,
    );
    const first: ExtensionSpec = { kind: "fragment", more: true };
    expect(extensions([first, { kind: "routing" }])).toBe(EXTENSION_BIT.fragment | EXTENSION_BIT.routing);
  });

  test("in a tagged packet", () => {
    expect(present({ vlan: [1, 2], ...UDP, ipv6: { ...V6, extensions: [{ kind: "hip" }] } })[1]).toBe(
      EXTENSION_BIT.hip,
    );
  });
});
