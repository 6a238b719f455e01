import { decide, pistonMatchers, simulate, tcp, udp } from "pistonprotection/testing";
import { describe, expect, it } from "vitest";
import edge from "./edge.policy.ts";

expect.extend(pistonMatchers);

describe("Minecraft Java", () => {
  const to = "203.0.113.20:25565";

  it("lets players in, and no other port", () => {
    expect(decide(edge, tcp({ from: "1.2.3.4:40000", to, flags: ["syn"] }))).toPass("game-java/players");
    expect(decide(edge, tcp({ from: "1.2.3.4:40000", to, payloadBytes: 300 }))).toPass("game-java/players");
    expect(decide(edge, tcp({ from: "1.2.3.4:40000", to: "203.0.113.20:25566" }))).toDrop(
      "closing/not-a-service",
    );
  });

  it("blocks a source for a minute at its eleventh SYN, its open connections too", () => {
    const node = simulate(edge);
    const syn = tcp({ from: "1.2.3.4:40000", to, flags: ["syn"] });
    const data = tcp({ from: "1.2.3.4:40001", to, payloadBytes: 100 });
    for (const decision of node.repeat(syn, { count: 10 })) expect(decision).toPass("game-java/players");
    expect(node.decide(syn)).toBeDecided({
      verdict: "drop",
      rule: "game-java/syn-per-source",
      reason: "limit",
    });
    expect(node.decide(data)).toBeDecided({
      verdict: "drop",
      rule: "game-java/syn-per-source",
      reason: "block",
    });
    expect(node.decide(data, { atMs: 59_999 })).toDrop("game-java/syn-per-source");
    expect(node.decide(data, { atMs: 60_000 })).toPass("game-java/players");
  });

  it("blocks an IPv6 source with its /64, and the neighbour's not", () => {
    const node = simulate(edge);
    const v6 = "[2001:db8:20::20]:25565";
    node.repeat(tcp({ from: "[2a00:1:2:3::1]:40000", to: v6, flags: ["syn"] }), { count: 11 });
    expect(node.decide(tcp({ from: "[2a00:1:2:3:ffff::1]:40000", to: v6 }))).toDrop(
      "game-java/syn-per-source",
    );
    expect(node.decide(tcp({ from: "[2a00:1:2:4::1]:40000", to: v6 }))).toPass("game-java/players");
  });
});

describe("Minecraft Bedrock", () => {
  const to = "203.0.113.21:19132";

  it("lets RakNet through, up to its largest packet", () => {
    const packet = (lengthBytes: number) => udp({ from: "1.2.3.4:40000", to, lengthBytes });
    expect(decide(edge, packet(1_492))).toPass("game-bedrock/players");
    expect(decide(edge, packet(1_493))).toDrop("game-bedrock/above-raknet-mtu");
    expect(decide(edge, packet(28))).toDrop("game-bedrock/too-short-for-raknet");
    expect(decide(edge, packet(29))).toPass("game-bedrock/players");
  });

  it("takes 300 packets at once from a source, not 301", () => {
    const node = simulate(edge);
    const packet = udp({ from: "1.2.3.4:40000", to, payloadBytes: 60 });
    for (const decision of node.repeat(packet, { count: 300 }))
      expect(decision).toPass("game-bedrock/players");
    expect(node.decide(packet)).toDrop("game-bedrock/packets-per-source");
  });
});
