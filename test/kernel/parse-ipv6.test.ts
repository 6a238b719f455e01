// docs/SEMANTICS.md §1 in the kernel: IPv6, its extension headers and fragments, at both sides of each edge.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Reason } from "../../src/bundle/abi.ts";
import { buildPacket, patch, truncateTo } from "../../src/packet/build.ts";
import type { ExtensionSpec, PacketSpec } from "../../src/packet/spec.ts";
import { describeKernel } from "../support/kernel.ts";
import { buildObject, Filter, reasonOf as reasonIn } from "./harness.ts";

const V6 = { source: "2001:db8::7", destination: "2001:db8::5" };
const UDP = { sourcePort: 40_000, destinationPort: 53 };

let filter: Filter;
beforeAll(() => {
  buildObject();
  filter = new Filter({ rules: [], defaultVerdict: "pass", everyDimension: true });
});
afterAll(() => filter?.close());

const reasonOf = (packet: PacketSpec | Uint8Array) => reasonIn(filter, packet);

describeKernel("IPv6", () => {
  const options = (count: number, kind: "hop-by-hop" | "destination-options" = "destination-options") =>
    Array.from({ length: count }, (): ExtensionSpec => ({ kind }));
  const ip = (extensions: readonly ExtensionSpec[], rest: PacketSpec = { udp: UDP }, fields: object = {}) =>
    reasonOf({ ...rest, ipv6: { ...V6, extensions, ...fields } });

  test("39 bytes are truncated, 40 are a header", () => {
    const frame = buildPacket({ ipv6: V6, protocol: 59 });
    expect(frame.length).toBe(54);
    expect(reasonOf(truncateTo(frame, 53))).toBe("truncated-ip");
    expect(reasonOf(frame)).toBe("default");
  });

  test("a version that is not 6", () => {
    for (const version of [0, 4, 5, 7, 15]) expect(ip([], { udp: UDP }, { version })).toBe("bad-ip-version");
  });

  test("the payload length: what the frame holds, and one above", () => {
    expect(ip([], { udp: UDP, payloadBytes: 4 }, { payloadLength: 12 })).toBe("default");
    expect(ip([], { udp: UDP, payloadBytes: 4 }, { payloadLength: 13 })).toBe("truncated-ip");
    expect(ip([], { udp: UDP, payloadBytes: 4 }, { payloadLength: 65_535 })).toBe("truncated-ip");
    expect(ip([], { udp: { ...UDP, length: 8 }, payloadBytes: 4 }, { payloadLength: 8 })).toBe("default");
    expect(ip([], { udp: UDP, payloadBytes: 4 }, { payloadLength: 7 })).toBe("truncated-l4");
  });

  test("eight extension headers of every kind are walked, the ninth is one too many", () => {
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
    const all = kinds.map((kind): ExtensionSpec => ({ kind }));
    expect(ip(all)).toBe("default");
    for (const kind of kinds) {
      const ninth: ExtensionSpec = { kind };
      expect(ip([...options(7), ninth])).toBe("default");
      expect(ip([...options(8), ninth])).toBe("too-many-extensions");
    }
  });

  test("a ninth header that is not whole is truncated before it is too many", () => {
    const nine = buildPacket({ ipv6: { ...V6, extensions: options(9) }, protocol: 59 });
    const cut = (bytes: number) => patch(truncateTo(nine, 54 + bytes), 18, [0, bytes]);
    expect(reasonOf(cut(64 + 1))).toBe("truncated-extension");
    expect(reasonOf(cut(64 + 7))).toBe("truncated-extension");
    expect(reasonOf(cut(64 + 8))).toBe("too-many-extensions");
  });

  test("each kind's length in its own unit, to the byte", () => {
    for (const kind of [
      "hop-by-hop",
      "routing",
      "destination-options",
      "mobility",
      "hip",
      "shim6",
    ] as const) {
      for (const lengthByte of [0, 1, 255]) {
        const bytes = (lengthByte + 1) * 8;
        const first = {
          "hop-by-hop": 0,
          routing: 43,
          "destination-options": 60,
          mobility: 135,
          hip: 139,
          shim6: 140,
        };
        expect(raw(first[kind], [59, lengthByte], bytes)).toBe("default");
        expect(raw(first[kind], [59, lengthByte], bytes - 1)).toBe("truncated-extension");
      }
    }
    for (const lengthByte of [0, 4, 255]) {
      expect(raw(51, [59, lengthByte], (lengthByte + 2) * 4)).toBe("default");
      expect(raw(51, [59, lengthByte], (lengthByte + 2) * 4 - 1)).toBe("truncated-extension");
    }
    expect(raw(44, [59], 8)).toBe("default");
    expect(raw(44, [59], 7)).toBe("truncated-extension");
  });

  test("the first two bytes of a header must be there", () => {
    for (const next of [0, 43, 44, 51, 60, 135, 139, 140]) {
      expect(raw(next, [], 0)).toBe("truncated-extension");
      expect(raw(next, [59], 1)).toBe("truncated-extension");
    }
  });

  test("the longest walk: eight headers of 2,048 bytes are beyond a frame here, one is not", () => {
    const body = new Uint8Array(2046);
    expect(ip([{ kind: "destination-options", body }], { udp: UDP })).toBe("default");
    expect(ip([{ kind: "destination-options", body }], { udp: { ...UDP, length: 9 } })).toBe(
      "bad-udp-length",
    );
  });

  test("neighbours of extension headers end the walk and are the protocol", () => {
    for (const next of [1, 42, 45, 50, 52, 59, 61, 134, 136, 138, 141, 191, 192, 253, 255])
      expect(raw(next, [], 0)).toBe("default");
  });

  test("hop-by-hop is walked wherever it stands", () => {
    expect(ip([...options(1), ...options(1, "hop-by-hop")])).toBe("default");
  });

  test("a second fragment header is bad, after an atomic or a first fragment", () => {
    expect(ip([{ kind: "fragment" }, { kind: "fragment" }])).toBe("bad-fragment");
    expect(ip([{ kind: "fragment", more: true }, ...options(1), { kind: "fragment" }])).toBe("bad-fragment");
    // Behind a later fragment's header there is data.
    expect(ip([{ kind: "fragment", offset: 8 }, { kind: "fragment" }])).toBe("default");
  });

  test("a ninth header that is a second fragment header is one too many", () => {
    expect(ip([{ kind: "fragment" }, ...options(7), { kind: "fragment" }])).toBe("too-many-extensions");
  });

  test("a fragment that ends at 65,535 and one past it", () => {
    const fragment = (payloadBytes: number, before = 0) =>
      ip([...options(before), { kind: "fragment", offset: 65_528 }], { protocol: 17, payloadBytes });
    expect(fragment(7)).toBe("default");
    expect(fragment(8)).toBe("bad-fragment");
    expect(fragment(7, 3)).toBe("default");
    expect(fragment(8, 3)).toBe("bad-fragment");
  });

  test("the walk ends at a later fragment, and goes on behind a first or atomic one", () => {
    const hopByHop = { protocol: 0, payloadBytes: 1 };
    expect(ip([{ kind: "fragment", offset: 8 }], hopByHop)).toBe("default");
    expect(ip([{ kind: "fragment", more: true }], hopByHop)).toBe("truncated-extension");
    expect(ip([{ kind: "fragment" }], hopByHop)).toBe("truncated-extension");
  });

  test("L4 that is missing: tiny in a first fragment, truncated in an atomic one", () => {
    const short = { protocol: 17, payloadBytes: 7 };
    expect(ip([{ kind: "fragment", more: true }], short)).toBe("tiny-fragment");
    expect(ip([{ kind: "fragment" }], short)).toBe("truncated-l4");
    expect(ip([{ kind: "fragment", offset: 8 }], short)).toBe("default");
  });

  /** An IPv6 packet whose first next-header is `next`, followed by `bytes` bytes that begin with `start`. */
  function raw(next: number, start: readonly number[], bytes: number): Reason {
    const payload = new Uint8Array(bytes);
    payload.set(start.slice(0, bytes));
    return reasonOf({ ipv6: { ...V6, nextHeader: next }, protocol: 59, payload });
  }
});
