// The engines of `piston replay` on the same captures: model, model of the bundle's tables, and kernel say the same of
// every packet, ordinary or malformed.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { type Bundle, readBundle } from "../../src/bundle/index.ts";
import { type WrittenPacket, writePcap, writePcapng } from "../../src/capture/capture-fixture.ts";
import { Capture, CaptureError, fromBytes } from "../../src/capture/index.ts";
import { compile } from "../../src/compiler/compile.ts";
import { createEvaluator, type Evaluator } from "../../src/compiler/evaluate.ts";
import { inputOfFleets } from "../../src/compiler/load/index.ts";
import { type Engine, evaluatorOfBundle, kernelEngine, modelEngine } from "../../src/engine/index.ts";
import { buildPacket, fragments, icmp, type PacketSpec, tcp, udp } from "../../src/packet/index.ts";
import { captureFleet } from "../support/capture-fleet.ts";
import { describeKernel } from "../support/kernel.ts";
import { buildObject } from "./harness.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let bundle: Bundle;
let model: () => Evaluator;
beforeAll(async () => {
  const { artifacts, diagnostics, fleets } = compile(await inputOfFleets([captureFleet], { root: ROOT }));
  assert.deepEqual(diagnostics, []);
  bundle = readBundle(artifacts.find(({ path }) => path === "bundles/captures.bundle")!.bytes);
  model = () => createEvaluator(fleets[0]!);
});

/** Each packet as `verdict rule reason`; the message where the capture is refused at some point. */
function judge(engine: Engine, capture: Uint8Array): string[] {
  const lines: string[] = [];
  try {
    for (const batch of new Capture(fromBytes(capture)).batches())
      for (const { verdict, rule, reason } of engine.judge(batch)) lines.push(`${verdict} ${rule} ${reason}`);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    lines.push(error.message);
  } finally {
    engine.close();
  }
  return lines;
}

function expectAgreement(capture: Uint8Array): string[] {
  const expected = judge(modelEngine(model()), capture);
  expect(judge(modelEngine(evaluatorOfBundle(bundle)), capture)).toEqual(expected);
  // Small state: a proof instance with room for half a million keys takes longer to make than these captures to judge.
  expect(judge(kernelEngine(bundle, model, 4096), capture)).toEqual(expected);
  return expected;
}

const every = (stepNs: bigint, frames: readonly Uint8Array[]): WrittenPacket[] =>
  frames.map((bytes, i) => ({ bytes, timeNs: BigInt(i) * stepNs }));

const DNS = udp({ from: "203.0.113.7:4000", to: "203.0.113.53:53", payloadBytes: 20 });
const extension = (bytes: number): PacketSpec => ({
  ipv6: {
    source: "2001:db8::1",
    destination: "2001:db8::2",
    extensions: Array.from({ length: 8 }, () => ({
      kind: "destination-options",
      body: new Uint8Array(bytes),
    })),
  },
  udp: { sourcePort: 4000, destinationPort: 53 },
  payloadBytes: 600,
});

