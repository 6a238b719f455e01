import { decide, pistonMatchers, simulate, tcp, udp } from "pistonprotection/testing";
import { describe, expect, it } from "vitest";
import edge from "./edge.policy.ts";

expect.extend(pistonMatchers);

const client = "1.2.3.4:40000";
const server = "203.0.113.53:53";

describe("authoritative DNS", () => {
  it("answers queries over UDP, TCP and IPv6", () => {
    expect(decide(edge, udp({ from: client, to: server, payloadBytes: 40 }))).toPass("edge-dns/queries");
    expect(decide(edge, tcp({ from: client, to: server, flags: ["syn"] }))).toPass("edge-dns/queries");
    const v6 = udp({ from: "[2a00::1]:40000", to: "[2001:db8:53::53]:53", payloadBytes: 40 });
    expect(decide(edge, v6)).toPass("edge-dns/queries");
  });

  it("takes 17 bytes for a query, and 16 for none", () => {
    expect(decide(edge, udp({ from: client, to: server, payloadBytes: 17 }))).toPass("edge-dns/queries");
    expect(decide(edge, udp({ from: client, to: server, payloadBytes: 16 }))).toDrop(
      "edge-dns/shorter-than-a-query",
    );
  });

  it("takes 200 queries at once from a source, then 100 a second, and other sources all the while", () => {
    const node = simulate(edge);
    const query = udp({ from: client, to: server, payloadBytes: 40 });
    for (const decision of node.repeat(query, { count: 200 })) expect(decision).toPass("edge-dns/queries");
    expect(node.decide(query)).toBeDecided({
      verdict: "drop",
      rule: "edge-dns/queries-per-source",
      reason: "limit",
    });
    expect(node.decide(query, { atMs: 9.9 })).toDrop("edge-dns/queries-per-source");
    expect(node.decide(query, { atMs: 10 })).toPass("edge-dns/queries");
    expect(node.decide(udp({ from: "1.2.3.5:40000", to: server, payloadBytes: 40 }))).toPass(
      "edge-dns/queries",
    );
  });

  it("only notes queries above 512 bytes: the rule is in shadow", () => {
    const node = simulate(edge);
    for (const payloadBytes of [512, 513])
      expect(node.decide(udp({ from: client, to: server, payloadBytes }))).toPass("edge-dns/queries");
    expect(node.counters().rules.get("edge-dns/longer-than-512")?.decided.packets).toBe(1);
  });

  it("never limits the partners, from where the secondaries transfer", () => {
    const query = udp({ from: "198.51.100.250:40000", to: server, payloadBytes: 40 });
    for (const decision of simulate(edge).repeat(query, { count: 1_000 }))
      expect(decision).toPass("edge-dns/secondaries");
  });
});
