import { decide, fragments, icmp, pistonMatchers, simulate, tcp, udp } from "pistonprotection/testing";
import { describe, expect, it } from "vitest";
import edge from "./edge.policy.ts";

expect.extend(pistonMatchers);

const web = "203.0.113.80:443";

describe("hygiene", () => {
  it("drops spoofed and hostile sources, but not the partners that a feed names", () => {
    expect(decide(edge, tcp({ from: "10.1.2.3:40000", to: web }))).toDrop("hygiene/spoofed-sources");
    expect(decide(edge, tcp({ from: "[fc00::1]:40000", to: "[2001:db8:80::1]:443" }))).toDrop(
      "hygiene/spoofed-sources",
    );
    expect(decide(edge, tcp({ from: "198.51.100.66:40000", to: web }))).toDrop("hygiene/threat-sources");
    expect(decide(edge, tcp({ from: "198.51.100.241:40000", to: web }))).toPass("edge-web/clients");
  });

  it.each([17, 19, 69, 111, 123, 137, 138, 161, 389, 1900, 3702, 11211])(
    "drops answers from UDP port %i",
    (port) => {
      expect(decide(edge, udp({ from: `1.2.3.4:${port}`, to: "203.0.113.21:19132" }))).toDrop(
        "hygiene/amplified-answers",
      );
    },
  );

  it("drops DNS answers above 512 bytes, and lets shorter ones go on", () => {
    const answer = (lengthBytes: number) =>
      udp({ from: "8.8.8.8:53", to: "203.0.113.200:40000", lengthBytes });
    expect(decide(edge, answer(513))).toDrop("hygiene/large-dns-answers");
    expect(decide(edge, answer(512))).toDrop("closing/not-a-service");
  });

  it("drops TCP that no stack sends", () => {
    expect(decide(edge, tcp({ from: "1.2.3.4:40000", to: web, flags: 0 }))).toDrop("hygiene/null-scan");
    expect(decide(edge, tcp({ from: "1.2.3.4:40000", to: web, flags: ["syn", "fin"] }))).toDrop(
      "hygiene/syn-and-fin",
    );
  });

  it("answers 20 pings at once from a source, then 10 a second", () => {
    const node = simulate(edge);
    const ping = icmp({ from: "1.2.3.4", to: "203.0.113.80" });
    for (const decision of node.repeat(ping, { count: 20 }))
      expect(decision).toPass("hygiene/pings-within-the-rate");
    expect(node.decide(ping)).toDrop("hygiene/pings");
    expect(node.decide(ping, { atMs: 100 })).toPass("hygiene/pings-within-the-rate");
  });

  it("counts later fragments without dropping them for it", () => {
    const node = simulate(edge);
    const large = udp({ from: "1.2.3.4:40000", to: "192.0.2.200:9", payloadBytes: 3_000 });
    for (const fragment of fragments(large, 1_480))
      expect(node.decide(fragment)).toBeDecided({ verdict: "pass", reason: "default" });
    expect(node.counters().rules.get("hygiene/later-fragments")?.decided.packets).toBe(2);
  });

  it("never comes between the operators and the nodes", () => {
    for (const flags of [["syn"], ["ack"], ["syn", "fin"], []] as const)
      expect(decide(edge, tcp({ from: "192.0.2.5:40000", to: "203.0.113.80:22", flags }))).toPass(
        "management/ssh",
      );
    expect(decide(edge, tcp({ from: "192.0.2.5:40000", to: "203.0.113.80:10250" }))).toPass(
      "management/kubelet",
    );
    expect(decide(edge, tcp({ from: "192.0.2.16:40000", to: "203.0.113.80:22" }))).toDrop(
      "closing/not-a-service",
    );
  });
});
