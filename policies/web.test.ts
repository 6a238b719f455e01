import { decide, pistonMatchers, simulate, tcp, udp } from "pistonprotection/testing";
import { describe, expect, it } from "vitest";
import edge from "./edge.policy.ts";

expect.extend(pistonMatchers);

describe("HTTPS", () => {
  it("serves TCP and QUIC on both addresses, and nothing beside them", () => {
    for (const address of ["203.0.113.80", "203.0.113.81"]) {
      expect(decide(edge, tcp({ from: "1.2.3.4:40000", to: `${address}:443`, flags: ["syn"] }))).toPass(
        "edge-web/clients",
      );
      const quic = udp({ from: "1.2.3.4:40000", to: `${address}:443`, payloadBytes: 1_200 });
      expect(decide(edge, quic)).toPass("edge-web/clients");
    }
    expect(decide(edge, tcp({ from: "1.2.3.4:40000", to: "203.0.113.82:443" }))).toDrop(
      "closing/not-a-service",
    );
    expect(decide(edge, tcp({ from: "1.2.3.4:40000", to: "203.0.113.80:80" }))).toDrop(
      "closing/not-a-service",
    );
  });

  it("wants QUIC from ports that clients use", () => {
    const quic = (port: number) =>
      udp({ from: `1.2.3.4:${port}`, to: "203.0.113.80:443", payloadBytes: 1_200 });
    expect(decide(edge, quic(1_023))).toDrop("edge-web/quic-from-low-ports");
    expect(decide(edge, quic(1_024))).toPass("edge-web/clients");
  });

  it("takes 1,000 short QUIC packets at once from a source, and then its long ones only", () => {
    const node = simulate(edge);
    const quic = (payloadBytes: number) =>
      udp({ from: "1.2.3.4:40000", to: "203.0.113.80:443", payloadBytes });
    for (const decision of node.repeat(quic(1_199), { count: 1_000 }))
      expect(decision).toPass("edge-web/clients");
    expect(node.decide(quic(1_199))).toDrop("edge-web/short-quic");
    expect(node.decide(quic(1_200))).toPass("edge-web/clients");
  });

  it("takes 100 connections at once from a source, then 50 a second", () => {
    const node = simulate(edge);
    const syn = tcp({ from: "1.2.3.4:40000", to: "203.0.113.80:443", flags: ["syn"] });
    for (const decision of node.repeat(syn, { count: 100 })) expect(decision).toPass("edge-web/clients");
    expect(node.decide(syn)).toDrop("edge-web/syn-per-source");
    expect(node.decide(syn, { atMs: 20 })).toPass("edge-web/clients");
  });
});
