// `pistonprotection/testing` with the kernel as its engine: the same calls, the same answers.

import { by, drop, fleet, limit, packets, packetsPerSecond, pass, policy, shadow } from "pistonprotection";
import { decide, pistonMatchers, simulate, udp } from "pistonprotection/testing";
import { beforeAll, expect, it } from "vitest";
import { sha256Hex } from "../../src/bundle/digest.ts";
import { formatAddress } from "../../src/ir/prefix.ts";
import { limitMultipliers } from "../../src/runtime/kernel/limit-table.ts";
import { captureFleet } from "../support/capture-fleet.ts";
import { describeKernel } from "../support/kernel.ts";
import { buildObject } from "./harness.ts";

expect.extend(pistonMatchers);

const DNS = udp({ from: "203.0.113.7:4000", to: "203.0.113.53:53", payloadBytes: 20 });

describeKernel("the kernel as engine of policy tests", () => {
  beforeAll(() => buildObject());
  const engine = "kernel";

  it("decides on empty limits each time, with the model's trace", () => {
    for (let i = 0; i < 8; i++) {
      const decision = decide(captureFleet, DNS, { engine });
      expect(decision).toPass("edge/dns");
      expect(decision.trace).toEqual(decide(captureFleet, DNS, { engine: "model" }).trace);
    }
    expect(decide(captureFleet, "udp 198.51.100.1:1 > 203.0.113.1:1", { engine })).toDrop("edge/denied");
  });

  it("keeps limits, blocks and counters in a simulation, each its own", () => {
    const node = simulate(captureFleet, { engine });
    const other = simulate(captureFleet, { engine });
    expect(node.repeat(DNS, { count: 7 }).map(({ reason }) => reason)).toEqual([
      ...Array.from({ length: 5 }, () => "rule"),
      "limit",
      "block",
    ]);
    expect(other.decide(DNS)).toPass("edge/dns");
    expect(node.decide(DNS, { atMs: 1_000 })).toPass("edge/dns");
    expect(node.counters().rules.get("edge/packets")).toEqual({
      decided: { packets: 0, bytes: 0 },
      conformed: { packets: 6, bytes: 6 * DNS.length },
      exceeded: { packets: 1, bytes: DNS.length },
      blocked: { packets: 1, bytes: DNS.length },
    });
    expect(node.counters()).toEqual(
      (() => {
        const model = simulate(captureFleet, { engine: "model" });
        model.repeat(DNS, { count: 7 });
        model.decide(DNS, { atMs: 1_000 });
        return model.counters();
      })(),
    );
  });

  it("knows an operator's blocks", () => {
    const node = simulate(captureFleet, { engine });
    node.block("203.0.113.7", { untilMs: 5 });
    expect(node.decide(DNS, { atMs: 4.999_999 })).toBeDecided({
      verdict: "drop",
      rule: null,
      reason: "block",
    });
    expect(node.decide(DNS, { atMs: 5 })).toPass();
    node.block("2001:db8::1", { untilMs: 5 });
    expect(node.unblock("2001:db8::ffff")).toBe(true);
    expect(node.unblock("2001:db8::ffff")).toBe(false);
    expect(() => node.block("2001:db8::/64", { untilMs: 5 })).toThrow(/not an IPv4 or IPv6 address/);
  });

  it("judges what a check would refuse, as the model does", () => {
    const unreachable = fleet("unchecked", {
      interfaces: ["eth0"],
      defaultVerdict: "drop",
      management: [],
      policies: [
        policy("p", {
          owners: ["t"],
          rules: [shadow(drop("noted", {})), pass("all", {}), drop("never", {})],
        }),
      ],
    });
    expect(decide(unreachable, DNS, { engine })).toPass("p/all");
    expect(decide(unreachable, new Uint8Array(13), { engine })).toBeDecided({ reason: "truncated-ethernet" });
  });

  // The one thing that the model does not know is that limit state has an end: where all eight slots of a key are others' who owe as
  // much, the kernel lets its packets pass.
  it("fails where model and kernel differ, and says what each of them says", () => {
    const burst = { rate: packetsPerSecond(1), burst: packets(1), key: by.source() };
    const node = simulate(policy("p", { owners: ["t"], rules: [limit("one", {}, burst)] }), { engine });
    const limitId = BigInt(`0x${sha256Hex("test/p/one/packets/source/32/64").slice(0, 16)}`);
    const [first, second] = limitMultipliers(0n);
    let inverse = second;
    for (let i = 0; i < 6; i++) inverse = BigInt.asUintN(64, inverse * (2n - second * inverse));
    /** Of one first bucket and one second, in a table of up to 2^16. */
    const sources = Array.from({ length: 9 }, (_, i) => {
      const hash = (1n << 48n) | (2n << 32n) | BigInt(i + 1);
      return formatAddress(6, BigInt.asUintN(64, (hash - limitId * first) * inverse) << 64n);
    });
    const packet = (source: string) => udp({ from: `[${source}]:1`, to: "[2001:db8::1]:9" });
    for (const source of sources) expect(node.decide(packet(source))).toPass();
    expect(node.decide(packet(sources[0]!))).toDrop("p/one");
    expect(() => node.decide(packet(sources[8]!))).toThrow(
      expect.objectContaining({
        code: "engine-disagreement",
        message: expect.stringMatching(
          /^the model says drop by p\/one, reason limit; the kernel says pass by null, reason default\nthis is a bug/,
        ),
      }),
    );
  });
});