describeKernel("engines", () => {
  beforeAll(() => buildObject());

  it("say the same of limits and blocks by the capture's clock, backwards too", () => {
    const packets = every(
      1_000_000n,
      Array.from({ length: 40 }, () => DNS),
    );
    const backwards = packets.map((packet, i) => ({ ...packet, timeNs: BigInt((i * 7) % 40) * 20_000_000n }));
    const before = packets.map((packet, i) => ({
      ...packet,
      timeNs: 5_000_000_000n - BigInt(i) * 90_000_000n,
    }));
    const far = packets.map((packet, i) => ({ ...packet, timeNs: BigInt(i % 3) << 60n }));
    const lines = expectAgreement(writePcap(packets, { nanoseconds: true }));
    // Burst 5 at 50 a second, one packet a millisecond: the sixth is above the rate, and blocks for a second.
    expect(lines.slice(4, 8)).toEqual([
      "pass edge/dns rule",
      "drop edge/packets limit",
      "drop edge/packets block",
      "drop edge/packets block",
    ]);
    for (const one of [backwards, before]) expectAgreement(writePcap(one, { nanoseconds: true }));
    expectAgreement(writePcapng(far, { interfaces: [{ resolution: 9 }] }));
  });

  it("say the same of frames that no test-run takes: below 14 bytes, and above 3,520", () => {
    const short = Array.from({ length: 16 }, (_, length) => DNS.slice(0, length));
    const long = [1400, 3000, 3030, 3031, 3100, 3470, 3480, 3500, 9000, 65_507].map((payloadBytes) =>
      udp({ from: "203.0.113.7:4000", to: "203.0.113.9:9", payloadBytes }),
    );
    const cut = long.map((frame) => frame.slice(0, frame.length - 1));
    const padded = [
      Buffer.concat([DNS, new Uint8Array(4000)]),
      Buffer.concat([DNS, new Uint8Array(200_000)]),
    ];
    const lines = expectAgreement(writePcap(every(1_000_000_000n, [...short, ...long, ...cut, ...padded])));
    expect(lines.slice(0, 14)).toEqual(Array.from({ length: 14 }, () => "drop null truncated-ethernet"));
    expect(lines.slice(14, 16)).toEqual(Array.from({ length: 2 }, () => "drop null truncated-ip"));
    // 1,500 bytes and more pass by their length; two of 65,535 L3 bytes a second are above the byte limit's 20,000.
    expect(lines.slice(16, 16 + long.length - 1)).toEqual([
      "pass null default",
      ...Array.from({ length: long.length - 2 }, () => "pass edge/long rule"),
    ]);
    expect(new Set(lines.slice(16 + long.length, 16 + 2 * long.length))).toEqual(
      new Set(["drop null truncated-ip"]),
    );
    expect(lines.at(-1)).toBe("pass edge/dns rule");
  });

  it("say the same of headers that reach beyond what a test-run shows", () => {
    const frames = [6, 100, 106, 114, 122, 300, 350, 360, 370, 400, 2000].map((bytes) =>
      buildPacket(extension(bytes)),
    );
    const lines = expectAgreement(writePcap(every(1_000_000_000n, frames)));
    expect(lines.at(-1)).toBe("pass edge/dns rule");
    const engine = kernelEngine(bundle, model, 4096);
    for (const batch of new Capture(fromBytes(writePcap(every(1n, [frames.at(-1)!, DNS])))).batches())
      engine.judge(batch);
    expect(engine.notes()).toEqual([expect.stringMatching(/^1 frames have headers beyond the 3072 bytes/)]);
    engine.close();
  });

  it("say the same of payload bytes as far as rules may ask for them, of whole frames and of cut ones", () => {
    const marked = [2047, 2048, 2049, 3100, 9000].map((length) => {
      const payload = new Uint8Array(length);
      payload.set([1, 2, 3, 4, 5, 6, 7, 8].slice(0, length - 2040), 2040);
      return udp({ from: "203.0.113.7:4000", to: "203.0.113.9:9", payload });
    });
    expect(expectAgreement(writePcap(every(1_000_000_000n, marked)))).toEqual([
      "pass edge/long rule",
      ...Array.from({ length: 4 }, () => "drop edge/marked rule"),
    ]);
  });

  it("say the same of raw IP", () => {
    const raw = [DNS, tcp({ from: "[2001:db8:bad::1]:1", to: "[2001:db8::2]:22" })].map((frame) =>
      frame.subarray(14),
    );
    const packets = every(1n, [...raw, new Uint8Array(0), Uint8Array.of(0x45), Uint8Array.of(0xff, 0xff)]);
    expect(expectAgreement(writePcap(packets, { linkType: 101 }))).toEqual([
      "pass edge/dns rule",
      "drop edge/denied rule",
      "drop null truncated-ip",
      "drop null truncated-ip",
      "drop null truncated-ip",
    ]);
  });

  it("say the same of random captures with edited bytes", () => {
    const address = fc.constantFrom(
      "203.0.113.7",
      "198.51.100.127",
      "198.51.100.128",
      "192.0.2.15",
      "192.0.2.16",
    );
    const address6 = fc.constantFrom(
      "[2001:db8:bad::1]",
      "[2001:db8:bad:1::1]",
      "[fe80::1]",
      "[2001:db8:bad:ffff::]",
    );
    const port = fc.constantFrom(22, 53, 67, 68, 546, 547, 4000);
    const options = fc
      .tuple(
        fc.oneof(fc.tuple(address, address), fc.tuple(address6, address6)),
        port,
        port,
        fc.constantFrom(0, 8, 1472, 1473),
      )
      .map(([[from, to], source, destination, payloadBytes]) => ({
        from: `${from}:${source}`,
        to: `${to}:${destination}`,
        payloadBytes,
      }));
    const frame = fc.oneof(
      options.map(udp),
      fc.tuple(options, fc.nat(255)).map(([one, flags]) => tcp({ ...one, flags })),
      options.map((one) => icmp({ from: one.from.replace(/:\d+$/, ""), to: one.to.replace(/:\d+$/, "") })),
      fc.tuple(options.map(udp), fc.nat(3)).map(([one, n]) => {
        const parts = fragments(one, 1024);
        return parts[n % parts.length]!;
      }),
      fc
        .tuple(options.map(udp), fc.array(fc.constantFrom(99, 100, 200, 201), { maxLength: 3 }))
        .map(([one, tags]) =>
          Buffer.concat([
            one.subarray(0, 12),
            ...tags.map((id) => Uint8Array.of(0x81, 0, id >> 8, id & 0xff)),
            one.subarray(12),
          ]),
        ),
      fc.uint8Array({ maxLength: 80 }),
    );
    const edit = fc.record({ at: fc.nat(90), byte: fc.nat(255) });
    const packet = fc
      .tuple(frame, fc.array(edit, { maxLength: 2 }), fc.nat(30), fc.bigInt({ min: 0n, max: 3_000_000_000n }))
      .map(([bytes, edits, cut, timeNs]): WrittenPacket => {
        const edited = new Uint8Array(bytes.subarray(0, cut > 25 ? cut : bytes.length));
        for (const { at, byte } of edits) if (at < edited.length) edited[at] = byte;
        return { bytes: edited, timeNs };
      });
    const damage = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { maxLength: 3 });
    fc.assert(
      fc.property(
        fc.array(packet, { minLength: 40, maxLength: 200 }),
        damage,
        fc.boolean(),
        (packets, edits, old) => {
          const capture = old
            ? writePcap(packets, { nanoseconds: true })
            : writePcapng(packets, { interfaces: [{ resolution: 9 }], unknownBlocks: true });
          for (const { at, byte } of edits) capture[at % capture.length] = byte;
          expectAgreement(capture);
        },
      ),
      { numRuns: 40 },
    );
  });
});
