// `pistonprotection/testing` with the kernel as its engine: the same calls, the same answers.

import { drop, fleet, pass, policy, shadow } from "pistonprotection";
import { decide, pistonMatchers, simulate, udp } from "pistonprotection/testing";
import { beforeAll, expect, it } from "vitest";
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
});
