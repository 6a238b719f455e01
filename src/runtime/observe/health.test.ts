import { describe, expect, it } from "vitest";
import { type HealthInput, healthReport, isReady } from "./health.ts";

const serving: HealthInput = {
  fleet: "edge",
  serving: {
    generation: "0123456789ab",
    bundleDigest: `sha256:${"0123456789ab".padEnd(64, "0")}`,
    revision: "sha256:r",
  },
  previous: null,
  held: null,
  interfaces: [
    { name: "eth0", mode: "native", attached: true, programId: 7 },
    { name: "eth1", mode: "native", attached: true, programId: 7 },
  ],
  lastSwap: null,
  refused: null,
  samplesRunning: true,
};
const refused = { at: "", bundleDigest: null, part: "header", code: "bad-digest", message: "", help: "" };
const detached = serving.interfaces.map((entry) => ({ ...entry, attached: false, programId: null }));

describe("health", () => {
  it("is ok where a generation serves on every interface", () => {
    const report = healthReport(serving);
    expect(report.status).toBe("ok");
    expect(report.generation).toBe("0123456789ab");
    expect(isReady(report)).toBe(true);
  });

  it("is degraded and ready where a bundle was refused while a generation serves", () => {
    const report = healthReport({ ...serving, refused });
    expect(report.status).toBe("degraded");
    expect(report.components.bundle).toBe("degraded");
    expect(isReady(report)).toBe(true);
  });

  it("is failed where a bundle was refused and nothing serves", () => {
    const report = healthReport({ ...serving, serving: null, interfaces: detached, refused });
    expect(report.status).toBe("failed");
    expect(report.components.bundle).toBe("failed");
    expect(isReady(report)).toBe(false);
  });

  it("is starting before the first bundle was read", () => {
    const report = healthReport({ ...serving, serving: null, interfaces: [] });
    expect(report.status).toBe("starting");
    expect(isReady(report)).toBe(false);
  });

  it("is degraded and not ready where one interface of two is not attached, failed where none is", () => {
    const one = healthReport({ ...serving, interfaces: [serving.interfaces[0]!, detached[1]!] });
    expect([one.status, one.components.interfaces, isReady(one)]).toEqual(["degraded", "degraded", false]);
    const none = healthReport({ ...serving, interfaces: detached });
    expect([none.status, none.components.interfaces, isReady(none)]).toEqual(["failed", "failed", false]);
  });

  it("is degraded and ready where the sample reader has stopped", () => {
    const report = healthReport({ ...serving, samplesRunning: false });
    expect([report.status, isReady(report)]).toEqual(["degraded", true]);
  });
});
